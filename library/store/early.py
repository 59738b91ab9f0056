"""Scores that came before their trace: kept for some days, and joined in the transaction that brings the trace.

A score and its trace may be on their way at the same time. On PostgreSQL neither transaction would see the other's row,
and the score would wait for ever; so who puts aside does it alone, while nobody who brings traces is between looking
for what waits and committing. On SQLite writers queue anyway.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from library.scores import Score
from library.store.insert import chunks
from library.store.scoring import KEYS, SCORE_FIELDS, lock_homes, score_of
from library.store.service_tables import early_scores as table
from library.store.upsert import upsert

KEPT = timedelta(days=7)
_TURN = 0x70_6B_65_61  # advisory lock: shared by those who bring traces, taken alone by who puts scores aside


def put_aside(
    connection: sa.Connection, scores: Sequence[Score], fresh: Collection[str], now: datetime
) -> tuple[Score, ...]:
    """Keep the scores of traces that nobody has seen; return the others, which can be stored at once.

    fresh: ids of traces that this transaction has just added.
    """
    elsewhere = sorted({score.trace_id for score in scores} - set(fresh))
    known = {*fresh, *lock_homes(connection, elsewhere)}
    missing = [id for id in elsewhere if id not in known]
    if missing:
        _alone(connection)
        known |= lock_homes(connection, missing).keys()  # those whose trace came while this one waited
    early = [
        {**{name: getattr(score, name) for name in SCORE_FIELDS}, "received_at": now}
        for score in scores
        if score.trace_id not in known
    ]
    upsert(connection, table, early, keys=KEYS, update=("value", "ts", "comment", "received_at"))
    return tuple(score for score in scores if score.trace_id in known)


def take_up(connection: sa.Connection, ids: Collection[str]) -> tuple[Score, ...]:
    """The scores that waited for these traces; they wait no longer."""
    found: list[Score] = []
    if ids and connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_TURN)))
    for some in chunks(sorted(ids)):
        mine = table.c.trace_id.in_(some)
        rows = connection.execute(sa.select(table).where(mine).order_by(*(table.c[name] for name in KEYS))).all()
        if rows:
            connection.execute(table.delete().where(mine))
            found.extend(score_of(row) for row in rows)
    return tuple(found)


def let_go(connection: sa.Connection, now: datetime) -> int:
    """Drop scores whose trace has not come within KEPT; how many."""
    return connection.execute(table.delete().where(table.c.received_at <= now - KEPT)).rowcount


def forget(connection: sa.Connection, ids: Collection[str]) -> None:
    """Drop whatever waits for these traces: they are being erased."""
    for some in chunks(sorted(ids)):
        connection.execute(table.delete().where(table.c.trace_id.in_(some)))


def _alone(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
