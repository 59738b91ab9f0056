"""Pruning: what the winner says and nobody needs is taken out before a person reads it, and the gate tests the rest.

Hunk ablation: the doubtful additions are left out together, part by part on the items that the winner gets right, first
those that it repaired; where that costs an item, each of them alone on it. Only what many items did without is taken
out: that a few do without it says little about a rule for a rare case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.appetite import free_student
from agent.briefing import base_version
from agent.evidence import measure, select_items
from agent.search.attempts import PRUNED, attempts_of, extra_number, note, save
from agent.search.drafting import check_drafts, ground_of, to_attempt
from agent.search.siblings import content_with
from agent.services import Services
from agent.state import CycleState
from agent.strategies.strategy import Draft
from agent.teacher.request import texts_of
from library.datasets import Item
from library.prompts import Content
from library.runs import Attempt
from policies.clause_edits import Hunk, bearing, hunks_between, stems
from tools.evaluation import Outcome

NEEDLESS = 0.25  # share of its content words that the task uses, below which an addition is looked at
FREE_CALLS = 10_000
ENOUGH = 20  # items that must do as well without an addition before it is taken out
PART, WITNESSES = 10, 2
"""Items after which losses are looked into, and lost items that an addition is tried on by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """The winner taken apart, and the items that it gets right: those that it repaired come first."""

    base: Content
    winner: Attempt
    hunks: tuple[Hunk, ...]
    suspects: tuple[Hunk, ...]
    right: tuple[Item, ...]

    def without(self, left_out: Sequence[Hunk]) -> Content:
        """The winner without some of its changes."""
        return content_with(self.base, [h for h in self.hunks if h not in left_out])


async def prune(state: CycleState, services: Services, bar: float = NEEDLESS) -> int:
    """The number of the attempt that goes to the gate: the winner, or what remains of it.

    bar: share of its content words that the task uses, below which an addition is looked at.
    """
    ground = await _taken_apart(state, services, bar)
    # A student that costs nothing is asked about everything: few items might spare what many need.
    calls = FREE_CALLS if free_student(services) else services.rulebook.search.ablation_calls
    if not ground.suspects or min(calls, len(ground.right)) < ENOUGH:
        return ground.winner.number
    needless, table = list(ground.suspects), list[dict[str, Any]]()
    seen = spent = 0
    for at in range(0, len(ground.right), PART):
        part = ground.right[at : at + PART]
        if not needless or spent + len(part) > calls:
            break
        lost = await _lost(state, services, ground.without(needless), part)
        table.append(_row(needless, part, lost))
        seen, spent = seen + len(part), spent + len(part)
        if lost:
            asked = len(needless) * min(len(lost), WITNESSES) + len(lost)
            needless, rows = (
                await _acquitted(state, services, ground, needless, lost) if spent + asked <= calls else ([], [])
            )
            table, spent = [*table, *rows], spent + asked
    await note(services, ground.winner, "tested", ground.winner.reason, {"ablation": table})
    if not needless or seen < ENOUGH:
        return ground.winner.number
    return await _pruned(state, services, ground, needless, table)


async def _acquitted(
    state: CycleState, services: Services, ground: _Ground, suspects: Sequence[Hunk], lost: Sequence[Item]
) -> tuple[list[Hunk], list[dict[str, Any]]]:
    """Of additions that cost these items when left out together those that still may go, and what was tried.

    An addition that alone costs an item stays. What is left must cost none together: of two additions that say the same
    each alone could go, but not both.
    """
    left, table = list[Hunk](), list[dict[str, Any]]()
    for suspect in suspects:
        still = await _lost(state, services, ground.without([suspect]), lost[:WITNESSES])
        table.append(_row([suspect], lost[:WITNESSES], still))
        left += [] if still else [suspect]
    if not left:
        return [], table
    still = await _lost(state, services, ground.without(left), lost)
    return [] if still else left, [*table, _row(left, lost, still)]


async def _taken_apart(state: CycleState, services: Services, bar: float) -> _Ground:
    winner = (await attempts_of(services, state))[state["best"]]
    base = (await base_version(services, state)).content
    hunks = hunks_between(texts_of(base), texts_of(winner.content))
    items = await select_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    by_id = {i.id: i for i in items}
    raced = [by_id[i] for i in state.get("race", []) if i in by_id]
    begun = raced[: services.rulebook.search.race_items]
    live = await measure(services, state["prompt"], base, begun, "what the race has shown")
    mine = await measure(services, state["prompt"], winner.content, raced, "what the race has shown")
    words = [t for i, o in zip(begun, live, strict=True) for t in (*i.inputs.values(), i.expected or "", o.output)]
    task = stems("\n".join([*texts_of(base), *words]))
    failed = {i.id for i, o in zip(begun, live, strict=True) if _score(o) < 1}
    right = [i for i, o in zip(raced, mine, strict=True) if _score(o) >= 1]
    return _Ground(
        base=base,
        winner=winner,
        hunks=hunks,
        suspects=tuple(h for h in hunks if h.kind == "insert" and bearing(h, task) < bar),
        right=tuple(sorted(right, key=lambda i: i.id not in failed)),
    )


def _score(outcome: Outcome) -> float:
    return outcome.score or 0.0


async def _lost(state: CycleState, services: Services, content: Content, items: Sequence[Item]) -> list[Item]:
    """The items that a shorter text no longer gets right."""
    outcomes = await measure(services, state["prompt"], content, items, "leaving out what may be needless")
    return [i for i, o in zip(items, outcomes, strict=True) if o.score is None or o.score < 1]


def _row(left_out: Sequence[Hunk], items: Sequence[Item], lost: Sequence[Item]) -> dict[str, Any]:
    return {"left_out": [h.new for h in left_out], "items": len(items), "lost": [i.id for i in lost]}


async def _pruned(
    state: CycleState, services: Services, ground: _Ground, needless: Sequence[Hunk], table: list[dict[str, Any]]
) -> int:
    """The attempt without what is needless, if guardrails let it through; else the winner."""
    winner = ground.winner
    draft = Draft(
        content=ground.without(needless),
        hypothesis=winner.hypothesis,
        predicted_fixed=tuple(winner.result.get("predicted_fixed", ())),
        predicted_risks=str(winner.result.get("predicted_risks", "")),
        explicit=True,
    )
    held = await ground_of(services, state, ())
    (checked,) = await check_drafts(services, state, held, [(PRUNED, draft)])
    number = await extra_number(services, state, PRUNED)
    count = len(needless)
    done = f"attempt {winner.number} without {count} addition{'s' * (count > 1)} that nothing depends on"
    more = {"done": done, "of": winner.number, "parent": winner.number, "ablation": table}
    attempt = to_attempt(services, state, held, checked, number, more)
    await save(services, [attempt])
    return attempt.number if attempt.state == "drafted" else winner.number
