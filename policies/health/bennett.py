"""Evidence for a drop at every possible onset, for many series at once.

For a split into before and after, let N, n1, n2 be the counts of one segment in total, before and after, m its pooled
mean and Q its pooled sum of squared deviations. If nothing changed, the scores after the split are an exchangeable
draw from all of them, so the deficit U = n2 m - (sum after) has mean 0 and variance V = n1 n2 Q / (N (N - 1)). Summed
over segments (as in Mantel and Haenszel's test) U does not move when only the mix of traffic does. Bennett's
inequality turns it into evidence for any law on [0, 1]: T = V / b^2 psi(b U / V), psi(u) = (1 + u) ln(1 + u) - u, with
b the largest possible deviation of one score in the smaller group, and P(T >= h) is about exp(-h) at most.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from library.trends import Looks, TrendState
from policies.health.evidence import ScanSettings

Floats = NDArray[np.float64]

SMALLEST_RANGE = 0.05
SMALLEST_VARIANCE = 1e-9
# A known target this close to 0 or 1 is taken as this far away: one failure must not be infinite evidence.
FARTHEST = 0.001
# How probable clustered scores are beforehand.
CLUSTERED = 0.3
# One large difference may be a shift of level: for clustering it counts as three standard deviations at the most.
LARGEST_BY_CHANCE = 9.0
# A cluster cut in two by the edge between looks makes them more alike: the ratio falls short by about an eighth.
CUT_CLUSTERS = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Sums of P series, padded to the same S segments and K buckets.

    n, total, squares: (P, S, K); low, high: (P, S); dispersion: (P,), at least 1.
    """

    n: Floats
    total: Floats
    squares: Floats
    low: Floats
    high: Floats
    dispersion: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Every split of every series; split k lies before bucket k.

    n1, n2, deficit, variance: (P, S, K); sum1, sum2: sums before and after, same shape; evidence, allowed: (P, K);
    by_segment: evidence of each segment alone, (P, S, K). Splits that are not allowed have evidence 0.
    """

    n1: Floats
    n2: Floats
    sum1: Floats
    sum2: Floats
    deficit: Floats
    variance: Floats
    evidence: Floats
    by_segment: Floats


def dispersion(looks: Looks) -> float:
    """Design effect of clustered scores (retries, one user flooding), from the differences of successive looks.

    The mean squared difference (von Neumann's ratio) is about 1 for independent scores, and a shift of level hardly
    moves it. It counts with the posterior probability that there are clusters at all: their sum over n looks is close
    to a gamma variable with mean n D and variance 3 n D^2; the likelihood of the best D is discounted as in Schwarz's
    criterion. So a healthy series does not pay for the noise of the estimate, and clusters are believed early.
    """
    n = looks.spread_n
    if not n:
        return 1.0
    ratio = max((looks.spread - max(looks.spread_top - LARGEST_BY_CHANCE, 0.0)) / n, 1.0)
    shape = n / 3.0
    log_likelihood = min(shape * (ratio - 1.0 - math.log(ratio)), 50.0)
    odds = CLUSTERED / (1.0 - CLUSTERED) * math.exp(log_likelihood) / math.sqrt(1.0 + 0.5 * shape)
    return 1.0 + odds / (1.0 + odds) * (CUT_CLUSTERS * ratio - 1.0)


def stack(states: Sequence[TrendState]) -> Stack:
    """Lay the sums of several series side by side."""
    buckets = max((len(s.starts) for s in states), default=0)
    segments = max((len(s.segments) for s in states), default=0)
    sums = np.zeros((3, len(states), max(segments, 1), max(buckets, 1)))
    low, high = np.ones(sums.shape[1:3]), np.zeros(sums.shape[1:3])
    for p, state in enumerate(states):
        k = len(state.starts)
        for s, seg in enumerate(state.segments.values()):
            sums[0, p, s, :k] = seg.n
            sums[1, p, s, :k] = seg.total
            sums[2, p, s, :k] = seg.squares
            low[p, s], high[p, s] = seg.low, seg.high
    spread = np.array([dispersion(s.looks) for s in states])
    return Stack(n=sums[0], total=sums[1], squares=sums[2], low=low, high=high, dispersion=spread)


def bennett(deficit: Floats, variance: Floats, reach: Floats) -> Floats:
    """Bennett's exponent of a deficit with this variance when one score can contribute at most `reach`."""
    variance = np.maximum(variance, SMALLEST_VARIANCE)
    u = np.maximum(reach * deficit / variance, 0.0)
    exponent: Floats = variance / (reach * reach) * ((1 + u) * np.log1p(u) - u)
    return exponent


def own_past(s: Stack, settings: ScanSettings) -> Splits:
    """Compare after with before, within segments."""
    n1, sum1 = _before(s.n), _before(s.total)
    N, X = s.n.sum(2, keepdims=True), s.total.sum(2, keepdims=True)
    n2, sum2 = N - n1, X - sum1
    mean = X / np.maximum(N, 1.0)
    Q = np.maximum(s.squares.sum(2, keepdims=True) - X * mean, 0.0)
    deficit = n2 * mean - sum2
    paired = np.maximum(N, 2.0)
    variance = n1 * n2 * (Q / (paired * (paired - 1.0)))
    loss = np.maximum(mean - s.low[..., None], SMALLEST_RANGE)
    gain = np.maximum(s.high[..., None] - mean, SMALLEST_RANGE)
    all1, all2 = n1.sum(1), n2.sum(1)
    present = N > 0
    most_loss, most_gain = np.where(present, loss, 0.0).max(1), np.where(present, gain, 0.0).max(1)
    reach = np.maximum(np.where(all2 <= all1, most_loss, most_gain), SMALLEST_RANGE)
    allowed = (all1 >= settings.n_base) & (all2 > 0)
    spread = s.dispersion[:, None]
    evidence = np.where(allowed, bennett(deficit.sum(1), variance.sum(1), reach), 0.0) / spread
    alone = bennett(deficit, variance, np.where(n2 <= n1, loss, gain))
    blamable = allowed[:, None, :] & (n1 >= settings.min_segment)
    return Splits(
        n1=n1, n2=n2, sum1=sum1, sum2=sum2, deficit=deficit, variance=variance, evidence=evidence,
        by_segment=np.where(blamable, alone, 0.0) / spread[..., None],
    )  # fmt: skip


def known_target(s: Stack, targets: Sequence[float | None]) -> Splits:
    """Compare after with a target that is known exactly, all segments together; no target, no evidence.

    A known mean is worth more than a guess of the variance: n2 kl(mean after, target) holds for any law on [0, 1]
    (Hoeffding 1963, theorem 1) and is exact for pass or fail. Bennett's inequality is sharper for smooth scores.
    """
    p0 = np.array([0.0 if t is None else t for t in targets])[:, None, None]
    n1, sum1 = _before(s.n), _before(s.total)
    N, X = s.n.sum(2, keepdims=True), s.total.sum(2, keepdims=True)
    n2, sum2 = N - n1, X - sum1
    Q = np.maximum(s.squares.sum(2, keepdims=True) - 2.0 * X * p0 + N * p0 * p0, 0.0).sum(1, keepdims=True)
    deficit = n2 * p0 - sum2
    variance = n2 * (Q / np.maximum(N.sum(1, keepdims=True), 1.0))
    lowest = np.where(N[..., 0] > 0, s.low, 1.0).min(1)
    reach = np.maximum(p0[..., 0] - lowest[:, None], SMALLEST_RANGE)
    smooth = bennett(deficit.sum(1), variance.sum(1), reach)
    evidence = np.maximum(smooth, chernoff(sum2.sum(1), n2.sum(1), p0[..., 0])) / s.dispersion[:, None]
    return Splits(
        n1=n1, n2=n2, sum1=sum1, sum2=sum2, deficit=deficit, variance=variance, evidence=evidence,
        by_segment=np.zeros_like(deficit),
    )  # fmt: skip


def chernoff(total: Floats, n: Floats, target: Floats) -> Floats:
    """n kl(total / n, target): the exponent of n scores on [0, 1] with this total when their mean is the target."""
    p = np.clip(target, FARTHEST, 1.0 - FARTHEST)
    mean = np.clip(total / np.maximum(n, 1.0), 0.0, p)
    passed = mean * np.log(np.maximum(mean, FARTHEST * FARTHEST) / p)
    exponent: Floats = np.maximum(n, 0.0) * (passed + (1.0 - mean) * np.log((1.0 - mean) / (1.0 - p)))
    return exponent


def _before(sums: Floats) -> Floats:
    """Sums before each split: split 0 lies before everything."""
    before = np.zeros_like(sums)
    np.cumsum(sums[..., :-1], axis=2, out=before[..., 1:])
    return before
