"""A union that breaks something is mended: the addition that breaks it alone is taken out again."""

from collections.abc import Mapping, Sequence

from agent.evidence import measure
from agent.search.attempts import MENDED
from agent.search.deriving import derived
from agent.search.siblings import content_with
from agent.search.steadiness import steady
from agent.services import Services
from agent.state import CycleState
from agent.teacher.request import texts_of
from library.datasets import Item
from library.prompts import Content
from library.runs import Attempt
from policies.clause_edits import Hunk, hunks_between

DOUBTED = 4  # broken items that are asked again, since what broke by chance convicts nobody
WITNESSES, CONVICTED = 2, 2  # broken items that an addition is tried on, and how many it must break


async def mended(
    state: CycleState,
    services: Services,
    parent: Content,
    attempt: Attempt,
    broken: Sequence[Item],
    scores: Mapping[str, float | None],
) -> Attempt | None:
    """The attempt without the additions that alone, put into the parent, fail what the parent passes; None where there
    is no such addition, so that chance or all of them together broke it. scores: the parent's on these items.
    """
    hunks = hunks_between(texts_of(parent), texts_of(attempt.content))
    if len(hunks) < 2:
        return None
    witnesses = (await steady(services, state["prompt"], attempt.content, broken[:DOUBTED]))[:WITNESSES]
    if not witnesses:
        return None
    guilty = [h for h in hunks if await _breaks(state, services, content_with(parent, [h]), witnesses, scores)]
    left = [h for h in hunks if h not in guilty]
    if not guilty or not left:
        return None
    return await _attempt(state, services, parent, attempt, guilty, left)


async def _breaks(
    state: CycleState,
    services: Services,
    content: Content,
    witnesses: Sequence[Item],
    scores: Mapping[str, float | None],
) -> bool:
    # One after the other, and no more than it takes: a broken item may be chance, so that one alone says little.
    wanted = min(CONVICTED, len(witnesses))
    broken = 0
    for number, witness in enumerate(witnesses):
        (outcome,) = await measure(services, state["prompt"], content, [witness], "looking for what breaks")
        broken += outcome.score is not None and outcome.score < (scores.get(witness.id) or 0.0)
        if broken == wanted or broken + len(witnesses) - number - 1 < wanted:
            break
    return broken == wanted


async def _attempt(
    state: CycleState, services: Services, parent: Content, of: Attempt, guilty: Sequence[Hunk], left: Sequence[Hunk]
) -> Attempt | None:
    done = f"attempt {of.number} without {len(guilty)} addition{'s' * (len(guilty) > 1)} that broke something"
    more = {"done": done, "taken_out": [h.new or h.old for h in guilty]}
    return await derived(state, services, MENDED, of, content_with(parent, left), more)
