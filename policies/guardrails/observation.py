"""One difference in meaning between an approved clause and the text that took its place."""

from dataclasses import dataclass
from typing import Literal

from policies.guardrails.frames import Frame

Kind = Literal["weakened", "contradicted", "uncertain"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that differs in meaning; `certain` decides between block and flag."""

    kind: Kind
    rule: str
    said: str
    certain: bool = True


def shared(old: Frame, new: Frame) -> float:
    """Share of the old clause's subject matter that the new text still has, 0 to 1."""
    wanted = old.content_set
    return len(wanted & new.content_set) / len(wanted) if wanted else 1.0
