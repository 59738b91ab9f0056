"""A kind of failure that an incident showed: the truth behind the failure memory, which is only an index of these."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Outcome = Literal["fixed", "not_fixed", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A named kind of failure. text: what is indexed (the name and a few failing inputs, already redacted).

    count: failing traces of this kind; share: part of the lost score, in [0, 1]. trace_ids: the examples in text.
    """

    id: str
    prompt: str
    incident_id: int | None
    run_id: int
    name: str
    text: str
    count: int
    share: float
    trace_ids: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFix:
    """What was tried for a past failure and what became of it, in words a teacher can use."""

    failure_id: str
    prompt: str
    name: str
    hypothesis: str
    outcome: Outcome
    detail: str
