"""A kind of failure that an incident showed: the truth behind the failure memory, which is only an index of these."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from library.prompts import Content

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


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFix:
    """A change that was approved for a past failure and is still in force: no release after it went back behind it.

    name and text: the failure's. before, after: the prompt that it was approved against, and what was approved;
    version: the number it was given.
    """

    failure_id: str
    prompt: str
    name: str
    text: str
    run_id: int
    before: Content
    after: Content
    version: int
