"""Is a paired difference real? Exact tests where they exist, for single pairs and for groups of related ones."""

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

from policies.intervals import FEW_KINDS, Interval, bootstrap_means, level_of, paired_interval, standard_error, wilson
from policies.paired import GroupSum, distinct, group_sums, is_binary

__all__ = ["Interval", "holm", "margin_p", "one_sided_p", "paired_interval", "pairs_needed", "wilson"]

EXACT_FLIPS = 18  # informative observations up to which every sign pattern is tried
RANDOM_FLIPS = 10_000
DRAWN_AT_ONCE = 1_000_000  # draws held in memory at a time
ROUNDED = 1e-9  # what one observation may lose where equal ones are drawn together
TIE = 1e-9  # sums of floats this close are the same sum


def one_sided_p(differences: Sequence[float], *, groups: Sequence[Hashable] | None = None, seed: int = 0) -> float:
    """P(a sum at least this large) if the prompts were exchangeable: the smaller, the surer that the mean is above 0.

    Differences of -1, 0, 1 get McNemar's exact test (McNemar 1947); graded ones the sign-flip permutation test,
    exact for up to 18 non-zero ones, else 10,000 flips from the seed, with the +1 of Phipson and Smyth (2010).
    groups: a key per difference; those with the same key (turns of one conversation, variants of one question) are
    flipped together, as one observation. None: every difference stands alone.
    """
    informative = [g.total for g in group_sums(differences, groups) if abs(g.total) > TIE]
    n = len(informative)
    if not n:
        return 1.0
    if all(abs(abs(total) - 1) < TIE for total in informative):
        wins = sum(total > 0 for total in informative)
        return math.ldexp(sum(math.comb(n, k) for k in range(wins, n + 1)), -n)
    observed = math.fsum(informative) - TIE
    if n <= EXACT_FLIPS:
        sums = np.zeros(1)
        for total in informative:
            sums = np.concatenate((sums + total, sums - total))
        return math.ldexp(int(np.count_nonzero(sums >= observed)), -n)
    return (_drawn_hits(informative, observed, seed) + 1) / (RANDOM_FLIPS + 1)


def _drawn_hits(totals: Sequence[float], observed: float, seed: int) -> int:
    kinds = distinct([GroupSum(abs(total), 1) for total in totals])
    together = len(kinds) * FEW_KINDS <= len(totals)
    rows = [(g.total, count) for g, count in kinds] if together else [(abs(total), 1) for total in totals]
    sizes, counts = np.asarray([size for size, _ in rows]), np.asarray([count for _, count in rows])
    rng = np.random.default_rng(seed)
    block, hits = max(1, DRAWN_AT_ONCE // len(rows)), 0
    for start in range(0, RANDOM_FLIPS, block):
        shape = (min(block, RANDOM_FLIPS - start), len(rows))
        positive = rng.binomial(counts, 0.5, size=shape) if together else rng.integers(0, 2, size=shape, dtype=np.int8)
        hits += int(np.count_nonzero((2 * positive - counts) @ sizes >= observed - len(totals) * ROUNDED))
    return hits


def margin_p(
    differences: Sequence[float], margin: float, *, groups: Sequence[Hashable] | None = None, seed: int = 0
) -> float:
    """P(a mean difference at least this large) if the truth were a loss of exactly the margin (score units, > 0).

    The smaller, the surer that the candidate is not worse by the margin or more. Differences of -1, 0, 1: the score
    test of Tango (1998), which stays honest where hardly any pair changes; graded or grouped ones: the level at which
    the lower bound of `paired_interval` meets the loss.
    """
    if not differences:
        return 1.0
    sums = group_sums(differences, groups)
    if is_binary(sums):
        return _tango(sum(g.total > 0 for g in sums), sum(g.total < 0 for g in sums), len(sums), margin)
    if len(sums) == 1:
        return 1.0
    return level_of(bootstrap_means(sums, seed), len(sums), -margin)


def _tango(wins: int, losses: int, n: int, margin: float) -> float:
    b = wins + losses + (2 * n - wins + losses) * margin
    rest = losses * margin * (1 + margin)
    lost = (math.sqrt(max(0.0, b * b - 8 * n * rest)) + b) / (4 * n)  # P(a loss), most likely under the margin
    variance = n * (2 * lost - margin * (1 + margin))
    if variance <= 0:
        return 1.0
    return 1 - NormalDist().cdf((wins - losses + n * margin) / math.sqrt(variance))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P values adjusted for being several, in the order given (Holm 1979): rejecting those at most alpha errs at all
    with a probability of at most alpha, however the tests depend on each other."""
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)


def pairs_needed(
    differences: Sequence[float],
    effect: float,
    *,
    alpha: float,
    power: float = 0.8,
    groups: Sequence[Hashable] | None = None,
) -> int | None:
    """Pairs in all (not on top of these) that would confirm an effect of this size, given the spread seen so far.

    None when no spread was seen. Normal approximation for a paired comparison (Connor 1987), with the variance of
    groups where there are some (Miller 2024, "Adding error bars to evals").
    """
    sums: list[GroupSum] = group_sums(differences, groups)
    error = standard_error(sums)
    if len(sums) < 2 or effect <= 0 or error == 0:
        return None
    deviation = error * math.sqrt(len(differences))
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha) * math.hypot(deviation, effect) + normal.inv_cdf(power) * deviation
    return math.ceil((reach / effect) ** 2)
