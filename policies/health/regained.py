"""Has a young version regained the level of the version that it replaced?"""

import math

from library.trends import TrendState
from policies.health.bennett import dispersion
from policies.health.evidence import ScanSettings
from policies.health.segments import Side, side_of, split_at

TWO_DAYS = 576
"""Grid steps of five minutes."""


def regained(state: TrendState, settings: ScanSettings, *, floor: float, drop: float) -> int | None:
    """The step since which the scores are back at a known target; None while they are not.

    state: latched on that target; floor: the target; drop: how much it has cost so far (positive is worse). The newest
    two days after the alarm are looked at: what they lack to the target must be smaller than the smallest drop that is
    an incident, and its interval must exclude half of the drop.
    """
    latch = state.latch
    if latch is None or not latch.floor or state.last_step is None:
        return None
    since = state.last_step - TWO_DAYS
    if since < latch.detected_step:
        return None
    at = split_at(state.starts, since)
    sides = {name: side_of(sums, slice(at, None)) for name, sums in state.segments.items()}
    whole = Side(
        n=math.fsum(s.n for s in sides.values()),
        total=math.fsum(s.total for s in sides.values()),
        squares=math.fsum(s.squares for s in sides.values()),
    )
    if whole.mean is None or whole.n < settings.min_segment:
        return None
    low, high = min(s.low for s in state.segments.values()), max(s.high for s in state.segments.values())
    half = settings.z * math.sqrt(dispersion(state.looks) * whole.variance_of_mean(low, high))
    left = floor - whole.mean
    over = left < settings.min_effect and left + half < max(drop / 2, settings.min_effect)
    return state.starts[at] if over else None
