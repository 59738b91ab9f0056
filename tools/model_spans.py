"""A model whose calls are told as spans, by the names of OpenTelemetry's GenAI conventions."""

from library.calls import Caps, ModelRole
from tools.models import Model, Paced, Reply, Request
from tools.spans import Spans, Value


class ToldModel:
    """Another model, and a span around each of its calls.

    The spans name no prompt: whoever sends them to a Promptkeeper must not have them taken for production calls.
    """

    def __init__(self, model: Model, spans: Spans) -> None:
        self._model, self._spans = model, spans
        self.role: ModelRole = model.role
        self.name = model.name
        if not isinstance(model, Paced):
            raise TypeError(f"{model.name} keeps no count of its calls")
        self.max_parallel: int = model.max_parallel

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer of the model inside."""
        asked: dict[str, Value] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self.name.partition("/")[0] if "/" in self.name else "openai",
            "gen_ai.request.model": self.name.partition("/")[2] or self.name,
            "promptkeeper.model.role": self.role,
            "promptkeeper.repeat": request.repeat,
        }
        with self._spans.span(f"chat {self.name}", asked, kind="client") as span:
            reply = await self._model.complete(request, scope=scope, caps=caps)
            span.tell(
                {
                    "gen_ai.request.model": reply.model.partition("/")[2] or reply.model,
                    "gen_ai.response.model": reply.response_model,
                    "gen_ai.response.finish_reasons": (reply.finish_reason,),
                    "gen_ai.usage.input_tokens": reply.tokens_in,
                    "gen_ai.usage.output_tokens": reply.tokens_out,
                    "promptkeeper.cost_usd": reply.cost,
                    "promptkeeper.from_ledger": reply.from_ledger,
                }
            )
        return reply
