"""The attempts of a run in the library: read, numbered, and what became of them added."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.services import Services, in_thread
from agent.state import CycleState
from library.runs import Attempt, AttemptState

MENDED, RETRACTED, PRUNED = "mended", "retracted", "pruned"
"""The strategies of attempts that the test itself makes."""


async def attempts_of(services: Services, state: CycleState) -> dict[int, Attempt]:
    """The attempts of this run by number."""
    stored = await in_thread(services.library.runs.attempts, run_id=state["run_id"])
    return {a.number: a for a in stored}


async def next_number(services: Services, state: CycleState) -> int:
    """The first number of this round. A kill may have left attempts of the very same round: they are written anew."""
    stored = await attempts_of(services, state)
    return 1 + max((a.number for a in stored.values() if a.round < state["round"]), default=0)


async def extra_number(services: Services, state: CycleState, strategy: str) -> int:
    """The number of one more attempt of this round; one that a killed process left is written again under its own."""
    stored = await attempts_of(services, state)
    return 1 + max(a.number for a in stored.values() if a.strategy != strategy or a.round < state["round"])


async def note(
    services: Services, attempt: Attempt, kind: AttemptState, reason: str, result: Mapping[str, Any]
) -> Attempt:
    """Add to what is known of an attempt, and change its state."""
    stored = await in_thread(services.library.runs.attempts, run_id=attempt.run_id)
    now = next((a for a in stored if a.number == attempt.number), attempt)
    changed = replace(now, state=kind, reason=reason, result={**now.result, **result})
    await in_thread(services.library.runs.save_attempt, services.held(), changed)
    return changed


async def save(services: Services, attempts: Sequence[Attempt]) -> None:
    """Keep attempts as they are."""
    for attempt in attempts:
        await in_thread(services.library.runs.save_attempt, services.held(), attempt)
