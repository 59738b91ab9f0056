"""Trends as stored: one state per series, and the deltas that came since it was last folded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa

from library.operations import SYSTEM
from library.scores import Series
from library.store.deltas import wait_for_writers
from library.store.engine import Database
from library.store.insert import chunks
from library.store.tables import series as table
from library.store.tables import trend_deltas
from library.trends import Delta, TrendState

_SERIES_FIELDS = ("id", "prompt", "version", "metric", "evaluator", "revision")
MOST_POSTPONED = 48
"""Deltas of one series that may wait while all its calls go well."""
NONE_KNOWN: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChange:
    """A series with deltas that its state does not hold yet; upto: the highest delta id among them.

    Deltas of one segment and grid step are summed, scores put in and taken out apart, in order of trace time.
    """

    series: Series
    state: TrendState
    deltas: tuple[Delta, ...]
    upto: int


class TrendStore:
    """The trends of a library."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def changed(self, prompts: Sequence[str] | None = None) -> tuple[SeriesChange, ...]:
        """Every series (of these prompts, or of all) with deltas that were not folded yet, ordered by id."""
        return tuple(chain.from_iterable(self.parts(prompts)))

    def parts(
        self, prompts: Sequence[str] | None = None, *, postpone: bool = False
    ) -> Iterator[tuple[SeriesChange, ...]]:
        """The same a few hundred at a time, so that a sweep over a large fleet holds only a part of it in memory.

        postpone: leave calls that all went well for later, until one of their series fails or many deltas wait; what
        is folded then is the same, and no alarm can come from such scores.
        """
        horizon = self._horizon()
        if horizon is None:
            return
        with self._db.read() as connection:
            ids = list(connection.scalars(_waiting(horizon, prompts, postpone=postpone)))
        for some in chunks(ids):
            with self._db.read() as connection:
                deltas, upto = _read(connection, _pending(horizon, some))
                stored = _stored(connection, sorted(deltas))
            yield tuple(
                SeriesChange(
                    series=read_series(stored[id]), state=read_state(stored[id]), deltas=tuple(found), upto=upto[id]
                )
                for id, found in deltas.items()
            )

    def _horizon(self) -> int | None:
        """The highest delta id below which nothing can appear any more."""
        with self._db.write() as connection:
            wait_for_writers(connection)
            horizon: int | None = connection.scalar(sa.select(sa.func.max(trend_deltas.c.id)))
            return horizon

    def commit(
        self, folds: Sequence[tuple[int, TrendState, int]], *, p_values: Mapping[int, float] = NONE_KNOWN
    ) -> tuple[int, ...]:
        """Store folded states and drop the deltas they hold, in one transaction.

        folds: (series id, new state, `SeriesChange.upto`); p_values: of series, over all looks so far. Returns the ids
        of series that another sweep has folded in between: theirs is kept, ours is dropped, nothing is lost or counted
        twice.
        """
        blobs = [
            _Fold(id, state.to_blob(), upto, p_values.get(id))
            for id, state, upto in sorted(folds, key=lambda fold: fold[0])
        ]
        passed: list[int] = []
        with self._db.write() as connection:
            for some in chunks(blobs):
                there = _still_pending(connection, some)
                passed += [fold.id for fold in some if fold.upto not in there]
                _replace(connection, [fold for fold in some if fold.upto in there])
        return tuple(passed)

    def series(
        self, prompt: str | None = None, *, version: int | None = None, metric: str | None = None
    ) -> tuple[tuple[Series, TrendState], ...]:
        """Series and their states as last folded, ordered by prompt, version and metric; pending deltas stay out."""
        query = sa.select(table).order_by(*(table.c[name] for name in _SERIES_FIELDS[1:]))
        for column, wanted in ((table.c.prompt, prompt), (table.c.version, version), (table.c.metric, metric)):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._db.read() as connection:
            return tuple((read_series(row), read_state(row)) for row in connection.execute(query))

    def rewrite(self, series: Sequence[Series], change: Callable[[TrendState], TrendState]) -> None:
        """Change the states of some series as they stand at this moment; deltas that wait are folded later."""
        ids = [one.id for one in series]
        with self._db.write() as connection:
            query = sa.select(table).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update()
            for row in connection.execute(query).all():
                new: dict[str, Any] = {"state": change(read_state(row)).to_blob(), "p_value": None}
                connection.execute(sa.update(table).where(table.c.id == row.id).values(new))


