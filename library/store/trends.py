"""Trends as stored: one state per series, and the deltas that came since it was last folded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from library.scores import Series
from library.store.deltas import wait_for_writers
from library.store.engine import Database
from library.store.insert import chunks
from library.store.tables import series as table
from library.store.tables import trend_deltas
from library.trends import Delta, TrendState

_SERIES_FIELDS = ("id", "prompt", "version", "metric", "evaluator", "revision")


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
        horizon = self._horizon()
        if horizon is None:
            return ()
        with self._db.read() as connection:
            deltas, upto = _read(connection, _pending(horizon, prompts))
            stored = _stored(connection, sorted(deltas))
        return tuple(
            SeriesChange(series=_series(stored[id]), state=_state(stored[id]), deltas=tuple(found), upto=upto[id])
            for id, found in deltas.items()
        )

    def _horizon(self) -> int | None:
        """The highest delta id below which nothing can appear any more."""
        with self._db.write() as connection:
            wait_for_writers(connection)
            horizon: int | None = connection.scalar(sa.select(sa.func.max(trend_deltas.c.id)))
            return horizon

    def commit(self, folds: Sequence[tuple[int, TrendState, int]]) -> tuple[int, ...]:
        """Store folded states and drop the deltas they hold, in one transaction.

        folds: (series id, new state, `SeriesChange.upto`). Returns the ids of series that another sweep has folded
        in between: theirs is kept, ours is dropped, nothing is lost or counted twice.
        """
        blobs = [(id, state.to_blob(), upto) for id, state, upto in sorted(folds, key=lambda fold: fold[0])]
        passed: list[int] = []
        with self._db.write() as connection:
            for some in chunks(blobs):
                there = _still_pending(connection, some)
                passed += [id for id, _, upto in some if upto not in there]
                _replace(connection, [fold for fold in some if fold[2] in there])
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
            return tuple((_series(row), _state(row)) for row in connection.execute(query))


def _pending(horizon: int, prompts: Sequence[str] | None) -> sa.Select[Any]:
    """Unfolded deltas up to the horizon, summed per series, segment, step and sign."""
    d = trend_deltas.c
    by = (d.series_id, d.step, d.segment, d.n > 0)
    sums = (sa.func.sum(d.n), sa.func.sum(d.sum), sa.func.sum(d.sumsq))
    ends = (sa.func.min(d.low), sa.func.max(d.high), sa.func.max(d.id))
    query = sa.select(*by, *sums, *ends).where(d.id <= horizon).group_by(*by).order_by(*by)
    if prompts is None:
        return query
    return query.join(table, table.c.id == d.series_id).where(table.c.prompt.in_(prompts))


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


def _still_pending(connection: sa.Connection, folds: Sequence[tuple[int, bytes, int]]) -> set[int]:
    """Which of the deltas that the folds end at are still there, once nobody else can fold these series."""
    ids, ends = [id for id, _, _ in folds], [upto for _, _, upto in folds]
    connection.execute(
        sa.select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(key_share=True)
    )
    return set(connection.scalars(sa.select(trend_deltas.c.id).where(trend_deltas.c.id.in_(ends))))


def _replace(connection: sa.Connection, folds: Sequence[tuple[int, bytes, int]]) -> None:
    if not folds:
        return
    rows = [{"at": id, "blob": blob, "upto": upto} for id, blob, upto in folds]
    at: sa.BindParameter[int] = sa.bindparam("at")
    upto: sa.BindParameter[int] = sa.bindparam("upto")
    connection.execute(sa.update(table).where(table.c.id == at).values(state=sa.bindparam("blob")), rows)
    connection.execute(sa.delete(trend_deltas).where(trend_deltas.c.series_id == at, trend_deltas.c.id <= upto), rows)


def _series(row: sa.Row[Any]) -> Series:
    return Series(**{name: getattr(row, name) for name in _SERIES_FIELDS})


def _state(row: sa.Row[Any]) -> TrendState:
    return TrendState() if row.state is None else TrendState.from_blob(row.state)
