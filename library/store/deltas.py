"""The writing side of trends: additive deltas, summed per (series, segment, grid step) before they are stored."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from library.store.arms import ArmBatch
from library.store.insert import chunks, insert_many, insert_new
from library.store.tables import series, trend_deltas
from library.trends import OTHER, step_of

SERIES_KEYS = ("prompt", "version", "metric", "evaluator", "revision")
_WRITERS = 0x70_6B_64_65  # advisory lock: shared by writers of deltas, taken alone for a moment by a sweep


class SeriesKey(NamedTuple):
    """What one trend is about; revisions of an evaluator never share one."""

    prompt: str
    version: int
    metric: str
    evaluator: str
    revision: str


class DeltaBatch:
    """The changes of one transaction. Scores put in and scores taken out stay apart, so that n is never 0."""

    def __init__(self) -> None:
        # (series, segment, step, sign) -> [n, sum, sumsq, low, high]
        self._sums: dict[tuple[SeriesKey, str, int, int], list[Any]] = {}
        self.arms = ArmBatch()

    def put(self, key: SeriesKey, *, ts: datetime, segment: str | None, value: float, sign: int = 1) -> None:
        """Count one score (sign 1) or take it out again (sign -1); ts and segment are those of the trace."""
        where = (key, segment or OTHER, step_of(ts.timestamp()), sign)
        held = self._sums.get(where)
        if held is None:
            self._sums[where] = [sign, sign * value, sign * value * value, value, value]
            return
        held[0] += sign
        held[1] += sign * value
        held[2] += sign * value * value
        held[3] = min(held[3], value)
        held[4] = max(held[4], value)

    def write(self, connection: sa.Connection) -> None:
        """Store everything, creating series on demand."""
        self.arms.write(connection)
        if not self._sums:
            return
        ids = _series_ids(connection, {where[0] for where in self._sums})
        rows = [
            {"series_id": ids[key], "segment": segment, "step": step}
            | {"n": n, "sum": total, "sumsq": squares, "low": low, "high": high}
            for (key, segment, step, _), (n, total, squares, low, high) in self._sums.items()
        ]
        rows.sort(key=lambda row: (row["series_id"], row["segment"], row["step"], row["n"]))
        insert_many(connection, trend_deltas, rows)


def _series_ids(connection: sa.Connection, wanted: set[SeriesKey]) -> dict[SeriesKey, int]:
    found = _known_series(connection, wanted)
    missing = wanted - found.keys()
    if missing:
        insert_new(connection, series, [key._asdict() for key in missing], keys=SERIES_KEYS)
        found |= _known_series(connection, missing)
    return found


def _known_series(connection: sa.Connection, wanted: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    found: dict[SeriesKey, int] = {}
    columns = [series.c[name] for name in SERIES_KEYS]
    for prompts in chunks(sorted({key.prompt for key in wanted})):
        for row in connection.execute(sa.select(series.c.id, *columns).where(series.c.prompt.in_(prompts))):
            found[SeriesKey(*row[1:])] = row[0]
    return {key: found[key] for key in wanted if key in found}


def join_writers(connection: sa.Connection) -> None:
    """Announce that this transaction will write deltas; the first thing such a transaction does.

    PostgreSQL hands out ids before commit, so a higher id can be visible while a lower one is still on its way.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_WRITERS)))


def wait_for_writers(connection: sa.Connection) -> None:
    """Wait until no transaction that writes deltas is under way; new ones queue until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
