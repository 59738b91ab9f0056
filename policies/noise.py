"""How much of a score is chance: what the same prompt scores when it is asked the same things again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from policies.intervals import wilson
from policies.rulebook import AcceptanceRules

ALIKE = 1e-9
MOST_REPEATS = 5
Z80 = 1.2816  # a tie is a difference that chance alone exceeds in one comparison of five


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The noise of n items read at least twice. flips: share of pairs of readings of one item that differ, with its
    95 % interval flips_low to flips_high; within, between: standard deviation of one reading around its item's mean,
    and of the items' means; mean: of all readings."""

    n: int
    flips: float
    flips_low: float
    flips_high: float
    within: float
    between: float
    mean: float

    def repeats(self) -> int:
        """Readings per item after which chance moves an item less than half as much as items differ; at most 5.

        More items are worth more than more readings, so only noise that drowns the items asks for repetition.
        """
        if self.within < ALIKE:
            return 1
        return max(1, min(MOST_REPEATS, math.ceil((2 * self.within / max(self.between, ALIKE)) ** 2)))

    def tie_margin(self, items: int, repeats: int = 1) -> float:
        """Difference of two mean scores over these items that chance alone exceeds in one comparison of five."""
        return Z80 * self.within * math.sqrt(2 / (items * repeats)) if items else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Whether a search is worth its price; sentence says why not."""

    worthwhile: bool
    sentence: str


def noise_of(readings: Sequence[Sequence[float | None]]) -> Noise | None:
    """The noise in repeated readings, one sequence per item; items with fewer than two known ones are left out.

    None when no item is left. Full marks are 1; a difference below a billionth is none.
    """
    known = [[s for s in item if s is not None] for item in readings]
    read = [item for item in known if len(item) >= 2]
    if not read:
        return None
    pairs = [abs(a - b) > ALIKE for item in read for i, a in enumerate(item) for b in item[i + 1 :]]
    # Pairs within one item are not independent: the interval counts items.
    flips = sum(pairs) / len(pairs)
    low, high = wilson(round(flips * len(read)), len(read))
    means = [math.fsum(item) / len(item) for item in read]
    mean = math.fsum(means) / len(means)
    degrees = sum(len(item) - 1 for item in read)
    within = math.fsum((s - m) ** 2 for item, m in zip(read, means, strict=True) for s in item) / degrees
    spread = math.fsum((m - mean) ** 2 for m in means) / max(1, len(read) - 1)
    mean_readings = len(read) / math.fsum(1 / len(item) for item in read)
    return Noise(
        n=len(read),
        flips=flips,
        flips_low=low,
        flips_high=high,
        within=math.sqrt(within),
        between=math.sqrt(max(0.0, spread - within / mean_readings)),
        mean=mean,
    )


def worth_starting(again: Sequence[float | None], failing: float, rules: AcceptanceRules) -> Worth:
    """Whether there is anything to mend that does not mend itself when asked again.

    again: new scores of items that failed, None where there is none; failing: share of all items that failed at first.
    Not worth it only where that is shown: even at the upper bound of how many fail twice (Wilson), the items that do
    are fewer than the smallest gain worth a change.
    """
    known = [s for s in again if s is not None]
    if not known:
        return Worth(worthwhile=True, sentence="no failing item was asked again")
    twice = sum(s < 1 - ALIKE for s in known)
    most = failing * wilson(twice, len(known))[1]
    told = f"{twice} of {len(known)} failing items fail again when they are asked again"
    if most >= rules.min_effect:
        return Worth(worthwhile=True, sentence=told)
    return Worth(
        worthwhile=False,
        sentence=f"the failures are chance: {told}, so at most {most:.1%} of all items fail for a reason that wording "
        "could mend",
    )
