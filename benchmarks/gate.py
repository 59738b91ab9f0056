"""Does the gate say "better" when nothing is, and does it see what is?

    python -m benchmarks.gate [--runs 300] [--seed 1]

Three tables over simulated prompts (`gate_worlds.py`), through the product's own pure functions: searches in which no
candidate is truly better, beside two other rules; true gains against the chance that the power statement names; and
whole lives of prompts that are searched again and again. Ends with 1 when a promise is broken.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.gate_rivals import Claim, fresh_subsets, three_item_rule
from benchmarks.gate_worlds import Floats, World, mean, pairs_of
from policies.acceptance import Comparison, Goal, compare
from policies.alpha_spending import Look, grant
from policies.power import chance_of, spread_of
from policies.racing import call, most_to_gain, standing
from policies.rulebook import AcceptanceRules, read_rulebook

RULES = read_rulebook(None, "the shipped rulebook")
WORLDS = tuple(World(graded=graded, noise=noise) for graded in (False, True) for noise in (0.03, 0.1, 0.3))
CANDIDATES, SELECT, GATE = 8, 40, 100
LIVES, SEARCHES = 150, 25
PART = 12  # items by which an open race grows
PREFIX = {n: frozenset(f"s-{i}" for i in range(n)) for n in range(SELECT + 1)}
Scores = dict[str, float | None]
NEAR = 0.15  # a share of 100 gates is known to a standard error of 0.05
START = datetime(2026, 1, 1, tzinfo=UTC)


def chosen(world: World, rng: np.random.Generator, gain: float) -> bool:
    """Whether a race on `select`, by the product's rules, ends with a candidate that goes to the gate."""
    fate = world.items(rng, SELECT)
    lead = scores(world.answered(rng, fate))
    tried = [scores(world.answered(rng, world.reworded(rng, fate, gain))) for _ in range(CANDIDATES)]
    opened_items, won = min(RULES.search.race_items, SELECT), False
    for start in (opened_items, SELECT):
        opened_items = max(opened_items, start)
        for mine in tried if not won else ():
            ahead, opened_items = beats(lead, mine, opened_items)
            if ahead:
                lead, won = mine, True
    return won


def beats(lead: Scores, mine: Scores, items: int) -> tuple[bool, int]:
    """Whether a challenger takes the lead, and on how many items the race stands then."""
    rules = RULES.search
    while True:
        now, against = ({i: s for i, s in side.items() if i in PREFIX[items]} for side in (mine, lead))
        stand = standing(against, now, confidence=2 * rules.race_confidence - 1, seed=0)
        done = items == SELECT
        ahead = most_to_gain(against, now) if done else stand.total + SELECT - items
        said = call(stand, ahead=ahead, min_gain=rules.min_gain_items, finished=done)
        if said != "on":
            return said == "wins", items
        items = min(SELECT, items + PART)


def scores(answers: Floats) -> Scores:
    """Scores by item."""
    return {f"s-{n}": float(s) for n, s in enumerate(answers)}


def opened(
    world: World,
    rng: np.random.Generator,
    fate: Floats,
    gain: float,
    *,
    goal: Goal = "gain",
    alpha: float | None = None,
) -> Comparison:
    """The gate, opened with a candidate of this true gain."""
    live, candidate = world.answered(rng, fate), world.answered(rng, world.reworded(rng, fate, gain))
    return compare(pairs_of(live, candidate), RULES.acceptance, seed=int(rng.integers(2**31)), goal=goal, alpha=alpha)


def search(world: World, rng: np.random.Generator) -> Claim:
    """One search in which nothing is better: the race on `select`, then the gate for its winner."""
    if not chosen(world, rng, 0.0):
        return Claim(better=False, gain=0.0)
    comparison = opened(world, rng, world.items(rng, GATE), 0.0, alpha=grant([], RULES.acceptance).alpha)
    better = comparison.verdict == "better"
    return Claim(better=better, gain=comparison.gain if better else 0.0)


def nothing_is_better(runs: int, seed: int) -> bool:
    """Table 1; whether the promise holds in every world."""
    rules: dict[str, Callable[[World, np.random.Generator], Claim]] = {
        "gate": search,
        "three items": lambda world, rng: three_item_rule(world, rng, CANDIDATES, SELECT),
        "fresh subsets": lambda world, rng: fresh_subsets(world, rng, CANDIDATES, SELECT),
    }
    print(f"nothing is better: false `better` in {runs} searches of {CANDIDATES} candidates (mean claimed gain)")
    print(f"{'world':26}" + "".join(f"{name:>22}" for name in rules))
    kept = True
    for world in WORLDS:
        row = f"{world!s:26}"
        for name, rule in rules.items():
            claims = [rule(world, np.random.default_rng([seed, n])) for n in range(runs)]
            false = sum(c.better for c in claims)
            row += f"{f'{false} ({mean([c.gain for c in claims]):+.3f})':>22}"
            kept = kept and (name != "gate" or false <= 0.05 * runs)
        print(row)
    print()
    return kept