def _waiting(horizon: int, prompts: Sequence[str] | None, *, postpone: bool) -> sa.Select[Any]:
    """Series that have deltas up to the horizon, by id."""
    d = trend_deltas.c
    query = (
        sa.select(d.series_id)
        .join(table, table.c.id == d.series_id)
        .where(d.id <= horizon)
        .group_by(d.series_id, table.c.evaluator, table.c.p_value)
        .order_by(d.series_id)
    )
    if prompts is not None:
        query = query.where(table.c.prompt.in_(prompts))
    if not postpone:
        return query
    # The limit differs from series to series, so that a fleet born on one day is not folded in one sweep.
    many = sa.func.count() >= MOST_POSTPONED + d.series_id % MOST_POSTPONED
    lost = (sa.func.sum(d.sum) != sa.func.sum(d.n)) | (sa.func.min(d.n) < 0)
    return query.having((table.c.evaluator != SYSTEM) | table.c.p_value.is_(None) | lost | many)


def _pending(horizon: int, ids: Sequence[int]) -> sa.Select[Any]:
    """Unfolded deltas of some series up to the horizon, summed per series, segment, step and sign."""
    d = trend_deltas.c
    by = (d.series_id, d.step, d.segment, d.n > 0)
    sums = (sa.func.sum(d.n), sa.func.sum(d.sum), sa.func.sum(d.sumsq))
    ends = (sa.func.min(d.low), sa.func.max(d.high), sa.func.max(d.id))
    return sa.select(*by, *sums, *ends).where(d.series_id.in_(ids), d.id <= horizon).group_by(*by).order_by(*by)


def _read(connection: sa.Connection, pending: sa.Select[Any]) -> tuple[dict[int, list[Delta]], dict[int, int]]:
    """Deltas per series, and the highest id among them."""
    deltas: dict[int, list[Delta]] = {}
    upto: dict[int, int] = {}
    for id, step, segment, _, n, total, squares, low, high, last in connection.execute(pending):
        delta = Delta(segment=segment, step=step, n=n, sum=total, sumsq=squares, low=low, high=high)
        deltas.setdefault(id, []).append(delta)
        upto[id] = max(last, upto.get(id, 0))
    return deltas, upto


def _stored(connection: sa.Connection, ids: Sequence[int]) -> dict[int, sa.Row[Any]]:
    found = {}
    for some in chunks(ids):
        found.update({row.id: row for row in connection.execute(sa.select(table).where(table.c.id.in_(some)))})
    return found


class _Fold(NamedTuple):
    id: int
    blob: bytes
    upto: int
    p_value: float | None


def _still_pending(connection: sa.Connection, folds: Sequence[_Fold]) -> set[int]:
    """Which of the deltas that the folds end at are still there, once nobody else can fold these series."""
    ids, ends = [fold.id for fold in folds], [fold.upto for fold in folds]
    connection.execute(
        sa.select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(key_share=True)
    )
    return set(connection.scalars(sa.select(trend_deltas.c.id).where(trend_deltas.c.id.in_(ends))))


def _replace(connection: sa.Connection, folds: Sequence[_Fold]) -> None:
    if not folds:
        return
    rows = [{"at": fold.id, "blob": fold.blob, "upto": fold.upto, "p": fold.p_value} for fold in folds]
    at: sa.BindParameter[int] = sa.bindparam("at")
    upto: sa.BindParameter[int] = sa.bindparam("upto")
    new: dict[str, Any] = {"state": sa.bindparam("blob"), "p_value": sa.bindparam("p")}
    connection.execute(sa.update(table).where(table.c.id == at).values(new), rows)
    connection.execute(sa.delete(trend_deltas).where(trend_deltas.c.series_id == at, trend_deltas.c.id <= upto), rows)


def read_series(row: sa.Row[Any]) -> Series:
    """A stored row as the noun."""
    return Series(**{name: getattr(row, name) for name in _SERIES_FIELDS})


def read_state(row: sa.Row[Any]) -> TrendState:
    """The state that a stored row holds; an empty one before the first sweep."""
    return TrendState() if row.state is None else TrendState.from_blob(row.state)
