"""Measuring a prompt on test items: the only way in which the steps run the student."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.judging import metric_for
from agent.services import Services, in_thread
from agent.teacher.request import Example
from library.datasets import HARVEST, Item, ItemRole
from library.errors import Outage
from library.prompts import Content
from policies.harvest import evenly
from policies.secrecy import tellable
from tools.evaluation import Outcome, evaluate

EARLIER = "earlier"
"""The tag of harvested items from before the onset: they count as golden data, not as proof of a repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateItems:
    """What the winner is judged on. evidence: proves the gain; golden: must hold; anchors: must all pass."""

    evidence: tuple[Item, ...]
    golden: tuple[Item, ...]
    anchors: tuple[Item, ...]


async def measure(services: Services, prompt: str, content: Content, items: Sequence[Item], what: str) -> list[Outcome]:
    """Run the student with this content over the items; one outcome an item, in their order.

    Raises Outage when more calls than the rulebook allows were lost: then the numbers would say nothing.
    """
    if not items:
        return []
    known = await in_thread(services.library.prompts.get, prompt)
    metric = metric_for(services, known, known.metrics[0], scope=services.scope, caps=services.caps)
    outcomes = await evaluate(
        content,
        items,
        model=services.student,
        metrics=[metric],
        scope=services.scope,
        caps=services.caps,
        max_parallel=services.max_parallel,
        progress=lambda done, total: services.progress(what, done, total),
    )
    lost = [o for o in outcomes if o.score is None]
    if len(lost) > services.rulebook.acceptance.max_excluded * len(outcomes):
        raise Outage(
            f"{len(lost)} of {len(outcomes)} student calls were lost ({lost[0].reason})",
            services.student.name,
            "Nothing was judged; try again when the provider answers ('promptkeeper doctor').",
        )
    return list(outcomes)


async def tellable_items(services: Services, prompt: str) -> list[Item]:
    """The learn items that a teacher may be shown: those that do not hold the text of a hidden item."""
    learn = await in_thread(services.library.datasets.items, prompt, roles=("learn",))
    secret = await in_thread(services.library.datasets.items, prompt, roles=("select", "gate", "anchor"))
    return await in_thread(tellable, learn, secret)


async def learn_examples(
    services: Services, prompt: str, content: Content, incident_id: int | None
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """What the student makes of the `learn` items under this content: (failing, passing), newest harvest first."""
    rules = services.rulebook.teacher
    items = await tellable_items(services, prompt)
    ordered = sorted(items, key=lambda i: (i.incident_id != incident_id, i.id))
    room = 3 * (rules.failing_examples + rules.passing_examples)
    outcomes = await measure(services, prompt, content, evenly(ordered, room), "reading the learn items")
    by_id = {item.id: item for item in items}
    judged = [
        Example(item=by_id[o.item_id], actual=o.output, score=o.score, reason=_worth_saying(by_id[o.item_id], o))
        for o in outcomes
        if o.score is not None
    ]
    failing = [e for e in judged if e.score < 1]
    passing = [e for e in judged if e.score >= 1]
    return tuple(evenly(failing, rules.failing_examples)), tuple(evenly(passing, rules.passing_examples))


def _worth_saying(item: Item, outcome: Outcome) -> str:
    # Where the right answer stands beside the actual one, the metric's reason would only repeat both.
    return "" if item.expected is not None and outcome.kind == "scored" else outcome.reason


async def select_items(services: Services, prompt: str, incident_id: int | None) -> list[Item]:
    """The items that candidates race on; with fewer than a dozen of them the learn items help out."""
    limit = services.rulebook.search.select_items
    items = _of_this(await in_thread(services.library.datasets.items, prompt, roles=("select",)), incident_id)
    if len(items) < 12:
        roles: tuple[ItemRole, ...] = ("learn", "select")
        items = _of_this(await in_thread(services.library.datasets.items, prompt, roles=roles), incident_id)
    return evenly(items, limit)


async def gate_items(services: Services, prompt: str, incident_id: int | None) -> GateItems:
    """The items of the gate. With an incident its own trusted traffic is the evidence and all older data is golden;
    without one the gate items of the datasets are the evidence."""
    limit = services.rulebook.search.gate_items
    items = _of_this(await in_thread(services.library.datasets.items, prompt, roles=("gate", "anchor")), incident_id)
    gate = [i for i in items if i.role == "gate" and i.trusted]
    fresh = [i for i in gate if i.incident_id is not None and i.incident_id == incident_id and EARLIER not in i.tags]
    chosen = {i.id for i in fresh}
    return GateItems(
        evidence=tuple(evenly(fresh if incident_id is not None else gate, limit)),
        golden=tuple(evenly([i for i in gate if i.id not in chosen], limit)) if incident_id is not None else (),
        anchors=tuple(i for i in items if i.role == "anchor"),
    )


def _of_this(items: Sequence[Item], incident_id: int | None) -> list[Item]:
    # Harvests of other incidents are left to the datasets' owners: their answers may be out of date.
    return [i for i in items if i.expected is not None and (i.dataset != HARVEST or i.incident_id == incident_id)]
