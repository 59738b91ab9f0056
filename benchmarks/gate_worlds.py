"""Simulated prompts for the gate: items that stay as they are, change with the wording, and flip by chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policies.acceptance import Pair

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

PASSING = 0.7  # share of items that the live prompt gets right
GRADES = 4  # graded scores are 0, 1/4, … 1


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How scores come about. noise: share of answers that are redrawn whenever they are asked for, whatever the
    wording; stir: share of items whose fate another wording draws anew, for better or worse."""

    graded: bool
    noise: float
    stir: float = 0.15

    def items(self, rng: np.random.Generator, n: int) -> Floats:
        """The fate of n fresh items under the live prompt."""
        if self.graded:
            return np.round(rng.beta(2.8, 1.2, n) * GRADES) / GRADES
        return (rng.random(n) < PASSING).astype(np.float64)

    def reworded(self, rng: np.random.Generator, live: Floats, gain: float = 0.0) -> Floats:
        """The same items under another wording whose mean over all possible items is higher by `gain`."""
        redrawn = np.where(rng.random(len(live)) < self.stir, self.items(rng, len(live)), live)
        if gain > 0:
            lost = 1 - PASSING  # of both kinds of score
            return np.where(rng.random(len(live)) < gain / lost, 1.0, redrawn)
        return np.where(rng.random(len(live)) < -gain / PASSING, 0.0, redrawn)

    def answered(self, rng: np.random.Generator, fate: Floats) -> Floats:
        """The scores of one run over these items."""
        return np.where(rng.random(len(fate)) < self.noise, self.items(rng, len(fate)), fate)

    def seen(self, gain: float) -> float:
        """What is left of a true gain between two noisy readings."""
        return gain * (1 - self.noise)

    def __str__(self) -> str:
        return f"{'graded' if self.graded else 'pass or fail'}, {self.noise:.0%} noise"


def pairs_of(live: Floats, candidate: Floats) -> list[Pair]:
    """Paired scores as the gate takes them."""
    return [
        Pair(item_id=f"i-{n}", segment=None, baseline=float(a), candidate=float(b))
        for n, (a, b) in enumerate(zip(live, candidate, strict=True))
    ]


def mean(scores: Floats | Sequence[float]) -> float:
    """The mean as a plain number."""
    return float(np.mean(scores))
