"""When an incident is over, and what then leaves the baseline."""

from array import array
from dataclasses import dataclass, replace

import numpy as np

from library.trends import SegmentSums, TrendState, reset_between
from policies.health.bennett import own_past, stack
from policies.health.evidence import ScanSettings, bar
from policies.health.recovery import recovery
from policies.health.segments import split_at

TWO_DAYS = 576
"""Grid steps of five minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The scores are back: since which step, what is left of the drop, and the state without the incident."""

    since_step: int
    effect: float
    state: TrendState


def closing(state: TrendState, settings: ScanSettings, *, drop: float) -> Closing | None:
    """Whether the latched alarm of a series is over; drop: how much it has cost so far (positive is worse).

    It is over when what is left of the drop is smaller than the smallest drop that is an incident, and when that is no
    accident: either the scan of the scores since the onset, turned upside down, alarms (and what came after that moment
    is compared), or the newest two days are compared and their interval excludes half of the drop.
    """
    latch = state.latch
    if latch is None or state.last_step is None:
        return None
    risen = _risen(state, settings)
    if risen is not None:
        left = recovery(state, settings, since_step=risen)
        if left.recovered and left.effect is not None:
            return _closed(state, risen, left.effect)
    since = state.last_step - TWO_DAYS
    if since < latch.detected_step:
        return None
    left = recovery(state, settings, since_step=since)
    if left.recovered and left.effect is not None and left.effect_high is not None and left.effect_high < 0.5 * drop:
        return _closed(state, state.starts[split_at(state.starts, since)], left.effect)
    return None


def _closed(state: TrendState, since: int, effect: float) -> Closing:
    onset = state.latch.onset_step if state.latch is not None else since
    return Closing(since_step=since, effect=effect, state=reset_between(state, onset, since - 1))


def _risen(state: TrendState, settings: ScanSettings) -> int | None:
    """The step since which scores are higher than before, within the time since the onset."""
    latch = state.latch
    if latch is None:
        return None
    first = split_at(state.starts, latch.onset_step)
    if first >= len(state.starts):
        return None
    upside_down = replace(
        state,
        starts=state.starts[first:],
        segments={name: _turned(sums, first) for name, sums in state.segments.items() if latch.segment in (None, name)},
    )
    splits = own_past(stack([upside_down]), replace(settings, n_base=settings.min_segment))
    best = int(np.argmax(splits.evidence[0]))
    if splits.evidence[0, best] < bar(settings.alpha, max(settings.looks, state.looks.count)):
        return None
    return upside_down.starts[best]


def _turned(sums: SegmentSums, first: int) -> SegmentSums:
    """The sums of 1 - score, from a bucket on."""
    n, total, squares = sums.n[first:], sums.total[first:], sums.squares[first:]
    return replace(
        sums,
        n=n,
        total=array("d", (a - b for a, b in zip(n, total, strict=True))),
        squares=array("d", (a - 2.0 * b + c for a, b, c in zip(n, total, squares, strict=True))),
        low=1.0 - sums.high,
        high=1.0 - sums.low,
    )
