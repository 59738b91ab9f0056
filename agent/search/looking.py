"""What still fails: running learn items under the best prompt so far, no more of them than it takes to see it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from agent.appetite import Appetite, appetite_of
from agent.briefing import best_content
from agent.evidence import judged, learn_items, refuse_losses
from agent.search.steadiness import steady
from agent.services import Services
from agent.state import CycleState
from library.datasets import Item
from policies.harvest import evenly

Part = TypeVar("Part")

PART = 6  # items after which a look may end
AGAIN = 12  # items that a later look runs at the least
LEAST = 4  # failing items before a look ends although there are more items: one or two show hardly what is wrong
LONG, PAIR = 24, 2  # a later look that has run so many items is content with so few failing ones
FEW = 0.25  # share of the items that fail, up to which each is asked again
NEWS = 2  # of them new ones, where the last round gained nothing: the same examples would bring the same answer


async def look(state: CycleState, services: Services) -> dict[str, Any]:
    """The learn items that were run under the best so far, by how they ended; see `CycleState.look`.

    The first look takes a sample. After that, where tokens cost something, the items that failed before and some that
    were never run follow. A look ends when there is a failing one for every candidate, or enough was run and a few
    failed; else it runs all. What fails only by chance (`steadiness`) does not count as failing, and is in neither list
    but in `shaky`. `seen`: every learn item that was run in any look of this run.
    """
    appetite, best = appetite_of(services), state.get("best", 0)
    items = await learn_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    content = await best_content(services, state)
    enough = appetite.failing if appetite.free else min(appetite.failing, services.rulebook.search.candidates)
    known = state.get("look") or {}
    stale = set(known.get("failing", ())) if known.get("best") == best else set[str]()
    found: dict[str, list[str]] = {"failing": [], "passing": [], "shaky": []}
    looked, lost = set(known.get("seen", ())), set[str]()
    for part in _parts(items, state, appetite):
        wrong, right = await judged(services, state["prompt"], content, part, spare=True)
        # Parts are small: two lost calls of one say little, so that all items looked at so far are counted.
        looked |= {i.id for i in part}
        lost |= {i.id for i in part} - {e.item.id for e in (*wrong, *right)}
        refuse_losses(services, len(lost), len(looked), "in looking for what still fails")
        # Where many fail few of them do by chance, and there is little to be saved.
        told = sum(len(ids) for ids in found.values()) + len(part)
        doubt = not appetite.free and len(found["failing"]) + len(wrong) <= FEW * told
        lasting = await steady(services, state["prompt"], content, [e.item for e in wrong]) if doubt else ()
        sure = {i.id for i in lasting} if doubt else {e.item.id for e in wrong}
        found["failing"] += [e.item.id for e in wrong if e.item.id in sure]
        found["shaky"] += [e.item.id for e in wrong if e.item.id not in sure]
        found["passing"] += [e.item.id for e in right]
        run, failing = sum(len(ids) for ids in found.values()), len(found["failing"])
        news = not stale or len(set(found["failing"]) - stale) >= NEWS
        if known:
            over = failing >= enough or (failing >= LEAST and run >= AGAIN) or (failing >= PAIR and run >= LONG)
        else:
            over = failing >= appetite.failing or (failing >= LEAST and run >= appetite.look)
        if over and news:
            break
    seen = dict.fromkeys([*known.get("seen", ()), *(i for ids in found.values() for i in ids)])
    return {"best": best, **found, "seen": list(seen)}


def _parts(items: Sequence[Item], state: CycleState, appetite: Appetite) -> list[list[Item]]:
    """The items in the order in which they are worth running, in parts after each of which the look may end."""
    known = state.get("look")
    if known is None or appetite.free:
        first = evenly(items, appetite.look)
        taken = {i.id for i in first}
        # The diagnosis has run the first ones already.
        return [first, *chunks([i for i in items if i.id not in taken], PART)]
    if known["best"] == state.get("best", 0):
        # Nothing new to say about these: they are in the ledger and show what is known. Some more are looked at.
        told = {*known["failing"], *known["passing"], *known.get("shaky", ())}
        return [[i for i in items if i.id in told], *chunks(_rest(items, known, told), PART)]
    return chunks(worth_running(items, known), PART)


def worth_running(items: Sequence[Item], known: dict[str, Any]) -> list[Item]:
    """All items in the order in which they tell most about a new best: two that failed before, then one that was never
    run, and so on; at last those that passed before.
    """
    by_id = {i.id: i for i in items}
    failed = [by_id[i] for i in known["failing"] if i in by_id]
    told = {i.id for i in failed}
    rest = _rest(items, known, told)
    mixed: list[Item] = []
    for number, item in enumerate(failed, start=1):
        mixed.append(item)
        if number % 2 == 0 and rest:
            mixed.append(rest.pop(0))
    return [*mixed, *rest]


def _rest(items: Sequence[Item], known: dict[str, Any], told: set[str]) -> list[Item]:
    """The items without those that are told of: first those that no look has run."""
    seen = set(known.get("seen", ()))
    return sorted((i for i in items if i.id not in told), key=lambda i: i.id in seen)


def chunks(items: Sequence[Part], size: int) -> list[list[Part]]:
    """The items in parts of this size."""
    return [list(items[at : at + size]) for at in range(0, len(items), size)]
