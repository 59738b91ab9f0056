"""Is a paired difference real? Exact tests, intervals and the number of items that would settle it."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

EXACT_FLIPS = 16  # informative pairs up to which every sign pattern is tried
RANDOM_FLIPS = 10_000
BOOTSTRAPS = 4_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval of a mean difference."""

    low: float
    high: float


def one_sided_p(differences: Sequence[float], *, seed: int = 0) -> float:
    """P(a sum at least this large) if no item had changed: the smaller, the surer that the mean is above zero.

    Differences of -1, 0, 1 get McNemar's exact test (McNemar 1947); graded ones the sign-flip permutation test,
    exact for up to 16 non-zero pairs, else 10,000 flips from the seed, with the +1 of Phipson and Smyth (2010).
    """
    informative = [d for d in differences if d]
    if not informative:
        return 1.0
    if all(abs(d) == 1 for d in informative):
        n, wins = len(informative), sum(d > 0 for d in informative)
        return math.ldexp(sum(math.comb(n, k) for k in range(wins, n + 1)), -n)
    observed = sum(informative) - 1e-12
    n = len(informative)
    if n <= EXACT_FLIPS:
        hits = sum(
            sum(d if pattern >> i & 1 else -d for i, d in enumerate(informative)) >= observed for pattern in range(2**n)
        )
        return math.ldexp(hits, -n)
    rng = random.Random(seed)
    hits = sum(
        sum(d if bits >> i & 1 else -d for i, d in enumerate(informative)) >= observed
        for bits in (rng.getrandbits(n) for _ in range(RANDOM_FLIPS))
    )
    return (hits + 1) / (RANDOM_FLIPS + 1)


def paired_interval(differences: Sequence[float], *, seed: int = 0, confidence: float = 0.95) -> Interval:
    """Interval of the mean paired difference.

    Differences of -1, 0, 1: the adjusted Wald interval for paired proportions (Bonett and Price 2012), which adds one
    win and one loss and so holds its level where hardly any pair changes. Graded ones: percentile bootstrap (Efron
    1979) over items, drawn from the seed.
    """
    n = len(differences)
    if n == 0:
        return Interval(-1.0, 1.0)
    informative = [d for d in differences if d]
    if all(abs(d) == 1 for d in informative):
        wins = sum(d > 0 for d in informative)
        return _binary_interval(wins, len(informative) - wins, n, confidence)
    rng = random.Random(seed)
    means = sorted(math.fsum(rng.choices(differences, k=n)) / n for _ in range(BOOTSTRAPS))
    tail = (1 - confidence) / 2
    return Interval(means[int(tail * BOOTSTRAPS)], means[min(BOOTSTRAPS - 1, int((1 - tail) * BOOTSTRAPS))])


def _binary_interval(wins: int, losses: int, n: int, confidence: float) -> Interval:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    won, lost = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    spread = z * math.sqrt((won + lost - (won - lost) ** 2) / (n + 2))
    return Interval(max(-1.0, won - lost - spread), min(1.0, won - lost + spread))


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def pairs_needed(differences: Sequence[float], effect: float, *, alpha: float, power: float = 0.8) -> int | None:
    """Pairs that would confirm an effect of this size, given the spread seen so far; None when no spread was seen.

    Normal approximation for a paired comparison (Miller 2024, "Adding error bars to evals").
    """
    n = len(differences)
    if n < 2 or effect <= 0:
        return None
    mean = math.fsum(differences) / n
    variance = math.fsum((d - mean) ** 2 for d in differences) / (n - 1)
    if variance == 0:
        return None
    z = NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(power)
    return math.ceil(variance * (z / effect) ** 2)
