"""How far the truth may lie from a measured mean: intervals of paired differences and of proportions."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from policies.paired import GroupSum, distinct, group_sums, is_binary

BOOTSTRAPS = 4_000
DRAWN_AT_ONCE = 1_000_000  # draws held in memory at a time
Means = np.ndarray[tuple[int], np.dtype[np.float64]]

FEW_KINDS = 8  # equal observations are drawn together where there are at least so many of each kind
FEW = 12  # with fewer informative observations a bootstrap sees too little of what might happen


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a mean difference; 95 % unless asked otherwise."""

    low: float
    high: float


def paired_interval(
    differences: Sequence[float],
    *,
    groups: Sequence[Hashable] | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """Interval of the mean paired difference.

    Differences of -1, 0, 1: the adjusted Wald interval for paired proportions (Bonett and Price 2012), which adds one
    win and one loss and so holds its level where hardly any pair changes. Graded or grouped ones: percentile bootstrap
    (Efron 1979) over items or groups, drawn from the seed, with the percentiles moved outwards as Student's t asks
    (Hesterberg 2015); where fewer than 12 observations changed, one win and one loss of the largest size are added.
    """
    if not differences:
        return Interval(-1.0, 1.0)
    sums = group_sums(differences, groups)
    if is_binary(sums):
        wins, losses = sum(g.total > 0 for g in sums), sum(g.total < 0 for g in sums)
        return _binary_interval(wins, losses, len(sums), confidence)
    if len(sums) == 1:
        return Interval(-1.0, 1.0)
    return _bounds(bootstrap_means(sums, seed), len(sums), confidence)


def _binary_interval(wins: int, losses: int, n: int, confidence: float) -> Interval:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    won, lost = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    spread = z * math.sqrt((won + lost - (won - lost) ** 2) / (n + 2))
    return Interval(max(-1.0, won - lost - spread), min(1.0, won - lost + spread))


def _completed(sums: Sequence[GroupSum]) -> Sequence[GroupSum]:
    informative = [abs(g.total) for g in sums if g.total]
    if len(informative) >= FEW:
        return sums
    size = math.ceil(sum(g.size for g in sums) / len(sums))
    most = max(informative, default=float(size))
    return [*sums, GroupSum(most, size), GroupSum(-most, size)]


def bootstrap_means(sums: Sequence[GroupSum], seed: int) -> Means:
    """Sorted means of 4,000 resamples of the observations."""
    sums = _completed(sums)
    kinds = distinct(sums)
    together = len(kinds) * FEW_KINDS <= len(sums)
    rows = [(g.total, g.size, count) for g, count in kinds] if together else [(g.total, g.size, 1) for g in sums]
    totals, sizes, counts = (np.asarray(column, dtype=np.float64) for column in zip(*rows, strict=True))
    rng = np.random.default_rng(seed)
    block, means = max(1, DRAWN_AT_ONCE // len(rows)), []
    for start in range(0, BOOTSTRAPS, block):
        size = min(block, BOOTSTRAPS - start)
        if together:
            drawn = rng.multinomial(len(sums), counts / len(sums), size=size)
            means.append((drawn @ totals) / (drawn @ sizes))
        else:
            picked = rng.integers(0, len(rows), size=(size, len(rows)))
            means.append(totals[picked].sum(axis=1) / sizes[picked].sum(axis=1))
    return np.sort(np.concatenate(means))


def _bounds(ordered: Means, n: int, confidence: float) -> Interval:
    tail = NormalDist().cdf(-math.sqrt(n / (n - 1)) * t_quantile((1 + confidence) / 2, n - 1))
    low, high = np.quantile(ordered, [tail, 1 - tail])
    return Interval(max(-1.0, float(low)), min(1.0, float(high)))


def level_of(ordered: Means, n: int, loss: float) -> float:
    """The one-sided level at which the lower bound of n bootstrapped observations meets this loss; at most 0.5."""
    if _bounds(ordered, n, 0.0).low <= loss:
        return 0.5
    low, high = 1e-6, 0.5
    for _ in range(24):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _bounds(ordered, n, 1 - 2 * middle).low > loss else (middle, high)
    return high


def t_quantile(p: float, degrees: int) -> float:
    """Quantile of Student's t by the expansion of Fisher and Cornish (1960); to 0.3 % from 5 degrees of freedom on."""
    z = NormalDist().inv_cdf(p)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum(term / degrees**power for power, term in enumerate(terms))


def standard_error(sums: Sequence[GroupSum]) -> float:
    """Standard error of the mean difference over groups of unequal size (ratio estimator; Cochran 1977, 9A)."""
    g, n = len(sums), sum(s.size for s in sums)
    if g < 2:
        return 0.0
    mean = math.fsum(s.total for s in sums) / n
    return math.sqrt(g / (g - 1) * math.fsum((s.total - mean * s.size) ** 2 for s in sums)) / n


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
