"""Metrics `latency` and `cost`: what the call took. For evaluations; of live traffic both are trends by themselves."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, failed, revision_of


@runtime_checkable
class OfCall(Protocol):
    """A metric that looks at the call instead of its answer."""

    def judge_call(self, *, latency_ms: float, cost: float | None) -> Judgement:
        """The judgement of one finished call; latency in milliseconds, cost in US dollars, None when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """1 up to `good` milliseconds, 0 from `bad` on, a straight line between. A known answer keeps its time."""

    good: float
    bad: float

    name = "latency"
    needs_expected = False

    def __post_init__(self) -> None:
        _check(self.good, self.bad, self.name)

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """An answer alone does not say how long it took."""
        return failed("latency is known where the call is made only")

    def judge_call(self, *, latency_ms: float, cost: float | None) -> Judgement:
        """See `OfCall`."""
        return Judgement(score=_falling(latency_ms, self.good, self.bad), reason=f"{latency_ms:.0f} ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """1 up to `good` US dollars a call, 0 from `bad` on, a straight line between. An unknown price judges nothing."""

    good: float
    bad: float

    name = "cost"
    needs_expected = False

    def __post_init__(self) -> None:
        _check(self.good, self.bad, self.name)

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """An answer alone does not say what it cost."""
        return failed("cost is known where the call is made only")

    def judge_call(self, *, latency_ms: float, cost: float | None) -> Judgement:
        """See `OfCall`."""
        if cost is None:
            return failed("the price of the model is unknown")
        return Judgement(score=_falling(cost, self.good, self.bad), reason=f"${cost:.6f}")


def _check(good: float, bad: float, metric: str) -> None:
    if not 0 <= good < bad < math.inf:
        raise InputError(f"good is {good:g} and bad is {bad:g}", f"metric {metric}", "Give 0 <= good < bad.")


def _falling(value: float, good: float, bad: float) -> float:
    return min(1.0, max(0.0, (bad - value) / (bad - good)))
