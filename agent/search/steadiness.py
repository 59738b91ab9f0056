"""Which failures the wording is to blame for: those that stay when nothing but white space is changed.

A model flips on some items whenever anything at all changes in the prompt. To write a rule for such an item is wasted
work, and to fix it is luck. One more call for each failing item tells most of them from the others.
"""

from collections.abc import Mapping, Sequence

from agent.evidence import measure
from agent.services import Services
from agent.teacher.request import texts_of
from library.datasets import Item
from library.prompts import Content

FEW = 0.15  # share of the items that fail, up to which chance may be what keeps a prompt from its target


def respaced(content: Content) -> Content:
    """The same words with one more line end behind the last of them."""
    *others, last = texts_of(content)
    return content.with_text((*others, f"{last}\n"))


async def steady(services: Services, prompt: str, content: Content, failing: Sequence[Item]) -> list[Item]:
    """Of items that fail under a content those that fail again; what an outage left open counts as failing."""
    outcomes = await measure(services, prompt, respaced(content), failing, "asking again what failed", spare=True)
    return [i for i, o in zip(failing, outcomes, strict=True) if o.score is None or o.score < 1]


async def lasting_score(
    services: Services, prompt: str, content: Content, items: Sequence[Item], scores: Mapping[str, float | None]
) -> float:
    """The mean score of items under a content, those that fail by chance counted as right.

    scores: of the items under this very content. Where more than `FEW` fail nobody needs to be asked again.
    """
    known = {i.id: s for i in items if (s := scores.get(i.id)) is not None}
    failing = [i for i in items if known.get(i.id, 1.0) < 1]
    if 0 < len(failing) <= max(2, FEW * len(known)):
        sure = {i.id for i in await steady(services, prompt, content, failing)}
        known |= {i.id: 1.0 for i in failing if i.id not in sure}
    return sum(known.values()) / len(known) if known else 0.0
