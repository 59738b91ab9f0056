"""The exact chance that the gate's rule says yes, over everything that may happen to items scored 0 or 1."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from policies.acceptance import Goal
from policies.rulebook import AcceptanceRules

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Yes = np.ndarray[tuple[int], np.dtype[np.bool_]]

WIDE = 7.0  # standard deviations of the number of changed items that are looked at; the rest weighs less than 1e-11
Z95 = 1.959964


def chance_binary(n: int, win: float, loss: float, rules: AcceptanceRules, alpha: float, goal: Goal) -> float:
    """P(the verdict is `better`, or `non_inferior`) when each of n items is fixed or broken with these probabilities.

    Sums the multinomial over numbers of changed items and of fixed ones among them.
    """
    share = win + loss
    middle, width = n * share, WIDE * math.sqrt(n * share * (1 - share)) + 1
    weights, total = _binomial(n, share), 0.0
    for changed in range(max(0, math.floor(middle - width)), min(n, math.ceil(middle + width)) + 1):
        weight = float(weights[changed])
        if weight > 1e-12:
            yes = _gains(n, changed, alpha, rules) if goal == "gain" else _holds(n, changed, alpha, rules)
            total += weight * float(_binomial(changed, win / share if share else 0.0)[yes].sum())
    return min(1.0, total)


def _gains(n: int, changed: int, alpha: float, rules: AcceptanceRules) -> Yes:
    """For 0, 1, … fixed ones among the changed: whether the rule says `better`."""
    fixed = np.arange(changed + 1, dtype=np.float64)
    tail = np.cumsum(_binomial(changed, 0.5)[::-1])[::-1]  # McNemar: P(at least as many fixed)
    gain = (2 * fixed - changed) / n
    yes: Yes = (tail <= alpha * (1 + 1e-9)) & (_low(n, fixed, changed) > 0) & (gain >= rules.min_effect - 1e-12)
    return yes


def _holds(n: int, changed: int, alpha: float, rules: AcceptanceRules) -> Yes:
    """The same for `non_inferior`, by Tango's test (`policies.significance.margin_p`)."""
    fixed = np.arange(changed + 1, dtype=np.float64)
    broken, margin = changed - fixed, rules.margin
    b = changed + (2 * n - fixed + broken) * margin
    lost = (np.sqrt(np.maximum(0.0, b * b - 8 * n * broken * margin * (1 + margin))) + b) / (4 * n)
    variance = n * (2 * lost - margin * (1 + margin))
    z = (fixed - broken + n * margin) / np.sqrt(np.maximum(variance, 1e-300))
    yes: Yes = (variance > 0) & (z >= NormalDist().inv_cdf(1 - alpha)) & (_low(n, fixed, changed) > -margin)
    return yes


def _low(n: int, fixed: Floats, changed: int) -> Floats:
    """Lower bound of the 95 % interval, as `policies.intervals` computes it."""
    won, lost = (fixed + 1) / (n + 2), (changed - fixed + 1) / (n + 2)
    low: Floats = won - lost - Z95 * np.sqrt((won + lost - (won - lost) ** 2) / (n + 2))
    return low


def _binomial(n: int, p: float) -> Floats:
    """P(0), P(1), … P(n) of a binomial distribution, by logarithms so that nothing overflows."""
    k = np.arange(n + 1, dtype=np.float64)
    if p <= 0 or p >= 1:
        sure: Floats = np.where(k == (n if p >= 1 else 0), 1.0, 0.0)
        return sure
    logs = _log_factorials(1 << n.bit_length())[: n + 1]
    chances: Floats = np.exp(logs[n] - logs - logs[::-1] + k * math.log(p) + (n - k) * math.log1p(-p))
    return chances


@lru_cache(maxsize=8)
def _log_factorials(most: int) -> Floats:
    return np.concatenate((np.zeros(1), np.cumsum(np.log(np.arange(1, most + 1, dtype=np.float64)))))
