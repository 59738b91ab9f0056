"""Models that answer by a plain function inside this process; every answer goes through the real call ledger."""

from collections.abc import Callable
from datetime import datetime

from library.calls import Call, Caps, ModelRole, Reservation, call_key
from tools.ledger import Ledger
from tools.models import Reply, Request

Answering = Callable[[Request], str]
CHARACTERS_PER_TOKEN = 4


class Scripted:
    """A model without a provider: reserved, answered, committed. calls: how many were really answered."""

    def __init__(self, role: ModelRole, answering: Answering, ledger: Ledger, now: Callable[[], datetime]) -> None:
        self.role: ModelRole = role
        self.name = f"scripted/{role}"
        self.calls = 0
        self._answering, self._ledger, self._now = answering, ledger, now

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer, paid for within the scope and its caps."""
        key = call_key(self.role, self.name, request.messages, dict(request.config), request.repeat)

        async def send() -> Call:
            self.calls += 1
            said = self._answering(request)
            tokens = sum(len(m.content) for m in request.messages) // CHARACTERS_PER_TOKEN
            return Call(
                scope=scope, key=key, role=self.role, model=self.name, response_model=self.name, output=said,
                finish_reason="stop", tokens_in=tokens, tokens_out=len(said) // CHARACTERS_PER_TOKEN, cost=0.0,
                latency_ms=0.0, at=self._now(),
            )  # fmt: skip

        wanted = Reservation(scope=scope, key=key, usd=0.0, at=self._now())
        call, known = await self._ledger.once(wanted, caps, send)
        return Reply(
            text=call.output, finish_reason=call.finish_reason, model=call.model, response_model=call.response_model,
            tokens_in=call.tokens_in, tokens_out=call.tokens_out, cost=call.cost, latency_ms=call.latency_ms,
            from_ledger=known,
        )  # fmt: skip
