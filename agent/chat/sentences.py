"""The pieces answers are made of, and how numbers and days are said."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A part of an answer; unknown: what this part cannot know, empty when there is nothing to add."""

    text: str
    unknown: str = ""


def day(moment: datetime) -> str:
    """A moment to the hour, in UTC."""
    return f"{moment:%Y-%m-%d %H}h UTC"


def points(value: float) -> str:
    """A score difference in points of a hundred."""
    return f"{100 * value:.1f}"


def score(value: float) -> str:
    """A score."""
    return f"{value:.3f}"


def percent(value: float) -> str:
    """A share."""
    return f"{100 * value:.0f} %"
