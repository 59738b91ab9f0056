"""More proof where the gate is small: select and learn items that nothing has looked at.

A gain of a few points needs more pairs than a small gate holds, while items of the other roles lie about unused. One
that no prompt was run on and no teacher was shown tells as much as a gate item. Whether they are asked for is decided
by what the race has shown, before any of them is run, so that it costs no certainty.
"""

from collections.abc import Sequence

from agent.appetite import free_student
from agent.briefing import base_version
from agent.evidence import gate_items, learn_items, measure, select_items
from agent.services import Services, in_thread
from agent.state import CycleState
from library.datasets import Item
from library.prompts import Content
from policies.acceptance import Pair
from policies.gate_terms import gate_terms

SURE = 0.95  # cautious chance of confirming the gain, below which the gate is too small to be left alone


async def available(state: CycleState, services: Services) -> bool:
    """Whether untouched items may serve as proof: in the first search of a prompt alone, because of later ones nobody
    can say what the texts before them were made from. Of an incident's traffic the gate has its own share.
    """
    if state.get("incident_id") is not None or state.get("look") is None or free_student(services):
        return False
    attempts = await in_thread(services.library.runs.attempts, prompt=state["prompt"])
    return all(a.run_id == state["run_id"] for a in attempts)


async def scarce(state: CycleState, services: Services, content: Content, begun: Sequence[Item]) -> bool:
    """Whether the gate alone could fail to confirm what a content gains on the items that the race began with, so that
    untouched items should be left alone until then."""
    if not await available(state, services):
        return False
    gate = await gate_items(services, state["prompt"], None, state.get("dataset", ""))
    base = (await base_version(services, state)).content
    name, what = state["prompt"], "what the race has shown"
    sides = [await measure(services, name, side, begun, what) for side in (base, content)]
    pairs = [
        Pair(item_id=i.id, segment=i.segment, baseline=a.score, candidate=b.score)
        for i, a, b in zip(begun, *sides, strict=True)
    ]
    if all(p.baseline is None or p.candidate is None for p in pairs):
        return False
    items, rules = [(i.id, i.group or None) for i in gate.evidence], services.rulebook.acceptance
    return gate_terms([], items=items, select=pairs, rules=rules).cautious < SURE


async def reserve(state: CycleState, services: Services) -> list[Item]:
    """The untouched items: select items that the race has not opened, learn items that were never run, and of both only
    those whose right answer is trusted and which are not related to one that was looked at."""
    name, dataset = state["prompt"], state.get("dataset", "")
    select = await select_items(services, name, None, dataset)
    learn = await learn_items(services, name, None, dataset)
    touched = {*state.get("race", ()), *(state.get("look") or {}).get("seen", ())}
    groups = {i.group for i in (*select, *learn) if i.id in touched and i.group}
    found = {i.id: i for i in (*select, *learn) if i.id not in touched and i.trusted and i.expected is not None}
    return [i for i in found.values() if i.group not in groups]
