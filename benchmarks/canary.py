"""Does a staged release take back what is worse, soon, and leave alone what is not?

    python -m benchmarks.canary [--runs 400] [--calls 20000] [--seed 1] [--processes 2]

Simulated releases (`canary_worlds.py`) through the product's own judgement and the shipped rulebook, with a look after
every 20 canary scores: steps of 5, 25 and 50 %, each until it may go on, the last one kept up to the end (a second
signature that never comes), so that a false rollback has every chance. Worlds beyond the promised ones get a quarter of
the runs and half of the calls. Beside it two rules that were not taken: a test of two proportions at every look, and
the bar of the health scan. Ends with 1 when a promise is broken.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from statistics import NormalDist, median

import numpy as np

from benchmarks.canary_worlds import LOOK, SHARES, Stream, World
from policies.health.bennett import bennett
from policies.health.evidence import bar
from policies.intervals import wilson
from policies.rollout import Arms, ReleaseTerms, judge
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "the shipped rulebook").release
MIX = {"billing": 0.1, "account": 0.3, "orders": 0.6}
TWENTY = {f"s{n:02}": 0.05 for n in range(20)}
TRAP = World(
    name="equal, mix and level drift",
    rates={"easy": 0.98, "hard": 0.70},
    shares={"easy": 0.9, "hard": 0.1},
    drift_rates={"easy": 0.93, "hard": 0.60},
    drift_shares={"easy": 0.2, "hard": 0.8},
)
THREE = {"billing": 0.9, "account": 0.9, "orders": 0.9}
# A share of rollbacks that is promised, at least; None: a rollback would be false.
PROMISED: tuple[tuple[World, float | None], ...] = (
    (World(name="equal"), None),
    (World(name="5 points worse", harm={"": 0.05}), 0.95),
    (World(name="10 points worse", harm={"": 0.10}), 0.99),
    (World(name="20 points worse", harm={"": 0.20}), 1.0),
)
BEYOND: tuple[tuple[World, float | None], ...] = (
    (World(name="equal, base 0.99", rates={"all": 0.99}), None),
    (TRAP, None),
    (World(name="equal, graded", rates={"all": 0.8}, graded=True), None),
    (World(name="equal, sessions of 5", session=5), None),
    (World(name="equal, long tails", slower=1.0, tail=(0.05, 0.05)), None),
    (World(name="equal, longer tail", slower=1.0, tail=(0.02, 0.04)), None),
    (World(name="2 points worse", harm={"": 0.02}), 0.0),
    (World(name="graded, 5 points worse", rates={"all": 0.8}, graded=True, harm={"": 0.05}), 0.95),
    (World(name="billing (10 %) 40 worse", rates=THREE, shares=MIX, harm={"billing": 0.4}), 0.99),
    (replace(TRAP, name="drift, 5 points worse", harm={"": 0.05}), 0.95),
    (World(name="sessions of 5, 10 worse", session=5, harm={"": 0.10}), 0.95),
    (World(name="takes twice as long", slower=2.0), 0.99),
    (World(name="equal, 20 segments", rates=dict.fromkeys(TWENTY, 0.9), shares=TWENTY), None),
)
FALSE = 0.02  # promised: the largest share of equal versions that is rolled back


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One release. at: canary calls when it was rolled back, None when it never was; passed: canary calls when every
    step had been passed, None when it never came to that; covered: whether the interval held the truth at every look;
    proportions, scan: canary calls at which the other two rules would have rolled back."""

    at: int | None
    passed: int | None
    covered: bool
    proportions: int | None
    scan: int | None


def life(world: World, calls: int, seed: int, run: int) -> Life:
    """One release from its first call to the end of the stream, or until all three rules have rolled it back."""
    stream = Stream(world, np.random.default_rng([seed, run]), calls)
    stage, at, passed, covered = 0, None, None, True
    others: tuple[int | None, ...] = (None, None)
    truth = -world.harm.get("", 0.0)
    while stream.n_canary < calls and (at is None or None in others):
        arms = stream.look(stage)
        others = tuple(
            stream.n_canary if was is None and said else was
            for was, said in zip(others, rivals(arms, calls), strict=True)
        )
        if at is not None:
            continue
        said = judge(arms, terms(stage))
        score = said.readings[0]
        if score.low is not None and score.high is not None:
            covered = covered and score.low <= truth <= score.high
        if said.verdict == "roll_back":
            at = stream.n_canary
        elif said.verdict == "advance":
            passed = passed or (stream.n_canary if stage + 1 == len(SHARES) else None)
            stage = min(stage + 1, len(SHARES) - 1)
    return Life(at=at, passed=passed, covered=covered, proportions=others[0], scan=others[1])


