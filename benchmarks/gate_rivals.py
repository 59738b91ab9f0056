"""Other rules for "it is better", run on the same simulated worlds: written from their published descriptions."""

from dataclasses import dataclass

import numpy as np

from benchmarks.gate_worlds import World, mean

MINIBATCH = 3
SUBSET = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a procedure says at the end of a search: whether it found something better, and by how much it says so."""

    better: bool
    gain: float


def three_item_rule(world: World, rng: np.random.Generator, candidates: int, items: int) -> Claim:
    """A child that beats its parent's sum on three items is scored on all items; the best mean of all wins.

    The default acceptance of GEPA (Agrawal et al. 2025): a strict gain on a minibatch of three, then the validation
    set, on which the winner is also chosen and reported.
    """
    fate = world.items(rng, items)
    first = best = mean(world.answered(rng, fate))
    for _ in range(candidates):
        training = world.items(rng, MINIBATCH)
        parent = world.answered(rng, training).sum()
        child = world.answered(rng, world.reworded(rng, training)).sum()
        if child > parent:
            best = max(best, mean(world.answered(rng, world.reworded(rng, fate))))
    return Claim(better=best > first, gain=best - first)


def fresh_subsets(world: World, rng: np.random.Generator, candidates: int, items: int) -> Claim:
    """Every round scores one prompt on a fresh random subset of forty items, and the best round wins.

    Rounds are not compared on the same items, so the best is partly the round with the easiest subset.
    """
    fate = world.items(rng, max(items, 2 * SUBSET))
    fates = [fate, *(world.reworded(rng, fate) for _ in range(candidates))]
    rounds = [mean(world.answered(rng, f[rng.choice(len(f), SUBSET, replace=False)])) for f in fates]
    return Claim(better=max(rounds[1:]) > rounds[0], gain=max(rounds) - rounds[0])
