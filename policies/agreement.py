"""Do two readings of the same answers agree by more than chance? For a judge that is asked twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from policies.rulebook import AcceptanceRules

RESAMPLES = 2_000
TELLING = 3  # answers off the most frequent grade, in the mean of both readings, below which kappa measures nothing
NAMES = {"kappa": "Cohen's kappa", "ac": "Gwet's AC"}
SMALL = 1e-12
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two readings of n answers. same: share graded equally; kappa and ac: agreement beyond chance, 1 at best, None
    where nothing varies; figure: the one that decides, named in `by`, with its 95 % interval low to high."""

    n: int
    same: float
    kappa: float | None
    ac: float
    figure: float
    by: Literal["kappa", "ac"]
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whether a judge agrees with itself enough to steer a search; sentence says so, and whose problem it is."""

    trusted: bool
    agreement: Agreement | None
    sentence: str


def agreement(first: Sequence[float], second: Sequence[float], *, seed: int = 0) -> Agreement:
    """Agreement of two readings of the same answers, scores in [0, 1]; of grades the distance counts, squared.

    kappa: Cohen's, weighted (Cohen 1960, 1968). It compares with the chance that both readings hit the same grade
    blindly, so it collapses where nearly all grades are equal (Feinstein and Cicchetti 1990); there Gwet's AC1, for
    grades AC2 (Gwet 2008), decides. Interval: percentile bootstrap over the answers, drawn from the seed.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    n = len(one)
    if n == 0:
        return Agreement(n=0, same=0.0, kappa=None, ac=0.0, figure=0.0, by="ac", low=-1.0, high=1.0)
    grades = np.unique(np.concatenate((one, two)))
    kappa, ac = float(_kappa(one[None], two[None])[0]), float(_gwet(one[None], two[None], grades)[0])
    modal = max(Counter([*first, *second]).values())
    by: Literal["kappa", "ac"] = "kappa" if (2 * n - modal) / 2 >= TELLING else "ac"
    drawn = np.random.default_rng(seed).integers(0, n, size=(RESAMPLES, n))
    figures = _kappa(one[drawn], two[drawn]) if by == "kappa" else _gwet(one[drawn], two[drawn], grades)
    low, high = np.nanquantile(figures, [0.025, 0.975])
    return Agreement(
        n=n,
        same=float(np.mean(one == two)),
        kappa=None if np.isnan(kappa) else kappa,
        ac=ac,
        figure=kappa if by == "kappa" else ac,
        by=by,
        low=float(low),
        high=float(high),
    )


def _kappa(one: Floats, two: Floats) -> Floats:
    """Per row: 1 - observed / chance disagreement, both mean squared distances; nan where chance could not disagree."""
    chance = (one**2).mean(axis=1) + (two**2).mean(axis=1) - 2 * one.mean(axis=1) * two.mean(axis=1)
    chance = np.where(chance < SMALL, np.nan, chance)
    figures: Floats = 1.0 - ((one - two) ** 2).mean(axis=1) / chance
    return figures


def _gwet(one: Floats, two: Floats, grades: Floats) -> Floats:
    """Per row AC1, or AC2: chance agreement comes from how evenly the grades in use are spread."""
    k = len(grades)
    if k == 1:
        return np.ones(len(one))
    widest = float(grades[-1] - grades[0]) ** 2
    weights = 1.0 - (grades[:, None] - grades[None, :]) ** 2 / widest
    shares = np.stack([((one == g).mean(axis=1) + (two == g).mean(axis=1)) / 2 for g in grades])
    chance = float(weights.sum()) / (k * (k - 1)) * (shares * (1.0 - shares)).sum(axis=0)
    figures: Floats = ((1.0 - (one - two) ** 2 / widest).mean(axis=1) - chance) / (1.0 - chance)
    return figures


def trust(first: Sequence[float | None], second: Sequence[float | None], rules: AcceptanceRules, name: str) -> Trust:
    """Whether the judge called `name` may steer a search, from two readings of the same answers; None: no reading.

    Fewer answers than the rulebook's least_asked_again say nothing, and nothing is held against the judge.
    """
    read = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if len(read) < rules.least_asked_again:
        said = f"{name} graded {len(read)} answers twice, too few to tell whether it agrees with itself"
        return Trust(trusted=True, agreement=None, sentence=said)
    found = agreement([a for a, _ in read], [b for _, b in read])
    figure = f"{NAMES[found.by]} {found.figure:.2f} (95 % {found.low:.2f} to {found.high:.2f})"
    twice = (
        f"{name} graded the same {found.n} answers twice and gave {round(found.same * found.n)} of them the same grade"
    )
    if found.figure >= rules.judge_agreement:
        return Trust(trusted=True, agreement=found, sentence=f"{twice}: {figure}")
    said = (
        f"the judge is the problem, not the prompt: {twice}; {figure}, at least {rules.judge_agreement:g} is needed. "
        "Give it a clearer rubric, fewer grades or a stronger model."
    )
    return Trust(trusted=False, agreement=found, sentence=said)
