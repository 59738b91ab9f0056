"""A score: a judgement of a trace in [0, 1], with who judged and by which revision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from library.errors import InputError

Source = Literal["human", "programmatic", "judge", "implicit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One judgement; the same (trace, name, source, evaluator, revision) judged again replaces the value.

    Revisions of an evaluator never share a trend. ts is when the score was given, not when the call was made.
    """

    trace_id: str
    name: str
    value: float
    source: Source
    evaluator: str
    revision: str
    ts: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One trend: the scores of one metric, given by one revision of one evaluator, to one version of a prompt."""

    id: int
    prompt: str
    version: int
    metric: str
    evaluator: str
    revision: str


def validate_value(value: float, place: str) -> float:
    """Return the value if it is a number in [0, 1], else raise InputError."""
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if not isinstance(value, int | float) or not 0.0 <= value <= 1.0:  # also refuses NaN
        raise InputError(f"score {value!r} is not a number between 0 and 1", place, "Scale the score into [0, 1].")
    return float(value)
