"""What still fails: running learn items under the best prompt so far, no more of them than it takes to see it."""

from collections.abc import Sequence
from typing import Any

from agent.appetite import Appetite, appetite_of
from agent.briefing import best_content
from agent.evidence import judged, learn_items
from agent.services import Services
from agent.state import CycleState
from library.datasets import Item
from policies.harvest import evenly

PART = 6  # items after which a look may end
AGAIN = 12  # items after which a later look ends once it has found one that fails


async def look(state: CycleState, services: Services) -> dict[str, Any]:
    """The learn items that were run under the best so far, by how they ended; see `CycleState.look`.

    The first look takes a sample. After that, where tokens cost something, the items that failed before and some that
    were never run follow, until there is a failing one for every candidate or enough was run; while nothing fails, all.
    """
    appetite, best = appetite_of(services), state.get("best", 0)
    items = await learn_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    content = await best_content(services, state)
    enough = appetite.failing if appetite.free else min(appetite.failing, services.rulebook.search.candidates)
    failing: list[str] = []
    passing: list[str] = []
    for part in _parts(items, state, appetite):
        wrong, right = await judged(services, state["prompt"], content, part)
        failing += [e.item.id for e in wrong]
        passing += [e.item.id for e in right]
        run = len(failing) + len(passing)
        if len(failing) >= enough or (failing and run >= (appetite.look if state.get("look") is None else AGAIN)):
            break
    return {"best": best, "failing": failing, "passing": passing}


def _parts(items: Sequence[Item], state: CycleState, appetite: Appetite) -> list[list[Item]]:
    """The items in the order in which they are worth running, in parts after each of which the look may end."""
    known = state.get("look")
    if known is None or appetite.free:
        return [evenly(items, appetite.look)]
    by_id = {i.id: i for i in items}
    failed = [by_id[i] for i in known["failing"] if i in by_id]
    passed = [by_id[i] for i in known["passing"] if i in by_id]
    seen = {*known["failing"], *known["passing"]}
    unseen = [i for i in items if i.id not in seen]
    if known["best"] == state.get("best", 0):
        # Nothing new to say about these: they are in the ledger and show what is known. Some more are looked at.
        return [[*failed, *passed], *_chunks(unseen, PART)]
    return _chunks([*_mixed(failed, unseen), *passed], PART)


def _mixed(failed: Sequence[Item], unseen: Sequence[Item]) -> list[Item]:
    """Two that failed before, then one that was never run, and so on."""
    mixed, left = [], list(unseen)
    for number, item in enumerate(failed, start=1):
        mixed.append(item)
        if number % 2 == 0 and left:
            mixed.append(left.pop(0))
    return [*mixed, *left]


def _chunks(items: Sequence[Item], size: int) -> list[list[Item]]:
    return [list(items[at : at + size]) for at in range(0, len(items), size)]
