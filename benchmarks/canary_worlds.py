"""Simulated traffic for staged releases: both arms, in cells, as the library would hand them to the judgement.

A world has segments with a base rate and a share of the traffic, both of which may drift while the canary runs, a law
of scores, and what the new version does worse and where.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from library.operations import call_scores
from policies.rollout import Arms, Cell, MetricArms, Sums

Where = tuple[str, int, int]  # segment, stretch of time, step
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
LOOK = 20  # canary scores between two looks
FIRST_DAY, HOUR = 100, 10  # looks: each is a stretch of its own on the first day, later an hour is one
SHARES = (0.05, 0.25, 0.5)
CONCENTRATION = 12.0  # of graded scores (a Beta law)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One kind of traffic.

    rates, shares: of segments, at the beginning; drift_rates, drift_shares: at the end of the stream. harm: what the
    new version loses, by segment; everywhere under "". session: calls in a row that share one verdict. slower: by
    which factor the new version takes longer; None: time is not recorded. tail: share of calls that take thirty times
    as long, on the control and on the canary.
    """

    name: str
    rates: Mapping[str, float] = field(default_factory=lambda: {"all": 0.9})
    shares: Mapping[str, float] = field(default_factory=lambda: {"all": 1.0})
    drift_rates: Mapping[str, float] | None = None
    drift_shares: Mapping[str, float] | None = None
    harm: Mapping[str, float] = field(default_factory=dict)
    graded: bool = False
    session: int = 1
    slower: float | None = None
    tail: tuple[float, float] = (0.02, 0.02)

    @property
    def harmless(self) -> bool:
        """Whether a rollback would be false."""
        return not self.harm and self.slower in {None, 1.0}

    def at(self, part: float) -> tuple[list[str], Floats, Floats]:
        """Names, rates and shares of the segments when this part of the stream is over."""
        names = list(self.rates)
        rates, shares = _between(self.rates, self.drift_rates, part), _between(self.shares, self.drift_shares, part)
        return names, rates, shares / shares.sum()


def _between(start: Mapping[str, float], end: Mapping[str, float] | None, part: float) -> Floats:
    last = start if end is None else end
    return np.array([start[name] + part * (last[name] - start[name]) for name in start])


class Stream:
    """Traffic of one release as it comes in; the arms so far, after every look."""

    def __init__(self, world: World, rng: np.random.Generator, calls: int) -> None:
        self._world, self._rng, self._calls = world, rng, calls
        self.n_canary = 0
        self._sums: dict[str, dict[Where, tuple[list[float], list[float]]]] = {}
        self._cells: dict[str, dict[Where, Cell]] = defaultdict(dict)
        self._low = defaultdict[str, float](lambda: 1.0)
        self._high = defaultdict[str, float](float)

    def look(self, stage: int) -> Arms:
        """Let LOOK more canary calls come in at this step, with what the control gets meanwhile."""
        share = SHARES[stage]
        names, rates, mix = self._world.at(self.n_canary / self._calls)
        counts = (int(self._rng.negative_binomial(LOOK, share)), LOOK)
        looks = self.n_canary // LOOK
        stretch = looks if looks < FIRST_DAY else looks - looks % HOUR
        for arm, count in enumerate(counts):
            for name, rate, n in zip(names, rates, self._rng.multinomial(count, mix), strict=True):
                for metric, values in self._scored(name, rate, int(n), arm):
                    self._add(metric, (name, stretch, stage), arm, values)
        self.n_canary += LOOK
        metrics = [self._metric(metric) for metric in self._sums]
        return Arms(score=metrics[0], guards=tuple(metrics[1:]))

    def _scored(self, segment: str, rate: float, n: int, arm: int) -> Iterator[tuple[str, Floats]]:
        world, rng = self._world, self._rng
        if arm:
            rate -= world.harm.get(segment, 0.0) + world.harm.get("", 0.0)
        if world.graded:
            values = rng.beta(CONCENTRATION * rate, CONCENTRATION * (1.0 - rate), size=n)
        else:
            verdicts = rng.random(-(-n // world.session)) < rate
            values = np.repeat(verdicts, world.session)[:n].astype(np.float64)
        yield "score", values
        if world.slower is not None:
            ms = 1500.0 * np.exp(0.5 * rng.standard_normal(n)) * (world.slower if arm else 1.0)
            ms *= np.where(rng.random(n) < world.tail[arm], 30.0, 1.0)
            seconds = [call_scores(failed=False, latency_ms=t, cost=None, finish_reason=None)["latency"] for t in ms]
            yield "latency", np.array(seconds)

    def _add(self, metric: str, where: Where, arm: int, values: Floats) -> None:
        cells = self._sums.setdefault(metric, {})
        sums = cells.setdefault(where, ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]))[arm]
        if len(values):
            sums[0] += len(values)
            sums[1] += float(values.sum())
            sums[2] += float((values * values).sum())
            self._low[metric] = min(self._low[metric], float(values.min()))
            self._high[metric] = max(self._high[metric], float(values.max()))
            self._cells[metric].pop(where, None)

    def _metric(self, metric: str) -> MetricArms:
        cells = self._cells[metric]
        for where, (control, canary) in self._sums[metric].items():
            if where not in cells:
                segment, start, stage = where
                cells[where] = Cell(
                    segment=segment, start=start, stage=stage, control=_sums(control), canary=_sums(canary)
                )
        return MetricArms(metric=metric, cells=tuple(cells.values()), low=self._low[metric], high=self._high[metric])


def _sums(columns: list[float]) -> Sums:
    return Sums(n=columns[0], total=columns[1], squares=columns[2])
