"""The values the health scan speaks in: its settings, its evidence, and the bars the evidence is held against."""

import math
from dataclasses import dataclass
from typing import Literal

Status = Literal["learning", "healthy", "watch", "alarm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Every threshold of the health scan.

    alpha: probability that a healthy series ever alarms during `looks` looks, or during look_period grid steps where
    these hold more looks; watch_alpha: the same for the softer status "watch". look_scores: new scores that make a look
    worthwhile; look_patience: grid steps after which fewer will do.
    n_base: own scores a version needs before it can be compared with itself; min_segment: scores a segment needs
    before an onset to be blamed alone. min_effect: smallest drop of the mean that is an incident.
    floor_scores: up to this many scores a version is young, and a known target is checked as well; floor_z: by how many
    standard errors the target taken from a replaced version is lowered.
    fdr, fdr_small, small_fleet: share of false alarms tolerated among all alarms of a fleet, and of a small one.
    near_best: an onset is in the interval when its evidence is at most this much below the best.
    dominant_share, dominant_traffic: one segment is named for an overall drop when it carries at least this share of
    the loss with at most this share of the traffic. z: normal quantile of the intervals shown (1.96 is 95 %).
    """

    alpha: float = 0.01
    watch_alpha: float = 0.05
    looks: int = 672
    look_scores: int = 1
    look_patience: int = 288
    look_period: int = 2016
    n_base: int = 300
    min_segment: int = 50
    min_effect: float = 0.02
    floor_scores: int = 2000
    floor_z: float = 2.58
    fdr: float = 0.05
    fdr_small: float = 0.01
    small_fleet: int = 20
    near_best: float = 2.5
    dominant_share: float = 0.8
    dominant_traffic: float = 0.5
    z: float = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEffect:
    """One segment on both sides of an onset: means, their difference (positive is a drop) with its interval, counts.

    A mean without scores is None, and so are the difference and its interval.
    """

    segment: str
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    n_before: int
    n_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the scan says about one series.

    T: evidence (minus log of a tail probability) of the scope reported, h: the bar it is held against; p_value: for
    the whole series, over all looks so far. onset_*: grid steps. before, after, effect, interval: means of the scope;
    before is what the traffic after the onset would have scored had nothing changed. segment: None for everywhere.
    detected_step: last step with data at the look that alarmed, None without an alarm. floor: measured against the
    known target instead of the version's own past. gradual_since: the grid step at which the fall began if it came
    gradually, see `gradual`; only `refined` tells. Without enough scores the numbers are None.
    """

    status: Status
    T: float
    h: float
    p_value: float
    onset_step: int | None = None
    onset_low: int | None = None
    onset_high: int | None = None
    before: float | None = None
    after: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    n_before: int = 0
    n_after: int = 0
    segment: str | None = None
    segments: tuple[SegmentEffect, ...] = ()
    detected_step: int | None = None
    floor: bool = False
    gradual_since: int | None = None


def bar(alpha: float, looks: int, scopes: float = 1.0) -> float:
    """Evidence needed for a false-alarm probability alpha over a number of looks, shared by a number of scopes.

    The factor 0.5 is calibrated with margin by simulation over score laws and looks, not proved.
    """
    return math.log(0.5 * looks * scopes / alpha)


def p_value(evidence: float, looks: int, scopes: float = 1.0) -> float:
    """Probability that the largest evidence of that many looks at a healthy series is at least this large."""
    return min(1.0, 0.5 * looks * scopes * math.exp(-evidence))
