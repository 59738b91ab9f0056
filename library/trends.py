"""What a stream of scores leaves behind: sums on a grid of trace time, never the scores themselves.

One `TrendState` belongs to one series (prompt, version, metric, evaluator, revision). `fold` adds small additive
deltas to it; because everything is a sum, a late score finds the bucket of its own time, a corrected score can be
taken out again, and a bulk import gives the same answer as live traffic. What the sums mean is decided in
`policies.health`; the fields that policy writes (`sup`, `latch`, the spread of successive looks) are only kept here.
"""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable
from itertools import compress

from library.trend_state import Delta, Latch, Looks, SegmentSums, TrendState

__all__ = [
    "GRID_SECONDS", "MAX_SEGMENTS", "OTHER", "Delta", "Latch", "Looks", "SegmentSums", "TrendState", "delta_of",
    "fold", "reset_before", "reset_between", "step_of",
]  # fmt: skip

GRID_SECONDS = 300
OTHER = "other"
MAX_SEGMENTS = 20
# Buckets are thinned whenever this many new grid steps have brought data.
THIN_EVERY = 16
# Two neighbouring buckets become one while together they hold at most (scores that came later) / THIN_SHARE scores.
THIN_SHARE = 16


def step_of(epoch_seconds: float) -> int:
    """The grid step a moment belongs to."""
    return math.floor(epoch_seconds / GRID_SECONDS)


def delta_of(value: float, *, epoch_seconds: float, segment: str | None, sign: int = 1) -> Delta:
    """The delta of one score; sign -1 takes the score out again."""
    return Delta(
        segment=segment or OTHER,
        step=step_of(epoch_seconds),
        n=sign,
        sum=sign * value,
        sumsq=sign * value * value,
        low=value,
        high=value,
    )


def fold(state: TrendState, deltas: Iterable[Delta]) -> TrendState:
    """Add deltas to a state; the order in which they are given does not matter.

    A step newer than all others opens a bucket, any other step goes to the bucket that covers it. Buckets are thinned
    geometrically with age (see THIN_SHARE); sums are never lost. Segments beyond MAX_SEGMENTS share "other".
    """
    ordered = sorted(deltas, key=lambda d: (d.step, d.segment, d.n, d.sum, d.sumsq))
    if not ordered:
        return state
    draft = _Draft(state)
    for delta in ordered:
        draft.add(delta)
    return draft.seal()


class _Draft:
    """A state while deltas are being added: the columns are copies, so the old state stays as it was."""

    def __init__(self, state: TrendState) -> None:
        self.state = state
        self.starts = state.starts[:]
        self.count, self.total = state.count, state.total
        self.steps, self.last_step = state.steps, state.last_step
        self.columns = {name: (s.n[:], s.total[:], s.squares[:]) for name, s in state.segments.items()}
        self.bounds = {name: (s.low, s.high) for name, s in state.segments.items()}

    def add(self, delta: Delta) -> None:
        at = self._bucket(delta.step)
        name = self._segment(delta.segment or OTHER)
        n, total, squares = self.columns[name]
        n[at] += delta.n
        total[at] += delta.sum
        squares[at] += delta.sumsq
        self.count += delta.n
        self.total += delta.sum
        if delta.n > 0:
            low, high = self.bounds[name]
            self.bounds[name] = (min(low, delta.low), max(high, delta.high))

    def _bucket(self, step: int) -> int:
        if self.last_step is not None and self.starts[0] <= step <= self.last_step:
            return bisect_right(self.starts, step) - 1
        newest = self.last_step is None or step > self.last_step
        if newest and self.starts and self.steps % THIN_EVERY == 0:
            self._thin()
        at = len(self.starts) if newest else 0
        self.starts.insert(at, step)
        for columns in self.columns.values():
            for column in columns:
                column.insert(at, 0.0)
        self.steps += 1
        self.last_step = step if newest else self.last_step
        return at

    def _segment(self, name: str) -> str:
        """The name to file under; one place is reserved for "other", where names beyond the limit go."""
        if name in self.columns:
            return name
        if name != OTHER and len(self.columns) - (OTHER in self.columns) >= MAX_SEGMENTS - 1:
            return self._segment(OTHER)
        empty = array("d", bytes(8 * len(self.starts)))
        self.columns[name] = (empty, empty[:], empty[:])
        self.bounds[name] = (1.0, 0.0)
        return name

    def _thin(self) -> None:
        """Merge neighbours from new to old; the onset of a latched alarm stays an edge."""
        import numpy as np  # noqa: PLC0415 - a listing of trends must not wait for it

        names = list(self.columns)
        columns = [column for name in names for column in self.columns[name]]
        table = np.frombuffer(b"".join(columns)).reshape(len(columns), -1)
        sizes = table[::3].sum(0).tolist()
        pinned = None if self.state.latch is None else self.state.latch.onset_step
        edges, age, size = [len(sizes)], 0.0, sizes[-1]
        for i in range(len(sizes) - 1, 0, -1):
            if (size + sizes[i - 1]) * THIN_SHARE > age or self.starts[i] == pinned:
                edges.append(i)
                age, size = age + size, sizes[i - 1]
            else:
                size += sizes[i - 1]
        edges = [0, *reversed(edges)]
        if len(edges) > len(sizes):
            return
        firsts = edges[:-1]
        self.starts = array("q", [self.starts[i] for i in firsts])
        merged = [array("d", row.tobytes()) for row in np.add.reduceat(table, firsts, axis=1)]
        self.columns = {name: (merged[3 * i], merged[3 * i + 1], merged[3 * i + 2]) for i, name in enumerate(names)}

    def seal(self) -> TrendState:
        segments = {}
        for name, (n, total, squares) in self.columns.items():
            old = self.state.segments.get(name)
            low, high = self.bounds[name]
            sup = 0.0 if old is None else old.sup
            segments[name] = SegmentSums(n=n, total=total, squares=squares, low=low, high=high, sup=sup)
        return TrendState(
            starts=self.starts,
            segments=segments,
            count=self.count,
            total=self.total,
            steps=self.steps,
            last_step=self.last_step,
            looks=self.state.looks,
            latch=self.state.latch,
        )


def reset_before(state: TrendState, step: int) -> TrendState:
    """Forget every bucket that begins before a step, and what looks have found: a new normal was accepted."""
    first = bisect_right(state.starts, step - 1)
    return _without(state, [i >= first for i in range(len(state.starts))])


def reset_between(state: TrendState, first: int, last: int) -> TrendState:
    """Forget the buckets that begin at first <= step <= last (an incident that is over) and what looks have found."""
    return _without(state, [not first <= start <= last for start in state.starts])


def _without(state: TrendState, kept: list[bool]) -> TrendState:
    def pick(column: "array[float]") -> "array[float]":
        return array("d", compress(column, kept))

    segments = {
        name: SegmentSums(n=pick(s.n), total=pick(s.total), squares=pick(s.squares), low=s.low, high=s.high)
        for name, s in state.segments.items()
    }
    starts = array("q", compress(state.starts, kept))
    if not starts:
        segments = {}
    count = math.fsum(n for sums in segments.values() for n in sums.n)
    total = math.fsum(x for sums in segments.values() for x in sums.total)
    return TrendState(
        starts=starts,
        segments=segments,
        count=count,
        total=total,
        steps=state.steps,
        last_step=state.last_step if starts else None,
        looks=Looks(
            until=state.looks.until,
            seen_n=count,
            seen_sum=total,
            looked_n=count,
            looked_until=state.looks.until,
        ),
    )
