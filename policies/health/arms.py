"""Two arms at the same time: is the canary worse than the version it runs beside?

The statistic is that of the scan with the control in the place of "before" and the canary in that of "after",
within segments and within stretches of time, so that neither a different mix of traffic nor a bad hour that hits both
arms counts against the canary. The bar covers looking again and again.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from library.trends import TrendState
from policies.health.bennett import SMALLEST_RANGE, Floats, bennett, dispersion
from policies.health.evidence import ScanSettings, SegmentEffect, bar, p_value
from policies.health.segments import Side, by_loss, effect_of

# Canary scores that make a stretch of time of their own.
STRETCH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsEvidence:
    """What two concurrent arms say.

    worse: the evidence T that the canary is worse clears its bar h and the drop matters. control, canary: mean of the
    canary, and what the control scored on the same mix at the same time; effect: control minus canary (positive is a
    loss) with its interval; None while the arms share no stretch of traffic. segment: the segment to blame, None for
    everywhere. segments: the control in the columns "before", the canary in the columns "after".
    """

    T: float
    h: float
    p_value: float
    worse: bool
    n_control: int
    n_canary: int
    control: float | None = None
    canary: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    segment: str | None = None
    segments: tuple[SegmentEffect, ...] = ()


def compare_arms(control: TrendState, canary: TrendState, settings: ScanSettings) -> ArmsEvidence:
    """Compare a canary with the control that has served the same traffic since the canary began."""
    cells = _cells(control, canary)
    families = 2 if len(cells.names) > 1 else 1
    everywhere = cells.evidence(slice(None))
    T, h, segment = everywhere, bar(settings.alpha, settings.looks, families), None
    p = p_value(T, settings.looks, families)
    chosen = slice(None)
    if families > 1:
        alone = [cells.evidence(slice(s, s + 1)) for s in range(len(cells.names))]
        worst = max(range(len(alone)), key=alone.__getitem__)
        bar_alone = bar(settings.alpha, settings.looks, families * len(alone))
        p = min(p, p_value(alone[worst], settings.looks, families * len(alone)))
        if alone[worst] >= bar_alone and alone[worst] - bar_alone > T - h:
            T, h, segment, chosen = alone[worst], bar_alone, cells.names[worst], slice(worst, worst + 1)
    found = ArmsEvidence(
        T=T,
        h=h,
        p_value=p,
        worse=False,
        n_control=round(float(cells.sums[0, 0].sum())),
        n_canary=round(float(cells.sums[1, 0].sum())),
        segment=segment,
        segments=cells.table(settings),
    )
    weight = float(cells.weight[chosen].sum())
    if weight <= 0:
        return found
    effect = float(cells.deficit[chosen].sum()) / weight
    half = settings.z * math.sqrt(cells.spread * float(cells.variance[chosen].sum())) / weight
    mean = float(cells.sums[1, 1][chosen].sum() / cells.sums[1, 0][chosen].sum())
    return replace(
        found,
        worse=h <= T and effect >= settings.min_effect,
        control=mean + effect,
        canary=mean,
        effect=effect,
        effect_low=max(effect - half, -1.0),
        effect_high=min(effect + half, 1.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Both arms cut into segments and stretches of time.

    sums: (arm, column, segment, stretch) with columns number, sum, sum of squares; low, high: (segment,); deficit,
    variance, weight: (segment, stretch), as in the scan.
    """

    names: tuple[str, ...]
    sums: Floats
    deficit: Floats
    variance: Floats
    weight: Floats
    low: Floats
    high: Floats
    spread: float

    def evidence(self, chosen: slice) -> float:
        """Evidence that the canary is worse, over some of the segments."""
        counts, totals = self.sums[:, 0, chosen], self.sums[:, 1, chosen].sum((0, 2))
        mean = totals / np.maximum(counts.sum((0, 2)), 1.0)
        small_canary = counts[1].sum() <= counts[0].sum()
        reach = mean - self.low[chosen] if small_canary else self.high[chosen] - mean
        total = bennett(
            self.deficit[chosen].sum(), self.variance[chosen].sum(), np.maximum(reach.max(), SMALLEST_RANGE)
        )
        return float(total) / self.spread

    def table(self, settings: ScanSettings) -> tuple[SegmentEffect, ...]:
        rows = self.sums.sum(3)
        return by_loss(
            effect_of(
                name,
                Side(n=float(rows[0, 0, s]), total=float(rows[0, 1, s]), squares=float(rows[0, 2, s])),
                Side(n=float(rows[1, 0, s]), total=float(rows[1, 1, s]), squares=float(rows[1, 2, s])),
                bounds=(float(self.low[s]), float(self.high[s])),
                z=settings.z * math.sqrt(self.spread),
            )
            for s, name in enumerate(self.names)
        )


def _cells(control: TrendState, canary: TrendState) -> _Cells:
    names = tuple(dict.fromkeys([*control.segments, *canary.segments]))
    edges = _stretches(canary)
    sums = np.zeros((2, 3, max(len(names), 1), max(len(edges), 1)))
    low, high = np.ones(sums.shape[2]), np.zeros(sums.shape[2])
    for arm, state in enumerate((control, canary)):
        places = np.array([bisect_right(edges, start) - 1 for start in state.starts], dtype=int)
        shared = places >= 0
        for name, seg in state.segments.items():
            s = names.index(name)
            for column, values in enumerate((seg.n, seg.total, seg.squares)):
                np.add.at(sums[arm, column, s], places[shared], np.asarray(values)[shared])
            low[s], high[s] = min(low[s], seg.low), max(high[s], seg.high)
    (n1, _, _), (n2, total2, _) = sums
    N, X, squares = sums.sum(0)
    mean, paired = X / np.maximum(N, 1.0), np.maximum(N, 2.0)
    return _Cells(
        names=names,
        sums=sums,
        deficit=n2 * mean - total2,
        variance=n1 * n2 * np.maximum(squares - X * mean, 0.0) / (paired * (paired - 1.0)),
        weight=n1 * n2 / np.maximum(N, 1.0),
        low=low,
        high=high,
        spread=max(dispersion(control.looks), dispersion(canary.looks)),
    )


def _stretches(canary: TrendState) -> list[int]:
    """First steps of the stretches of time, each with enough canary scores; none reaches back before the canary."""
    edges: list[int] = []
    held = float(STRETCH)
    for start, *counts in zip(canary.starts, *(s.n for s in canary.segments.values()), strict=True):
        if held >= STRETCH:
            edges.append(start)
            held = 0.0
        held += sum(counts)
    return edges
