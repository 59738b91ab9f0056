"""What a gate of so many items can show at all: said before any of them is paid for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from policies.acceptance import Goal, Pair
from policies.chances import chance_binary
from policies.intervals import t_quantile
from policies.rulebook import AcceptanceRules

EXACT_UP_TO = 3_000  # pairs; above, the normal approximation is as good and much quicker
MOST_PAIRS = 1_000_000
LOWER_TAIL = 0.025  # the 95 % interval must exclude nothing gained too, whatever alpha is


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How much single items move. discordance: share of items that are fixed or broken, for scores of 0 and 1;
    deviation: standard deviation of the paired difference, for graded scores (then discordance is None)."""

    discordance: float | None
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerStatement:
    """What n pairs can show at this alpha. chance: of confirming the gain, if it is the true one; smallest: the
    smallest true gain that is confirmed with the rulebook's power, None when none is; needed: pairs in all that would
    confirm the gain with that power, None when no number would. Gains in score units."""

    n: int
    gain: float
    alpha: float
    chance: float
    smallest: float | None
    needed: int | None
    sentence: str


def spread_of(pairs: Sequence[Pair]) -> Spread:
    """The spread to expect at the gate, from pairs of the same two prompts on other items (those of `select`).

    Of scores of 0 and 1: the share of changed items, with one fixed and one unchanged item added so that a few pairs
    without a change do not promise certainty.
    """
    changes = [p.candidate - p.baseline for p in pairs if p.baseline is not None and p.candidate is not None]
    n = len(changes)
    if all(abs(c) in {0.0, 1.0} for c in changes):
        share = (sum(1 for c in changes if c) + 1) / (n + 2)
        return Spread(discordance=share, deviation=math.sqrt(share))
    mean = math.fsum(changes) / n
    return Spread(discordance=None, deviation=math.sqrt(math.fsum((c - mean) ** 2 for c in changes) / max(1, n - 1)))


def power_statement(
    n: int, gain: float, spread: Spread, rules: AcceptanceRules, *, alpha: float | None = None, goal: Goal = "gain"
) -> PowerStatement:
    """Whether n pairs can confirm a true gain, which gains they can confirm, and how many pairs would be enough.

    For scores of 0 and 1 the chance is that of the very rule that `acceptance.compare` decides by, summed over all
    numbers of fixed and broken items (multinomial, as in Connor 1987); above 3,000 pairs and for graded scores the
    normal approximation. goal `non_inferior`: gain is the true change (0 for a text that only got shorter).
    n counts independent pairs: of related items, groups.
    """
    level = rules.alpha if alpha is None else alpha
    chance = chance_of(n, gain, spread, rules, level, goal)
    smallest = _smallest(n, spread, rules, level) if goal == "gain" else None
    needed = n if chance >= rules.power else _needed(n, gain, spread, rules, level, goal)
    return PowerStatement(
        n=n,
        gain=gain,
        alpha=level,
        chance=chance,
        smallest=smallest,
        needed=needed,
        sentence=_sentence(n, gain, chance, smallest, needed, rules, goal),
    )


def chance_of(n: int, gain: float, spread: Spread, rules: AcceptanceRules, alpha: float, goal: Goal = "gain") -> float:
    """The chance that n pairs confirm a true gain, or for `non_inferior` that they rule out a loss of the margin."""
    if n < rules.min_pairs or gain > 1:
        return 0.0
    deviation = spread.deviation
    if spread.discordance is not None:
        share = min(1.0, max(spread.discordance, abs(gain)))
        if n <= EXACT_UP_TO:
            return chance_binary(n, (share + gain) / 2, (share - gain) / 2, rules, alpha, goal)
        deviation = math.sqrt(max(0.0, share - gain * gain))
    if deviation == 0:
        return 1.0 if gain > (0 if goal == "gain" else -rules.margin) else 0.0
    normal, error = NormalDist(), deviation / math.sqrt(n)
    level = 1 - min(alpha, LOWER_TAIL)
    z = normal.inv_cdf(level) if spread.discordance is not None else t_quantile(level, n - 1)
    # Under "nothing gained" the differences are spread around zero, and so wider than around the gain.
    bar = max(z * math.hypot(deviation, gain) / math.sqrt(n), rules.min_effect)
    if goal == "non_inferior":
        bar = z * error - rules.margin
    return normal.cdf((gain - bar) / error)


def _smallest(n: int, spread: Spread, rules: AcceptanceRules, alpha: float) -> float | None:
    low, high = 0.0, 1.0
    if chance_of(n, high, spread, rules, alpha, "gain") < rules.power:
        return None
    while high - low > 0.001:
        middle = (low + high) / 2
        enough = chance_of(n, middle, spread, rules, alpha, "gain") >= rules.power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _needed(n: int, gain: float, spread: Spread, rules: AcceptanceRules, alpha: float, goal: Goal) -> int | None:
    """Doubles until it is enough, then halves the step; the chance rises with n but for small teeth."""
    low, high = n, max(n + 1, rules.min_pairs)
    while chance_of(high, gain, spread, rules, alpha, goal) < rules.power:
        low, high = high, high * 2
        if high > MOST_PAIRS:
            return None
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        enough = chance_of(middle, gain, spread, rules, alpha, goal) >= rules.power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _sentence(
    n: int, gain: float, chance: float, smallest: float | None, needed: int | None, rules: AcceptanceRules, goal: Goal
) -> str:
    if goal == "gain":
        wanted = f"confirm a gain of {_points(gain)}"
        reach = "no gain" if smallest is None else f"a gain of {_points(smallest)}"
        rest = f"the smallest that {n} items show with {rules.power:.0%} is {reach}"
    else:
        wanted, rest = f"rule out a loss of {_points(rules.margin)}", ""
    if chance >= rules.power:
        said = f"{n} items {wanted} with a chance of {chance:.0%}"
        return f"{said}; {rest}" if rest else said
    enough = "no number of items could" if needed is None else f"{needed} could"
    said = f"{n} items cannot {wanted} reliably (chance {chance:.0%}); {enough}"
    return f"{said}; {rest}" if rest else said


def _points(score: float) -> str:
    points = round(score * 100, 1)
    return f"{points:g} point{'' if points == 1 else 's'}"
