"""A race under way: which select items are open, who leads on them, and which of its failures are chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.appetite import free_student
from agent.evidence import measure
from agent.search.steadiness import lasting_score, steady
from agent.services import Services
from agent.state import CycleState
from library.datasets import Item
from library.prompts import Content
from policies.racing import within_reach

FEW = 0.25  # share of the items that the leader fails, up to which they are asked again

Scores = dict[str, float | None]


@dataclass(slots=True, kw_only=True)
class Race:
    """A race under way. order: the select items; used: how many of them are open; lead: the leader's scores on these.

    leader: number of the attempt, 0 for the live version; content: its prompt. clear: somebody won beyond doubt.
    """

    services: Services
    state: CycleState
    order: tuple[Item, ...]
    used: int
    leader: int
    content: Content
    lead: Scores = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    clear: bool = False

    @property
    def open(self) -> tuple[Item, ...]:
        """The items of the race as far as it has been opened."""
        return self.order[: self.used]

    @property
    def failing(self) -> list[Item]:
        """The open items that the leader fails."""
        return [i for i in self.open if (score := self.lead.get(i.id)) is not None and score < 1]

    @property
    def late(self) -> bool:
        """Whether so few items fail that chance has a good share in it."""
        return len(self.failing) <= FEW * self.used and not free_student(self.services)

    async def without_chance(self, content: Content, scores: Scores, against: Scores | None = None) -> Scores:
        """The scores of a prompt, with what it fails by chance counted as right, as long as few fail at all.

        Any other wording would get such an item right, so that it tells nothing for or against one. against: only what
        falls short of these scores is asked again.
        """
        bar = {i.id: 1.0 for i in self.open} if against is None else against
        short = [i for i in self.open if (s := scores.get(i.id)) is not None and s < (bar.get(i.id) or 0.0)]
        if not short or not self.late:
            return scores
        sure = {i.id for i in await steady(self.services, self.state["prompt"], content, short)}
        return scores | {i.id: bar[i.id] for i in short if i.id not in sure}

    async def reached(self) -> bool:
        """Whether the leader is at the target on the open items, as far as chance lets one see."""
        rules = self.services.rulebook.search
        score = await lasting_score(self.services, self.state["prompt"], self.content, self.open, self.lead)
        return within_reach(score, self.used, target=rules.target, confidence=rules.race_confidence)

    async def widen(self, items: int) -> None:
        """Open up to that many items and run the leader on them."""
        self.used = min(max(self.used, items), len(self.order))
        self.lead = await self.run(self.content, self.open, "testing the best so far")
        self.scores[str(self.leader)] = mean_of(self.lead)

    async def run(self, content: Content, items: Sequence[Item], what: str) -> Scores:
        """Scores of a prompt by item; what was run before is in the ledger."""
        outcomes = await measure(self.services, self.state["prompt"], content, items, what)
        return {o.item_id: o.score for o in outcomes}


def mean_of(scores: Mapping[str, float | None]) -> float:
    """The mean of the known scores; 0 where there is none."""
    known = [s for s in scores.values() if s is not None]
    return sum(known) / len(known) if known else 0.0