def terms(stage: int) -> ReleaseTerms:
    """The shipped rulebook's."""
    return ReleaseTerms(
        stage=stage,
        min_scores=RULES.min_scores,
        alpha=RULES.alpha,
        doubt=RULES.doubt,
        margin=RULES.margin,
        margin_relative=RULES.margin_relative,
    )


def rivals(arms: Arms, calls: int) -> tuple[bool, bool]:
    """Whether a test of two proportions at alpha, and the bar of the health scan, speak against the canary's score."""
    sides = [[getattr(cell, arm) for cell in arms.score.cells] for arm in ("control", "canary")]
    (n1, x1, s1), (n2, x2, s2) = (
        (sum(s.n for s in side), sum(s.total for s in side), sum(s.squares for s in side)) for side in sides
    )
    if not n1 or not n2:
        return False, False
    N, mean = n1 + n2, (x1 + x2) / (n1 + n2)
    Q = max(s1 + s2 - N * mean * mean, 0.0)
    deficit, variance = n2 * mean - x2, n1 * n2 * Q / (N * max(N - 1, 1))
    z = deficit / math.sqrt(variance) if variance > 0 else 0.0
    reach = max(mean - arms.score.low, 0.05)
    T = float(bennett(np.array(deficit), np.array(variance), np.array(reach)))
    return z > NormalDist().inv_cdf(1 - RULES.alpha), bar(RULES.alpha, calls // LOOK) <= T


def lives(world: World, runs: int, calls: int, seed: int, processes: int) -> list[Life]:
    """That many releases in one world."""
    work = partial(life, world, calls, seed)
    if processes == 1:
        return [work(run) for run in range(runs)]
    with get_context("spawn").Pool(processes) as pool:
        return pool.map(work, range(runs), chunksize=8)


HEAD = f"{'world':28}{'rolled back':>20}{'calls harmed':>16}{'passed all':>12}{'after':>8}{'interval':>10}"
RIVALS = f"{'z test':>20}{'scan':>18}"


def row(world: World, found: Sequence[Life]) -> str:
    """What came of the releases in one world, in a line."""
    gone = [one.at for one in found if one.at is not None]
    low, high = wilson(len(gone), len(found))
    passed = [one.passed for one in found if one.passed is not None]
    harmed = f"{median(gone):,.0f} / {np.quantile(gone, 0.9):,.0f}" if gone else "-"
    after = f"{median(passed):,.0f}" if passed else "-"
    held = f"{sum(one.covered for one in found) / len(found):.1%}" if set(world.harm) <= {""} else "-"
    return (
        f"{world.name:28}{f'{len(gone) / len(found):.2%} ({low:.0%}-{high:.0%})':>20}{harmed:>16}"
        f"{len(passed) / len(found):>12.1%}{after:>8}{held:>10}"
        f"{_other([one.proportions for one in found]):>20}{_other([one.scan for one in found]):>18}"
    )


def _other(at: Sequence[int | None]) -> str:
    gone = [n for n in at if n is not None]
    return f"{len(gone) / len(at):.1%}" + (f", {median(gone):,.0f}" if gone else "")


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(arguments)
    started, kept = time.perf_counter(), True
    print(f"{asked.runs} releases each, {asked.calls:,} canary calls, steps of {RULES.min_scores:,} scores at least")
    print(HEAD + RIVALS)
    for place, (world, wanted) in enumerate((*PROMISED, *BEYOND)):
        beyond = place >= len(PROMISED)
        runs, calls = (asked.runs // 4, asked.calls // 2) if beyond else (asked.runs, asked.calls)
        found = lives(world, runs, calls, asked.seed, asked.processes)
        share = sum(one.at is not None for one in found) / len(found)
        kept = kept and (share <= FALSE if wanted is None else share >= wanted)
        print(row(world, found), flush=True)
    said = "every promise is kept" if kept else "A PROMISE IS BROKEN"
    print(f"{said}; {time.perf_counter() - started:.0f} seconds")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
