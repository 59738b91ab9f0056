"""Does a writer know what it mends? What was predicted to be fixed, held against what was."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from policies.intervals import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Items of one attempt: predicted to be fixed, of these really fixed (hits), fixed at all, failing before."""

    predicted: int
    hits: int
    fixed: int
    failing: int

    @property
    def precision(self) -> float | None:
        """Share of the predicted ones that were fixed; None without a prediction."""
        return self.hits / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Share of the fixed ones that were predicted; None where nothing was fixed."""
        return self.hits / self.fixed if self.fixed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """The predictions of one strategy and teacher together. precision and recall with 95 % intervals; guess: the
    precision of naming failing items blindly."""

    strategy: str
    teacher: str
    attempts: int
    total: Prediction
    precision: tuple[float, float]
    recall: tuple[float, float]
    guess: float

    @property
    def knows(self) -> bool:
        """Whether its predictions are shown to be better than blind ones."""
        return self.total.predicted > 0 and self.precision[0] > self.guess

    @property
    def sentence(self) -> str:
        """The record in words."""
        if not self.total.predicted:
            return f"{self.strategy} by {self.teacher}: no predictions in {self.attempts} attempts"
        t = self.total
        return (
            f"{self.strategy} by {self.teacher}: {t.hits} of {t.predicted} predicted items were fixed "
            f"({self.precision[0]:.0%} to {self.precision[1]:.0%}; blindly {self.guess:.0%}), {t.hits} of {t.fixed} "
            f"fixed ones were predicted"
        )


def score_prediction(predicted: Collection[str], *, failing: Collection[str], fixed: Collection[str]) -> Prediction:
    """One attempt's prediction, by item ids. Only items that failed before can be fixed; others named are misses."""
    named, mended = set(predicted), set(fixed) & set(failing)
    return Prediction(predicted=len(named), hits=len(named & mended), fixed=len(mended), failing=len(set(failing)))


def foresight(records: Iterable[tuple[str, str, Prediction]]) -> tuple[Foresight, ...]:
    """Per (strategy, teacher), in order of name: all their predictions together. records: one per attempt."""
    kept: dict[tuple[str, str], list[Prediction]] = {}
    for strategy, teacher, prediction in records:
        kept.setdefault((strategy, teacher), []).append(prediction)
    return tuple(_together(strategy, teacher, rows) for (strategy, teacher), rows in sorted(kept.items()))


def _together(strategy: str, teacher: str, rows: list[Prediction]) -> Foresight:
    total = Prediction(
        predicted=sum(r.predicted for r in rows),
        hits=sum(r.hits for r in rows),
        fixed=sum(r.fixed for r in rows),
        failing=sum(r.failing for r in rows),
    )
    return Foresight(
        strategy=strategy,
        teacher=teacher,
        attempts=len(rows),
        total=total,
        precision=wilson(total.hits, total.predicted),
        recall=wilson(total.hits, total.fixed),
        guess=total.fixed / total.failing if total.failing else 0.0,
    )
