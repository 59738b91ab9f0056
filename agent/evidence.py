"""Measuring a prompt on test items: the only way in which the steps run the student."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.appetite import appetite_of
from agent.judging import panel_for
from agent.services import Services, in_thread
from agent.teacher.request import Example
from library.datasets import HARVEST, Item, ItemRole
from library.errors import Outage
from library.prompts import Content
from policies.harvest import evenly
from policies.secrecy import tellable
from tools.evaluation import Outcome, evaluate
from tools.metrics.shape import that_count

EARLIER = "earlier"
"""The tag of harvested items from before the onset: they count as golden data, not as proof of a repair."""

ENOUGH_SELECT = 12
FEW_SELECT: tuple[tuple[ItemRole, ...], ...] = (("select",), ("learn", "select"))
"""Where the items of a race come from: with fewer than a dozen select items from learn items too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateItems:
    """What the winner is judged on. evidence: proves the gain; golden: must hold; anchors: must all pass."""

    evidence: tuple[Item, ...]
    golden: tuple[Item, ...]
    anchors: tuple[Item, ...]


async def measure(
    services: Services, prompt: str, content: Content, items: Sequence[Item], what: str, *, spare: bool = False
) -> list[Outcome]:
    """Run the student with this content over the items; one outcome an item, in their order.

    Raises Outage when more calls than the rulebook allows were lost: then the numbers would say nothing. spare: the
    caller reckons with lost calls, so that only a provider that answered none of several is an outage.
    """
    if not items:
        return []
    outcomes = await _run(services, prompt, content, items, what)
    lost = [o for o in outcomes if o.score is None]
    if lost:
        # What finished is in the ledger, so that only the lost calls are made again.
        outcomes = await _run(services, prompt, content, items, what)
        lost = [o for o in outcomes if o.score is None]
    if spare and len(lost) < len(outcomes):
        return outcomes
    refuse_losses(services, len(lost), len(outcomes), lost[0].reason if lost else "")
    return outcomes


def refuse_losses(services: Services, lost: int, asked: int, reason: str) -> None:
    """Raise Outage where more of the asked calls were lost than the rulebook allows."""
    # Of a few items one lost call says nothing about the provider.
    if lost > max(1, services.rulebook.acceptance.max_excluded * asked):
        raise Outage(
            f"{lost} of {asked} student calls were lost ({reason})",
            services.student.name,
            "Nothing was judged; try again when the provider answers ('promptkeeper doctor').",
        )


async def _run(services: Services, prompt: str, content: Content, items: Sequence[Item], what: str) -> list[Outcome]:
    known = await in_thread(services.library.prompts.get, prompt)
    panel = panel_for(services, known, that_count(known.metrics), scope=services.scope, caps=services.caps)
    outcomes = await evaluate(
        content,
        items,
        model=services.student,
        metrics=panel.metrics,
        weights=panel.weights,
        scope=services.scope,
        caps=services.caps,
        max_parallel=services.max_parallel,
        progress=lambda done, total: services.progress(what, done, total),
    )
    return list(outcomes)


async def tellable_items(services: Services, prompt: str) -> list[Item]:
    """The learn items that a teacher may be shown: those that do not hold the text of a hidden item."""
    learn = await in_thread(services.library.datasets.items, prompt, roles=("learn",))
    secret = await in_thread(services.library.datasets.items, prompt, roles=("select", "gate", "anchor"))
    return await in_thread(tellable, learn, secret)


async def learn_examples(
    services: Services, prompt: str, content: Content, incident_id: int | None, dataset: str = ""
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """What the student makes of the `learn` items under this content: (failing, passing), newest harvest first."""
    items = await learn_items(services, prompt, incident_id, dataset)
    return await judged(services, prompt, content, evenly(items, appetite_of(services).look))


async def learn_items(services: Services, prompt: str, incident_id: int | None, dataset: str = "") -> list[Item]:
    """The learn items that a teacher may be shown, those of this incident first, else in the order of their hashes."""
    items = [i for i in await tellable_items(services, prompt) if not dataset or i.dataset == dataset]
    return sorted(items, key=lambda i: (i.incident_id != incident_id, i.id))


async def judged(
    services: Services, prompt: str, content: Content, items: Sequence[Item], *, spare: bool = False
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """(failing, passing) of learn items under a content, in their order; what an outage left open is in neither.

    spare: as in `measure`.
    """
    outcomes = await measure(services, prompt, content, items, "reading the learn items", spare=spare)
    by_id = {item.id: item for item in items}
    examples = [
        Example(item=by_id[o.item_id], actual=o.output, score=o.score, reason=_worth_saying(by_id[o.item_id], o))
        for o in outcomes
        if o.score is not None
    ]
    return tuple(e for e in examples if e.score < 1), tuple(e for e in examples if e.score >= 1)


def _worth_saying(item: Item, outcome: Outcome) -> str:
    # Where the right answer stands beside the actual one, the metric's reason would only repeat both.
    return "" if item.expected is not None and outcome.kind == "scored" else outcome.reason


async def select_items(services: Services, prompt: str, incident_id: int | None, dataset: str = "") -> list[Item]:
    """The items that candidates race on; with fewer than a dozen of them the learn items help out.

    dataset: only its items; empty for all.
    """
    limit = services.rulebook.search.select_items
    for roles in FEW_SELECT:
        items = _of_this(await in_thread(services.library.datasets.items, prompt, roles=roles), incident_id, dataset)
        if len(items) >= ENOUGH_SELECT:
            break
    return evenly(items, limit)


async def gate_items(services: Services, prompt: str, incident_id: int | None, dataset: str = "") -> GateItems:
    """The items of the gate. With an incident its own trusted traffic is the evidence and all older data is golden;
    without one the gate items of the datasets are the evidence. dataset: only its items, and all anchors."""
    limit = services.rulebook.search.gate_items
    found = await in_thread(services.library.datasets.items, prompt, roles=("gate", "anchor"))
    items = [i for i in _of_this(found, incident_id) if not dataset or i.role == "anchor" or i.dataset == dataset]
    gate = [i for i in items if i.role == "gate" and i.trusted]
    fresh = [i for i in gate if i.incident_id is not None and i.incident_id == incident_id and EARLIER not in i.tags]
    chosen = {i.id for i in fresh}
    return GateItems(
        evidence=tuple(evenly(fresh if incident_id is not None else gate, limit)),
        golden=tuple(evenly([i for i in gate if i.id not in chosen], limit)) if incident_id is not None else (),
        anchors=tuple(i for i in items if i.role == "anchor"),
    )


def _of_this(items: Sequence[Item], incident_id: int | None, dataset: str = "") -> list[Item]:
    # Harvests of other incidents are left to the datasets' owners: their answers may be out of date.
    ours = [i for i in items if i.expected is not None and (i.dataset != HARVEST or i.incident_id == incident_id)]
    return [i for i in ours if not dataset or i.dataset == dataset]