def gains_are_seen(runs: int, seed: int) -> bool:
    """Table 2; whether the promised chances are those found."""
    print(f"true gains confirmed in {runs} gates, beside the chance that the statement names beforehand")
    print(f"{'world':26}{'gate':>6}" + "".join(f"{f'{gain:+.2f}':>16}" for gain in (0.05, 0.1, 0.2)))
    kept = True
    for world in (WORLDS[1], WORLDS[2], WORLDS[4]):
        for n in (40, 100, 200, 400):
            row = f"{world!s:26}{n:6}"
            for gain in (0.05, 0.1, 0.2):
                found, promised = confirmed(world, n, gain, runs, seed)
                kept = kept and abs(found - promised) <= NEAR
                row += f"{f'{found:.0%} of {promised:.0%}':>16}"
            print(row)
    print()
    return kept


def confirmed(world: World, n: int, gain: float, runs: int, seed: int, goal: Goal = "gain") -> tuple[float, float]:
    """Share of gates that confirm, and the mean of the chances stated from an earlier look at `select` items."""
    found, promised = 0, []
    for run in range(runs):
        rng = np.random.default_rng([seed, n, run])
        fate = world.items(rng, 240)
        before = pairs_of(world.answered(rng, fate), world.answered(rng, world.reworded(rng, fate, gain)))
        rules = RULES.acceptance
        promised.append(chance_of(n, world.seen(gain), spread_of(before), rules, rules.alpha, goal))
        found += opened(world, rng, world.items(rng, n), gain, goal=goal).verdict in {"better", "non_inferior"}
    return found / runs, mean(promised)


def nothing_is_lost(runs: int, seed: int) -> bool:
    """Table 3: shorter texts that lose exactly the margin, or nothing."""
    margin = RULES.acceptance.margin
    print(f"`non-inferior` in {runs} gates of 400: text that loses the margin ({margin:g}), and one that loses nothing")
    print(f"{'world':26}{'loses the margin':>18}{'loses nothing':>18}")
    kept = True
    for world in (World(graded=graded, noise=noise, stir=0.03) for graded in (False, True) for noise in (0.03, 0.1)):
        false, _ = confirmed(world, 400, -margin / (1 - world.noise), runs, seed, "non_inferior")
        found, promised = confirmed(world, 400, 0.0, runs, seed, "non_inferior")
        kept = kept and false <= 0.05
        print(f"{world!s:26}{false:>18.1%}{f'{found:.0%} of {promised:.0%}':>18}")
    print()
    return kept


def life(world: World, rules: AcceptanceRules, seed: int, share: float, *, spending: bool) -> tuple[int, int]:
    """(false, all) `better` in a life of searches on one gate set, of which this share has a truly better candidate."""
    rng = np.random.default_rng(seed)
    fate, looks, false, found = world.items(rng, GATE), list[Look](), 0, 0
    for day in range(SEARCHES):
        gain = 0.2 if rng.random() < share else 0.0
        if not chosen(world, rng, gain):
            continue
        alpha = grant(looks, rules).alpha if spending else rules.alpha
        said = opened(world, rng, fate, gain, alpha=alpha)
        looks.append(Look(at=START + timedelta(days=day), p=said.p, verdict=said.verdict, alpha=alpha))
        found += said.verdict == "better"
        false += said.verdict == "better" and gain == 0.0
    return false, found


def lives_are_honest(seed: int) -> bool:
    """Table 4; whether spending keeps what the rulebook promises over a life."""
    rules, world = RULES.acceptance, World(graded=False, noise=0.1)
    print(f"{LIVES} lives of {SEARCHES} searches on one gate set of {GATE} ({world})")
    print(f"{'bar':34}{'lives fooled, none better':>28}{'false of found, some better':>30}")
    kept = True
    for name, spending in (("error spent over the life", True), (f"{rules.alpha:g} at every look", False)):
        null = [life(world, rules, seed + n, 0.0, spending=spending) for n in range(LIVES)]
        mixed = [life(world, rules, seed + n, 0.2, spending=spending) for n in range(LIVES)]
        fooled = sum(false > 0 for false, _ in null) / LIVES
        false, found = (sum(one[place] for one in mixed) for place in (0, 1))
        print(f"{name:34}{fooled:>28.1%}{f'{false} of {found} ({false / max(1, found):.1%})':>30}")
        if spending:
            slack = 3 * (0.05 * 0.95 / LIVES) ** 0.5
            kept = fooled <= rules.life_error / 2 + slack and false / max(1, found) <= rules.life_error
    print()
    return kept


def main(arguments: list[str]) -> int:
    """Print the tables; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    kept = [
        nothing_is_better(asked.runs, asked.seed),
        gains_are_seen(asked.runs // 3, asked.seed),
        nothing_is_lost(asked.runs, asked.seed),
        lives_are_honest(asked.seed),
    ]
    said = "every promise is kept" if all(kept) else "A PROMISE IS BROKEN"
    print(f"{said}; {time.process_time():.0f} CPU seconds")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
