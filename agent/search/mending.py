"""A union that breaks something is mended: the addition that breaks it alone is taken out again."""

from collections.abc import Mapping, Sequence

from agent.evidence import measure
from agent.search.attempts import MENDED, attempts_of, extra_number, save
from agent.search.drafting import check_drafts, ground_of, to_attempt
from agent.search.siblings import content_with
from agent.services import Services
from agent.state import CycleState
from agent.strategies.strategy import Draft
from agent.teacher.request import texts_of
from library.datasets import Item
from library.prompts import Content
from library.runs import Attempt
from policies.clause_edits import Hunk, hunks_between

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
    witnesses = list(broken[:WITNESSES])
    if len(hunks) < 2 or not witnesses:
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
    draft = Draft(
        content=content_with(parent, left),
        hypothesis=of.hypothesis,
        predicted_fixed=tuple(of.result.get("predicted_fixed", ())),
        predicted_risks=str(of.result.get("predicted_risks", "")),
        explicit=True,
    )
    ground = await ground_of(services, state, ())
    (checked,) = await check_drafts(services, state, ground, [(MENDED, draft)])
    stored = await attempts_of(services, state)
    number = await extra_number(services, state, MENDED)
    done = f"attempt {of.number} without {len(guilty)} addition{'s' * (len(guilty) > 1)} that broke something"
    more = {"done": done, "of": of.number, "taken_out": [h.new or h.old for h in guilty]}
    attempt = to_attempt(services, state, ground, checked, number, more)
    twin = next((a for a in stored.values() if a.content_hash == attempt.content_hash and a.strategy != MENDED), None)
    if twin is not None:
        return twin if twin.state == "drafted" else None
    await save(services, [attempt])
    return attempt if attempt.state == "drafted" else None
