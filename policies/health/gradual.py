"""Since when, if the drop came little by little: a broken line through the buckets beside the single step of the scan.

When an alarm is young nobody can tell a slow decline from a sudden drop, so both dates are worth showing; the scan's
onset is late for a decline, by a quarter of its length and more. What comes afterwards tells them apart.
"""

import math
from array import array
from dataclasses import dataclass

import numpy as np

from library.trends import SegmentSums, TrendState
from policies.health.bennett import SMALLEST_VARIANCE, Floats, dispersion
from policies.health.evidence import ScanSettings

# Edges among which the end of a decline is looked for.
COARSE = 24


def gradual_since(state: TrendState, settings: ScanSettings, *, segment: str | None = None) -> int | None:
    """The grid step at which the scores began to fall, if they fell gradually; None where they fell at once.

    Three shapes are fitted to the buckets, within segments, by weighted least squares: a step, a decline that still
    goes on, a decline that has ended. The ongoing one gives the date unless another shape is better by more than
    `near_best` (in nats, divided by the clustering of the scores); the ended one gives it when it beats the step by as
    much. segment: the one blamed, None for all together. A decline begins where at least n_base scores lie before.
    """
    counts = np.sum([s.n for s in state.segments.values()], axis=0) if state.segments else np.zeros(0)
    begins = np.flatnonzero(np.cumsum(counts) - counts >= settings.n_base)
    if not len(begins):
        return None
    fit = _Fit.of(state, segment)
    end = np.full(len(begins), fit.ends[-1])
    step = fit.likelihood(fit.starts[begins], fit.starts[begins])
    ongoing = fit.likelihood(fit.starts[begins], end)
    best_step, best_ongoing = float(step.max()), float(ongoing.max())
    if best_ongoing <= 0:
        return None
    ended, since = _ended(fit, begins)
    if best_ongoing >= max(best_step, ended) - settings.near_best:
        return state.starts[int(begins[ongoing.argmax()])]
    return state.starts[since] if ended >= best_step + settings.near_best else None


def _ended(fit: "_Fit", begins: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> tuple[float, int]:
    """The best decline that has ended: how likely, and the bucket in which it begins."""
    few = begins[:: math.ceil(len(begins) / COARSE)]
    first, last = np.triu_indices(len(few), 1)
    if not len(first):
        return 0.0, int(begins[0])
    pairs = fit.likelihood(fit.starts[few[first]], fit.starts[few[last]])
    end = few[last[int(pairs.argmax())]]
    earlier = begins[begins < end]
    finer = fit.likelihood(fit.starts[earlier], np.full(len(earlier), fit.starts[end]))
    return float(finer.max()), int(earlier[finer.argmax()])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """Buckets in time and the sums of the segments in them.

    starts, ends: grid steps, (K,); n, total: (S, K); mean, variance: of each segment over everything, (S,).
    """

    starts: Floats
    ends: Floats
    n: Floats
    total: Floats
    mean: Floats
    variance: Floats
    spread: float

    @staticmethod
    def of(state: TrendState, segment: str | None) -> "_Fit":
        chosen = [sums for name, sums in state.segments.items() if segment in {None, name}] or [
            *state.segments.values()
        ]
        starts = np.asarray(state.starts, dtype=float)
        last = 0 if state.last_step is None else state.last_step
        n, total, squares = (_table(chosen, column) for column in ("n", "total", "squares"))
        all_n = np.maximum(n.sum(1), 1.0)
        mean = total.sum(1) / all_n
        variance = np.maximum(squares.sum(1) / all_n - mean * mean, SMALLEST_VARIANCE)
        return _Fit(
            starts=starts, ends=np.append(starts[1:], last + 1.0), n=n, total=total, mean=mean, variance=variance,
            spread=dispersion(state.looks),
        )  # fmt: skip

    def likelihood(self, begin: Floats, end: Floats) -> Floats:
        """Log likelihood gained over "no change" by a fall between each begin and end (equal: a step), 0 for a rise."""
        middle = 0.5 * (self.starts + self.ends)
        length = np.maximum(end - begin, 1e-9)[:, None]
        fallen = np.clip((middle - begin[:, None]) / length, 0.0, 1.0)
        of_all = self.n.sum(1)
        at = fallen @ self.n.T
        with_score = (fallen @ self.total.T - at * self.mean) / self.variance
        with_itself = ((fallen * fallen) @ self.n.T - at * at / np.maximum(of_all, 1.0)) / self.variance
        slope, size = with_score.sum(1), np.maximum(with_itself.sum(1), SMALLEST_VARIANCE)
        gained: Floats = np.where(slope < 0, 0.5 * slope * slope / size, 0.0) / self.spread
        return gained


def _table(chosen: list[SegmentSums], column: str) -> Floats:
    rows: list[array[float]] = [getattr(sums, column) for sums in chosen]
    return np.asarray(rows, dtype=float).reshape(len(rows), -1)
