"""The course of a metric over trace time, averaged by the database."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from library.operations import ERROR, SYSTEM, SYSTEM_REVISION
from library.store.tables import scores, traces
from library.store.trace_rows import segment_name


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """Mean score of one version, segment and evaluator revision over the interval that begins at start (UTC)."""

    start: datetime
    version: int
    segment: str
    n: int
    mean: float
    evaluator: str
    revision: str


def read_points(
    connection: sa.Connection, metric: str, wanted: list[sa.ColumnElement[bool]], *, width_seconds: int
) -> tuple[TrendPoint, ...]:
    """Points of the traces that fulfil wanted, ordered by time; intervals begin at multiples of width_seconds."""
    judged = _judged(connection.dialect.name, metric, wanted, width_seconds).subquery()
    by = (judged.c.interval, judged.c.version, judged.c.segment, judged.c.evaluator, judged.c.revision)
    query = sa.select(*by, sa.func.count(), sa.func.avg(judged.c.value)).group_by(*by).order_by(*by)
    return tuple(
        TrendPoint(
            start=datetime.fromtimestamp(interval * width_seconds, UTC),
            version=version,
            segment=segment,
            n=n,
            mean=mean,
            evaluator=evaluator,
            revision=revision,
        )
        for interval, version, segment, evaluator, revision, n, mean in connection.execute(query)
    )


def _judged(
    dialect: str, metric: str, wanted: list[sa.ColumnElement[bool]], width_seconds: int
) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """One row per score; for the metric `error` also one per trace, because every call has that score by itself."""
    where = (_epoch(dialect) // width_seconds, traces.c.version, segment_name())
    stored = (
        sa.select(*_named(*where, scores.c.evaluator, scores.c.revision, scores.c.value))
        .join(scores, scores.c.trace_id == traces.c.id)
        .where(scores.c.name == metric, *wanted)
    )
    if metric != ERROR:
        return stored
    went_well = sa.case((traces.c.error.is_(None), 1.0), else_=0.0)
    own = sa.select(*_named(*where, sa.literal(SYSTEM), sa.literal(SYSTEM_REVISION), went_well)).where(*wanted)
    return sa.union_all(stored, own)


def _named(*columns: sa.ColumnElement[Any]) -> list[sa.Label[Any]]:
    names = ("interval", "version", "segment", "evaluator", "revision", "value")
    return [column.label(name) for name, column in zip(names, columns, strict=True)]


def _epoch(dialect: str) -> sa.ColumnElement[int]:
    """Whole seconds of trace time since 1970, rounded down: both databases would round to the nearest."""
    if dialect == "sqlite":
        return sa.cast(
            sa.func.strftime("%s", sa.func.substr(traces.c.ts, 1, len("2026-06-01 08:00:00"))), sa.BigInteger
        )
    return sa.cast(sa.func.floor(sa.extract("epoch", traces.c.ts)), sa.BigInteger)
