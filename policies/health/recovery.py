"""Is an incident over: are the newest scores back where they were before the onset?"""

import math
from dataclasses import dataclass

from library.trends import TrendState
from policies.health.bennett import dispersion
from policies.health.evidence import ScanSettings
from policies.health.segments import side_of, split_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How far the newest scores still lie below those before the onset, on the same mix of segments.

    effect: what is left of the drop, with its interval; n: newest scores compared. recovered: enough scores, and what
    is left is smaller than the smallest drop that is an incident.
    """

    recovered: bool
    n: int
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None


def recovery(state: TrendState, settings: ScanSettings, *, since_step: int) -> Recovery:
    """Compare the scores from since_step on with those before the onset of the latched alarm, in the scope it blamed.

    Without a latched alarm there is nothing to recover from, and nothing has recovered.
    """
    latch = state.latch
    if latch is None:
        return Recovery(recovered=False, n=0)
    before = slice(split_at(state.starts, latch.onset_step))
    newest = slice(split_at(state.starts, max(since_step, latch.onset_step)), None)
    deficit = variance = weight = count = 0.0
    for name, sums in state.segments.items():
        first, second = side_of(sums, before), side_of(sums, newest)
        if first.mean is None or second.mean is None or latch.segment not in (None, name):
            continue
        share = first.n * second.n / (first.n + second.n)
        spread = first.variance_of_mean(sums.low, sums.high) + second.variance_of_mean(sums.low, sums.high)
        deficit += share * (first.mean - second.mean)
        variance += share * share * spread
        weight += share
        count += second.n
    if weight <= 0:
        return Recovery(recovered=False, n=0)
    effect = deficit / weight
    half = settings.z * math.sqrt(dispersion(state.looks) * variance) / weight
    return Recovery(
        recovered=count >= settings.min_segment and effect < settings.min_effect,
        n=round(count),
        effect=effect,
        effect_low=effect - half,
        effect_high=effect + half,
    )
