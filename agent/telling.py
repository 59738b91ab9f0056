"""A cycle as a span: what it was about, how it ended, what it cost. Numbers and kinds only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from agent.services import Services, in_thread
from library.runs import Run
from tools.spans import Value


@asynccontextmanager
async def told(services: Services, run: Run, *, resumed: bool) -> AsyncIterator[Callable[[Run], Awaitable[None]]]:
    """A span around a cycle; gives a way to tell how it ended. resumed: an earlier process began it."""
    # Not `gen_ai.prompt.name`: that would make a production call of it, where a Promptkeeper takes the spans in.
    about: dict[str, Value] = {
        "promptkeeper.cycle.prompt": run.prompt,
        "promptkeeper.cycle.run": run.id,
        "promptkeeper.cycle.trigger": run.trigger,
        "promptkeeper.cycle.base_version": run.base_version,
        "promptkeeper.cycle.resumed": resumed,
    }
    with services.spans.span("cycle", about) as span:

        async def tell(ended: Run) -> None:
            spend = await in_thread(services.library.calls.spend, services.scope)
            span.tell(
                {
                    "promptkeeper.cycle.state": ended.state,
                    "promptkeeper.cycle.stop_reason": ended.stop_reason,
                    "promptkeeper.cycle.proposal": ended.proposal_id,
                    "promptkeeper.cycle.path": ended.path,
                    "promptkeeper.cycle.calls": spend.calls,
                    "promptkeeper.cycle.tokens": spend.tokens_in + spend.tokens_out,
                    "promptkeeper.cycle.cost_usd": spend.usd,
                }
            )

        yield tell
