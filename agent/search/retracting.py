"""When nothing gains any more: is there a clause that stands in the way? Each is left out once on items that fail.

Adding rules does not help where another clause contradicts them, takes them back or is wrong by itself, and neither a
union nor a careful writer deletes anything unasked. One call for each clause on one lasting failure finds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.briefing import base_version
from agent.evidence import measure, refuse_losses
from agent.guarding import held_against
from agent.search.attempts import RETRACTED
from agent.search.deriving import derived
from agent.search.drafting import Ground, ground_of
from agent.search.looking import chunks
from agent.search.siblings import content_with
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.teacher.request import texts_of
from library.datasets import Item
from library.prompts import Content
from library.runs import Attempt
from policies.clause_edits import Hunk
from policies.clause_suspects import suspects
from policies.guardrails.engine import check

WITNESSES, LIKELY = 3, 12  # lasting failures, and clauses that are tried on all of these before the next ones are
SILENT = 3  # lost calls in a row after which the provider counts as down


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A text under which items fail: an attempt, or the live version where attempt is None."""

    content: Content
    attempt: Attempt | None


async def retracted(state: CycleState, services: Services, held: Held, failing: Sequence[Item]) -> Attempt | None:
    """The attempt of the text without the first clause whose absence repairs a failing item; None where no clause is to
    blame alone, or the calls that the rulebook grants for it are used up.

    failing: items that fail under the text for more than chance.
    """
    base = (await base_version(services, state)).content
    ground = await ground_of(services, state, ())
    changes = suspects(texts_of(held.content), texts_of(base))
    accused = await in_thread(_allowed, services, ground, held.content, changes)
    tries = [(w, s) for part in chunks(accused, LIKELY) for w in failing[:WITNESSES] for s in part]
    silent = 0
    for witness, suspect in tries[: services.rulebook.search.doubt_calls]:
        content = content_with(held.content, [suspect])
        (outcome,) = await measure(services, state["prompt"], content, [witness], "looking for what is in the way")
        # Each call stands alone, so that only a row of lost ones shows a provider that is down.
        silent = silent + 1 if outcome.score is None else 0
        refuse_losses(services, silent if silent >= SILENT else 0, silent, outcome.reason)
        if outcome.score is not None and outcome.score >= 1:
            return await _without(state, services, held, suspect)
    return None


def _allowed(services: Services, ground: Ground, content: Content, hunks: Sequence[Hunk]) -> list[Hunk]:
    """Those that guardrails would let through."""
    allowed = []
    for hunk in hunks:
        subject = held_against(ground.base.content, content_with(content, [hunk]), ground.secret, ground.shown)
        if check(subject, ground.policy, today=services.now().date()).decision != "block":
            allowed.append(hunk)
    return allowed


async def _without(state: CycleState, services: Services, held: Held, suspect: Hunk) -> Attempt | None:
    named = f"attempt {held.attempt.number}" if held.attempt else "the live version"
    done = {
        "delete": f"{named} without a clause that stands in the way of others",
        "insert": f"{named} with a clause put back that was dropped",
        "replace": f"{named} with a clause worded as it was",
    }[suspect.kind]
    joined = list(held.attempt.result.get("joins", ())) if held.attempt else []
    more = {"done": done, "taken_out": [suspect.old] if suspect.old else [], "joins": joined}
    return await derived(state, services, RETRACTED, held.attempt, content_with(held.content, [suspect]), more)
