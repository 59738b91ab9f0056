"""Replaying scored history as if it came now: which alarms the monitor would have raised, and when.

The same folding, looking and bars as in a sweep. Rows arrive in the order in which they are given; a sweep happens
whenever the clock of a series (its time of scoring) passes the end of a group of grid steps.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from library.trends import GRID_SECONDS, OTHER, Delta, TrendState, step_of
from policies.health.closing import closing
from policies.health.evidence import Evidence, ScanSettings
from policies.health.floor import floor_of
from policies.health.looks import walk_many

# Series that wait to be looked at together: one vectorised look costs little more than a single one.
QUEUE = 512

Name = tuple[str, str, str]
"""Prompt, version, revision of the evaluator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One score as it arrived. row: its number in the whole history, from 0; ts, scored_at: epoch seconds."""

    row: int
    ts: float
    scored_at: float
    prompt: str
    segment: str | None
    score: float
    version: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAlarm:
    """An alarm that would have been raised.

    at_row: the newest row seen when it was raised, at_ts: when that one was scored. onset_row: first row of the series,
    in order of arrival, whose ts is at or after onset_ts. at_score, onset_score: the same two rows counted from 0
    within the series. before, after, effect: means and their difference (positive is a drop), interval: of the effect.
    onset_interval: epoch seconds. segment: None is everywhere; floor: held against the version that was replaced.
    """

    prompt: str
    version: str
    revision: str
    segment: str | None
    at_row: int
    at_ts: float
    onset_row: int
    onset_ts: float
    at_score: int
    onset_score: int
    before: float
    after: float
    effect: float
    interval: tuple[float, float]
    onset_interval: tuple[float, float]
    evidence: float
    threshold: float
    p_value: float
    floor: bool


@dataclass(slots=True)
class _Series:
    """What is kept of one series while the history runs: its state, what is not folded yet, where its rows stand."""

    name: Name
    replaced: "_Series | None"
    state: TrendState = field(default_factory=TrendState)
    # (step, segment) -> n, sum, sum of squares, smallest, largest
    pending: dict[tuple[int, str], list[float]] = field(default_factory=dict)
    waiting: int = 0
    clock: float = 0.0
    group: int | None = None
    rows: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    arrivals: "array[float]" = field(default_factory=lambda: array("d"))

    def put(self, row: Scored) -> None:
        x = row.score
        held = self.pending.setdefault((step_of(row.ts), row.segment or OTHER), [0.0, 0.0, 0.0, x, x])
        held[0] += 1
        held[1] += x
        held[2] += x * x
        held[3], held[4] = min(held[3], x), max(held[4], x)
        self.waiting += 1
        self.rows.append(row.row)
        self.times.append(row.ts)
        self.arrivals.append(row.scored_at)

    def deltas(self) -> list[Delta]:
        """What is not folded yet, handed over."""
        given = [
            Delta(segment=segment, step=step, n=int(n), sum=total, sumsq=squares, low=low, high=high)
            for (step, segment), (n, total, squares, low, high) in self.pending.items()
        ]
        self.pending, self.waiting = {}, 0
        return given

    def mix(self, deltas: list[Delta]) -> Mapping[str, float]:
        """Scores in each segment once these deltas are folded."""
        counts = {name: sum(sums.n) for name, sums in self.state.segments.items()}
        for delta in deltas:
            counts[delta.segment] = counts.get(delta.segment, 0.0) + delta.n
        return counts


@dataclass(frozen=True, slots=True)
class _Due:
    """A series to look at: at this grid step of its clock, with this many of its rows seen."""

    series: _Series
    deltas: list[Delta]
    until_step: int
    seen: int


class Backtest:
    """Takes history row by row and gives alarms in the order in which they would have been raised."""

    def __init__(self, settings: ScanSettings, *, look_steps: int) -> None:
        self.settings, self.look_steps = settings, look_steps
        self.series: dict[Name, _Series] = {}
        self._newest: dict[tuple[str, str], _Series] = {}
        self._queue: dict[Name, _Due] = {}
        self._found: list[PastAlarm] = []

    def add(self, row: Scored) -> None:
        """Let one score arrive; a clock that goes back stands still."""
        one = self._series(row)
        one.clock = max(one.clock, row.scored_at)
        step = step_of(one.clock)
        group = step // self.look_steps
        if one.group is not None and group > one.group and one.waiting:
            self._sweep(one, group * self.look_steps)
        one.group = group
        one.put(row)

    def alarms(self) -> list[PastAlarm]:
        """Complete the last group of every series; all alarms, in the order of the rows that raised them."""
        for one in self.series.values():
            if one.waiting and one.group is not None:
                self._sweep(one, (one.group + 1) * self.look_steps)
        self._look()
        return sorted(self._found, key=lambda a: (a.at_row, a.prompt, a.version, a.revision))

    def _series(self, row: Scored) -> _Series:
        name = (row.prompt, row.version, row.revision)
        found = self.series.get(name)
        if found is None:
            line = (row.prompt, row.revision)
            found = self.series[name] = _Series(name, self._newest.get(line))
            self._newest[line] = found
        return found

    def _sweep(self, one: _Series, until_step: int) -> None:
        """Queue the series for a look when there is anything that a look could say."""
        if one.name in self._queue:
            self._look()
        looks = one.state.looks
        unseen = one.state.count - looks.looked_n + one.waiting
        since = looks.looked_until if looks.looked_until is not None else step_of(one.times[0])
        if unseen < self.settings.look_scores and until_step - since < self.settings.look_patience:
            return
        if len(self._queue) >= QUEUE:
            self._look()
        self._queue[one.name] = _Due(one, one.deltas(), until_step, len(one.rows))

    def _look(self) -> None:
        by_clock: dict[int, list[_Due]] = {}
        for due in self._queue.values():
            by_clock.setdefault(due.until_step, []).append(due)
        self._queue = {}
        for until_step, dues in sorted(by_clock.items()):
            walked = walk_many(
                [(due.series.state, due.deltas) for due in dues],
                self.settings,
                look_steps=self.look_steps,
                until_step=until_step,
                floors=[self._floor(due) for due in dues],
            )
            for due, (state, evidence) in zip(dues, walked, strict=True):
                self._keep(due, state, evidence)

    def _floor(self, due: _Due) -> float | None:
        replaced = due.series.replaced
        if replaced is None or due.series.state.count > self.settings.floor_scores:
            return None
        return floor_of(replaced.state, self.settings, mix=due.series.mix(due.deltas))

    def _keep(self, due: _Due, state: TrendState, evidence: Evidence) -> None:
        one = due.series
        known = one.state.latch is not None
        one.state = state
        if state.latch is not None and not known:
            self._found.append(_alarm(one, evidence, due.seen))
        elif known and evidence.effect is not None:
            over = closing(state, self.settings, drop=evidence.effect)
            one.state = state if over is None else over.state


def _alarm(one: _Series, evidence: Evidence, seen: int) -> PastAlarm:
    onset = evidence.onset_step or 0
    began = onset * GRID_SECONDS
    first = next((i for i in range(seen) if one.times[i] >= began), seen - 1)
    low = onset if evidence.onset_low is None else evidence.onset_low
    high = onset if evidence.onset_high is None else evidence.onset_high
    return PastAlarm(
        prompt=one.name[0],
        version=one.name[1],
        revision=one.name[2],
        segment=evidence.segment,
        at_row=one.rows[seen - 1],
        at_ts=one.arrivals[seen - 1],
        onset_row=one.rows[first],
        onset_ts=float(began),
        at_score=seen - 1,
        onset_score=first,
        before=evidence.before or 0.0,
        after=evidence.after or 0.0,
        effect=evidence.effect or 0.0,
        interval=(evidence.effect_low or 0.0, evidence.effect_high or 0.0),
        onset_interval=(float(low * GRID_SECONDS), float(high * GRID_SECONDS)),
        evidence=evidence.T,
        threshold=evidence.h,
        p_value=evidence.p_value,
        floor=evidence.floor,
    )
