"""The level a young version is held against: that of the version it replaced."""

import math
from collections.abc import Mapping

from library.trends import SegmentSums, TrendState
from policies.health.bennett import dispersion
from policies.health.evidence import ScanSettings
from policies.health.segments import Side, side_of, split_at


def floor_of(replaced: TrendState, settings: ScanSettings, *, mix: Mapping[str, float]) -> float | None:
    """Lower bound of the mean that the replaced version would have on the traffic of the young one.

    mix: number of scores of the young version in each segment; a segment that the replaced version never saw counts
    with its overall mean. A replaced version that had degraded sets the level it had since then. None when it has
    fewer than n_base scores to tell by. Lowered by floor_z standard errors, because the scan takes it as exact.
    """
    part = slice(0 if replaced.latch is None else split_at(replaced.starts, replaced.latch.onset_step), None)
    sides = {name: side_of(sums, part) for name, sums in replaced.segments.items()}
    whole = Side(
        n=math.fsum(s.n for s in sides.values()),
        total=math.fsum(s.total for s in sides.values()),
        squares=math.fsum(s.squares for s in sides.values()),
    )
    traffic = math.fsum(max(n, 0.0) for n in mix.values())
    if whole.n < settings.n_base or traffic <= 0:
        return None
    mean = variance = 0.0
    for name, n in mix.items():
        weight = max(n, 0.0) / traffic
        side, sums = sides.get(name, whole), replaced.segments.get(name)
        if side.mean is None:
            side = whole
        mean += weight * (side.mean or 0.0)
        variance += weight * weight * side.variance_of_mean(*_bounds(sums, replaced))
    return mean - settings.floor_z * math.sqrt(dispersion(replaced.looks) * variance)


def _bounds(sums: SegmentSums | None, state: TrendState) -> tuple[float, float]:
    """Extremes ever seen, in the segment or anywhere; all there is where nothing was seen."""
    low, high = (
        (sums.low, sums.high)
        if sums is not None
        else (min(s.low for s in state.segments.values()), max(s.high for s in state.segments.values()))
    )
    return (low, high) if low < high else (0.0, 1.0)
