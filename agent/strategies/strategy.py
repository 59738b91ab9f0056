"""What a strategy is: a way of writing one candidate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.services import Services
from agent.teacher.request import Briefing
from library.prompts import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A candidate as written: not checked yet. predicted_fixed: ids of items that its writer expects to repair.

    explicit: its writer named every change, so nothing of it can be an oversight.
    """

    content: Content
    hypothesis: str
    predicted_fixed: tuple[str, ...]
    predicted_risks: str
    explicit: bool = False


class Strategy(Protocol):
    """One way of writing. hints: what guardrails objected to in this strategy's last draft, free of unsafe text.

    reasons: it wants hypotheses that the teacher was asked for beforehand; the others are given computed ones.
    """

    @property
    def name(self) -> str:
        """The name under which attempts are recorded."""
        ...

    @property
    def reasons(self) -> bool:
        """See above."""
        ...

    async def write(
        self, services: Services, briefing: Briefing, hypotheses: Sequence[dict[str, Any]], hints: Sequence[str]
    ) -> tuple[Draft, ...]:
        """Write one candidate or several; raises ProviderError when nobody could."""
        ...
