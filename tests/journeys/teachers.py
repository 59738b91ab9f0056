"""Models for whole cycles: they answer by a plain function, and every answer goes through the real call ledger."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from agent.strategies.portfolio import STRATEGIES
from library.calls import Call, Caps, ModelRole, Reservation, call_key
from tests.journeys.world import BETTER, LINES, asked
from tools.embedded.student import answer
from tools.errors import ProviderError
from tools.ledger import Ledger
from tools.models import Reply, Request

Answering = Callable[[Request], str]


class LedgerModel:
    """A model without a provider: reserved, answered, committed to the ledger. Raises what its function raises.

    requests: everything that was really sent, in order; what the ledger answers is not sent.
    """

    def __init__(
        self, role: ModelRole, answering: Answering, *, ledger: Ledger, now: Callable[[], datetime], cost: float = 0.0
    ) -> None:
        self.role: ModelRole = role
        self.name = f"scripted/{role}"
        self.requests: list[Request] = []
        self._answering, self._ledger, self._now, self._cost = answering, ledger, now, cost

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer, paid for within the scope and its caps."""
        key = call_key(self.role, self.name, request.messages, dict(request.config), request.repeat)

        async def send() -> Call:
            self.requests.append(request)
            said = self._answering(request)
            return Call(
                scope=scope, key=key, role=self.role, model=self.name, response_model=self.name, output=said,
                finish_reason="stop", tokens_in=10, tokens_out=2, cost=self._cost, latency_ms=1.0, at=self._now(),
            )  # fmt: skip

        wanted = Reservation(scope=scope, key=key, usd=self._cost, at=self._now())
        call, known = await self._ledger.once(wanted, caps, send)
        return Reply(
            text=call.output, finish_reason=call.finish_reason, model=call.model, response_model=call.response_model,
            tokens_in=call.tokens_in, tokens_out=call.tokens_out, cost=call.cost, latency_ms=call.latency_ms,
            from_ledger=known,
        )  # fmt: skip


def student(request: Request) -> str:
    """The embedded classifier, as a plain function."""
    return answer([{"role": m.role, "content": m.content} for m in request.messages])


class FlakyStudent:
    """Answers like the student, except that one question in so many never gets an answer, however often it is asked."""

    def __init__(self, every: int) -> None:
        self._every = every

    def __call__(self, request: Request) -> str:
        said = hashlib.sha256(asked(request.messages).rpartition("Message:")[2].encode()).digest()
        if int.from_bytes(said[:4], "big") % self._every == 0:
            raise ProviderError("timeout", "no answer within 60 s", "scripted/student")
        return student(request)


def silent_teacher(request: Request) -> str:
    """A teacher whose provider is down."""
    raise ProviderError("connection", "no connection to the provider", "scripted/teacher")


Rewriting = Callable[[str, int], str]


class Teacher:
    """Answers in the teacher's schema. rewriting: current prompt and number of the rewrite (from 1) -> new prompt.

    A pure function of the request, as the same question must get the same answer after a crash: the number comes from
    the strategy that is asked for and from how much was tried before.
    """

    def __init__(self, rewriting: Rewriting, hypothesis: str = "Two topics have new kinds of message.") -> None:
        self._rewriting, self._hypothesis = rewriting, hypothesis

    def __call__(self, request: Request) -> str:
        said = asked(request.messages)
        ids = re.findall(r'<example id="([^"]+)"', said)
        if "<answer_format>hypotheses" in said:
            claim = {"name": "new kinds", "cause": self._hypothesis, "evidence": ids[:3], "fix": "name them"}
            return json.dumps({"hypotheses": [claim]})
        number = number_of(said)
        current = said.split("<current_prompt>\n", 1)[1].split("\n</current_prompt>", 1)[0]
        return json.dumps(
            {
                "hypothesis": f"{self._hypothesis} ({number})",
                "improved_prompt": self._rewriting(current, number),
                "predicted_fixed": ids[:3],
                "predicted_risks": "none seen",
            }
        )


def number_of(said: str) -> int:
    """1, 2 and 3 for the three strategies while nothing was tried; three more for every attempt before."""
    found = re.search(r'<strategy name="([^"]+)"', said)
    strategy = list(STRATEGIES).index(found[1]) if found and found[1] in STRATEGIES else 0
    tried = re.search(r"<earlier_attempts>\n(.*?)\n</earlier_attempts>", said, re.DOTALL)
    return 1 + strategy + 3 * (tried[1].count("\n- ") + 1 if tried else 0)


def mended(current: str, topics: Sequence[str] = ("account", "product"), lines: Mapping[str, str] = BETTER) -> str:
    """The prompt with better lines for these topics."""
    for topic in topics:
        current = current.replace(LINES[topic] + "\n", lines[topic] + "\n")
    return current


def good(current: str, number: int) -> str:
    """Mends one topic, the other, or both, by turns."""
    turns: Sequence[Sequence[str]] = (("account",), ("product",), ("account", "product"))
    return mended(current, turns[number % 3])


def useless(current: str, number: int) -> str:
    """A change that helps nobody, another one each time."""
    return current.replace("Rules:\n", f"Rules:\n- Read the message {number + 1} times before you answer.\n")
