"""What the two arms of a canary scored: sums over the canary's whole life, cut so that like meets like.

Only sums travel, never scores: per metric, and per (segment, evaluator revision, step of the release, stretch of trace
time), the number of scores of each arm, their sum and the sum of their squares.
"""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Scores of one arm in one cell: how many, their sum, the sum of their squares. Scores lie in [0, 1]."""

    n: float = 0
    total: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Traffic that both arms shared.

    start: anything that orders cells in time, such as the grid step of `library.trends`; stage: index of the release
    step, from 0, at which the calls were made (shares differ between stages, so stages never mix); revision: evaluator
    and revision, where more than one graded (scales differ, so revisions never mix).
    """

    segment: str
    start: int
    stage: int = 0
    revision: str = ""
    control: Sums = Sums()
    canary: Sums = Sums()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricArms:
    """One metric on both arms.

    direction: whether more is better (`up`: every score of the library, time and money too, which are scored on a
    logarithmic scale) or worse (`down`: a rate of failures). low, high: the extremes seen in either arm.
    """

    metric: str
    cells: tuple[Cell, ...]
    direction: Direction = "up"
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """The score that decides, and the metrics that only guard: they can halt a release, never carry it on."""

    score: MetricArms
    guards: tuple[MetricArms, ...] = ()
