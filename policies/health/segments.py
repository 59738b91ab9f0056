"""Before and after an onset, segment by segment: what changed, and what did not."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from library.trends import SegmentSums, TrendState
from policies.health.bennett import dispersion
from policies.health.evidence import ScanSettings, SegmentEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Sums of one segment on one side: number of scores, their sum, the sum of their squares."""

    n: float
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n > 0 else None

    def variance_of_mean(self, low: float, high: float) -> float:
        """Variance of the mean, as if one score at either end of the observed range had been seen too.

        The two extra scores (Agresti and Caffo's device for shares) keep a spotless small sample from claiming
        certainty.
        """
        n = self.n + 2
        mean = (self.total + low + high) / n
        return max((self.squares + low * low + high * high) / n - mean * mean, 0.0) / n


def split_at(starts: Sequence[int], step: int) -> int:
    """Index of the first bucket that begins at or after a step (all buckets from there on are after)."""
    return next((i for i, start in enumerate(starts) if start >= step), len(starts))


def segment_table(state: TrendState, onset_step: int, settings: ScanSettings) -> tuple[SegmentEffect, ...]:
    """Every segment before and after an onset, the one that lost most first.

    Intervals are for the difference of two means with unequal variances, widened by the clustering of the scores.
    """
    at = split_at(state.starts, onset_step)
    spread = dispersion(state.looks)
    return by_loss(
        effect_of(
            name,
            side_of(sums, slice(at)),
            side_of(sums, slice(at, None)),
            bounds=(sums.low, sums.high),
            z=settings.z * math.sqrt(spread),
        )
        for name, sums in state.segments.items()
    )


def by_loss(rows: Iterable[SegmentEffect]) -> tuple[SegmentEffect, ...]:
    """Largest loss first; segments seen on one side only come last."""
    return tuple(sorted(rows, key=lambda r: (r.difference is None, -(r.difference or 0.0), r.segment)))


def effect_of(name: str, before: Side, after: Side, *, bounds: tuple[float, float], z: float) -> SegmentEffect:
    """One row of the table; z: half width of the interval in standard errors; bounds: extremes ever seen."""
    low, high = bounds if bounds[0] < bounds[1] else (0.0, 1.0)
    difference = half = None
    if before.mean is not None and after.mean is not None:
        difference = before.mean - after.mean
        half = z * math.sqrt(before.variance_of_mean(low, high) + after.variance_of_mean(low, high))
    return SegmentEffect(
        segment=name,
        before=before.mean,
        after=after.mean,
        difference=difference,
        low=None if difference is None or half is None else max(difference - half, -1.0),
        high=None if difference is None or half is None else min(difference + half, 1.0),
        n_before=max(round(before.n), 0),
        n_after=max(round(after.n), 0),
    )


def side_of(sums: SegmentSums, part: slice) -> Side:
    """The sums of some buckets of a segment."""
    return Side(n=math.fsum(sums.n[part]), total=math.fsum(sums.total[part]), squares=math.fsum(sums.squares[part]))
