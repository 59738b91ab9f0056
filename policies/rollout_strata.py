"""Two arms cut into strata, and what strata say together: everywhere, or in one segment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from library.trend_state import Looks
from library.trends import MAX_SEGMENTS, OTHER
from policies.health.bennett import Floats, dispersion
from policies.rollout_arms import Cell, MetricArms, Sums
from policies.rollout_evidence import half_width, log_e_value

# Canary scores that make a stratum of their own: fewer, and splitting them further would cost comparisons.
STRETCH = 20
# Scores are taken to come in clusters of about so many, until so many pairs of neighbouring strata have told otherwise.
UNKNOWN, ENOUGH_PAIRS = 3.0, 4
# A stratum whose deficit varies less than this is too small to tell clusters from chance.
SMALLEST_TOLD = 1.0
# Of the interval, which holds at all looks together.
ERROR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What some strata say together.

    n_control, n_canary: scores in all of them; canary: mean of the canary; loss: how much more the control scored on
    the same mix at the same time (positive: the canary is worse), with its interval; None where the arms share
    nothing. evidence: that the canary is worse, the logarithm of an e-value.
    """

    n_control: int
    n_canary: int
    evidence: float = 0.0
    canary: float | None = None
    loss: float | None = None
    low: float | None = None
    high: float | None = None


class Strata:
    """One metric in strata: rows of n, sum, sum of squares of the control, then of the canary; higher is better."""

    def __init__(self, arms: MetricArms) -> None:
        down = arms.direction == "down"
        self.low, self.high = (1.0 - arms.high, 1.0 - arms.low) if down else (arms.low, arms.high)
        groups: dict[tuple[str, str, int], list[tuple[int, list[float]]]] = defaultdict(list)
        for cell in arms.cells:
            groups[cell.segment, cell.revision, cell.stage].append((cell.start, _row(cell, down)))
        rows, ends, segments = list[list[float]](), list[int](), list[str]()
        for (segment, _, _), members in sorted(groups.items()):
            merged = _merged(row for _, row in sorted(members))
            rows += merged
            ends.append(len(rows))
            segments += [segment] * len(merged)
        self._rows: Floats = np.array(rows, dtype=np.float64).reshape(-1, 6)
        self._ends = ends
        self._measure()
        self._names = _names(segments, self._rows[:, 3])

    def _measure(self) -> None:
        n1, x1, s1, n2, x2, s2 = self._rows.T
        N, X = n1 + n2, x1 + x2
        self._mean: Floats = X / np.maximum(N, 1.0)
        Q = np.maximum(s1 + s2 - X * self._mean, 0.0)
        shared = (n1 > 0) & (n2 > 0)
        paired = np.maximum(N, 2.0)
        self._Q: Floats = np.where(shared, Q, 0.0)
        self._free: Floats = np.where(shared, N - 1.0, 0.0)
        self._deficit: Floats = np.where(shared, n2 * self._mean - x2, 0.0)
        self._variance: Floats = np.where(shared, n1 * n2 * Q / (paired * (paired - 1.0)), 0.0)
        self._weight: Floats = n1 * n2 / np.maximum(N, 1.0)
        self._spread = self._clusters()

    @property
    def segments(self) -> tuple[str, ...]:
        """Names; beyond a limit the small ones are one, called other."""
        return tuple(dict.fromkeys(self._names.tolist()))

    def everywhere(self, sharpest: int) -> Scope:
        """All strata. sharpest: canary scores at which the interval is meant to be narrowest."""
        return self._scope(np.ones(len(self._rows), dtype=bool), sharpest)

    def segment(self, name: str, sharpest: int) -> Scope:
        """The strata of one segment."""
        return self._scope(self._names == name, sharpest)

    def _scope(self, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]], sharpest: int) -> Scope:
        rows = self._rows[chosen]
        n1, _, _, n2, _, _ = rows.sum(0)
        found = Scope(n_control=round(float(n1)), n_canary=round(float(n2)))
        weight, free = float(self._weight[chosen].sum()), float(self._free[chosen].sum())
        if weight <= 0.0 or free <= 0.0:
            return found
        deficit, variance = float(self._deficit[chosen].sum()), float(self._variance[chosen].sum())
        each = float(self._Q[chosen].sum()) / free
        mean = self._mean[chosen][self._weight[chosen] > 0]
        reach = mean.max() - self.low if n2 <= n1 else self.high - mean.min()
        met = rows[self._weight[chosen] > 0]
        half = half_width(variance * self._spread, sharpest * each * self._spread, ERROR) / weight
        loss = deficit / weight
        return Scope(
            n_control=found.n_control,
            n_canary=found.n_canary,
            evidence=log_e_value(deficit, variance, float(reach), each**0.5, self._spread),
            canary=float(met[:, 4].sum() / met[:, 3].sum()),
            loss=loss,
            low=max(loss - half, -1.0),
            high=min(loss + half, 1.0),
        )

    def _clusters(self) -> float:
        """Design effect of scores that come in clusters: how far the deficits of successive strata lie apart, over
        what chance makes of it (a loss shifts all of them, so it does not pass for clustering). The first strata cannot
        tell; there scores are taken to be clustered, and only a large loss counts at once."""
        total, count, top, start, pairs = 0.0, 0, 0.0, 0, 0
        for end in self._ends:
            variance = self._variance[start:end]
            told = variance >= SMALLEST_TOLD
            pairs += max(int((self._weight[start:end] > 0).sum()) - 1, 0)
            z = self._deficit[start:end][told] / np.sqrt(variance[told])
            apart = np.diff(z) ** 2 / 2.0
            total, count, top = total + float(apart.sum()), count + len(apart), max(top, apart.max(initial=0.0))
            start = end
        seen = dispersion(Looks(spread=total, spread_n=count, spread_top=top))
        return max(seen, 1.0 + (UNKNOWN - 1.0) * max(0.0, 1.0 - pairs / ENOUGH_PAIRS))


def _row(cell: Cell, down: bool) -> list[float]:
    return [value for arm in (cell.control, cell.canary) for value in _columns(arm, down)]


def _columns(arm: Sums, down: bool) -> tuple[float, float, float]:
    if not down:
        return arm.n, arm.total, arm.squares
    return arm.n, arm.n - arm.total, arm.n - 2.0 * arm.total + arm.squares


def _merged(rows: Iterable[list[float]]) -> list[list[float]]:
    """Neighbours in time become one stratum until it holds enough of both arms; which ones, no score has a say in."""
    merged: list[list[float]] = []
    for row in rows:
        if merged and min(merged[-1][0], merged[-1][3]) < STRETCH:
            merged[-1] = [a + b for a, b in zip(merged[-1], row, strict=True)]
        else:
            merged.append(row)
    return merged


def _names(segments: list[str], n_canary: Floats) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    sizes: dict[str, float] = defaultdict(float)
    for name, n in zip(segments, n_canary.tolist(), strict=True):
        sizes[name] += n
    kept: Mapping[str, float] = sizes
    if len(sizes) > MAX_SEGMENTS:
        kept = dict(sorted(sizes.items(), key=lambda one: (-one[1], one[0]))[: MAX_SEGMENTS - 1])
    return np.array([name if name in kept else OTHER for name in segments], dtype=np.str_)
