"""Traces and their scores: what was acknowledged here is committed, counted once, and found again by its own time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from library.errors import InputError, NotFound
from library.scores import Score
from library.store.deltas import DeltaBatch, join_writers
from library.store.early import let_go, put_aside, take_up
from library.store.engine import Database
from library.store.erasure import Erased, erase_traces, expire_traces
from library.store.insert import insert_new
from library.store.online import note_arrivals
from library.store.points import TrendPoint, read_points
from library.store.scoring import (
    SCORE_FIELDS,
    Home,
    checked,
    key_of,
    put_scores,
    score_of,
    stored_scores,
)
from library.store.tables import scores as score_table
from library.store.tables import traces as table
from library.store.trace_rows import matching, row_of, trace_of
from library.traces import Trace

__all__ = ["Added", "Erased", "TraceStore", "TrendPoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a batch changed: traces not seen before; scores new or changed."""

    traces: int
    scores: int


class TraceStore:
    """The traces of a library. audit_key signs the audit line of an erasure."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._audit_key = audit_key

    def add(self, traces: Sequence[Trace], scores: Sequence[Score] = (), *, early_at: datetime | None = None) -> Added:
        """Store a batch in one transaction; returning means committed.

        A trace id seen before is skipped, never overwritten; a score given again replaces its value. Every new trace
        also counts under the system metrics (see `library.operations`) and waits for online evaluation. A score of an
        unknown trace is kept until the trace comes when early_at, the time now, is given; without it, InputError, and
        nothing is stored.
        """
        rows, judged = [row_of(trace) for trace in traces], checked(scores)
        batch = DeltaBatch()
        with self._db.write() as connection:
            join_writers(connection)
            new = insert_new(connection, table, rows, keys=("id",))
            fresh: dict[str, Home] = {}
            arrived: dict[str, list[str]] = {}
            for row in rows:
                if (row["id"],) in new and row["id"] not in fresh:
                    home = fresh[row["id"]] = Home(
                        row["prompt"], row["version"], row["segment"], row["ts"], row["model"], row["arm"]
                    )
                    home.put_call(batch, row)
                    arrived.setdefault(row["prompt"], []).append(row["id"])
            if early_at is not None:
                judged = put_aside(connection, judged, fresh, early_at)
            given = {key_of(score) for score in judged}
            waited = tuple(score for score in take_up(connection, fresh) if key_of(score) not in given)
            changed = put_scores(connection, (*waited, *judged), batch, fresh=fresh)
            batch.write(connection)
            note_arrivals(connection, arrived)
        return Added(traces=len(new), scores=changed)

    def add_scores(self, scores: Sequence[Score]) -> int:
        """Store scores of stored traces; how many were new or changed."""
        return self.add((), scores).scores

    def drop_early(self, *, now: datetime) -> int:
        """Let go of scores whose trace has not come for days; how many."""
        with self._db.write() as connection:
            return let_go(connection, now)

    def get(self, id: str) -> Trace:
        """One trace; NotFound when there is none."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(table).where(table.c.id == id)).first()
        if row is None:
            raise NotFound(f"there is no trace '{id}'", "traces", "Look for it with `promptkeeper traces list`.")
        return trace_of(row)

    def scores(self, trace_id: str) -> tuple[Score, ...]:
        """All scores of a trace, ordered by name, source and evaluator."""
        with self._db.read() as connection:
            return tuple(score_of(row) for row in stored_scores(connection, [trace_id]))

    def list(
        self,
        prompt: str | None = None,
        *,
        version: int | None = None,
        segment: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 100,
        newest_first: bool = True,
    ) -> tuple[Trace, ...]:
        """Traces with since <= ts < until. Segment `other` also means traces without one."""
        order = (table.c.ts.desc(), table.c.id.desc()) if newest_first else (table.c.ts, table.c.id)
        wanted = matching(prompt=prompt, version=version, segment=segment, since=since, until=until)
        with self._db.read() as connection:
            query = sa.select(table).where(*wanted).order_by(*order).limit(limit)
            return tuple(trace_of(row) for row in connection.execute(query))

    def scored(
        self,
        prompt: str,
        *,
        metric: str,
        version: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        segment: str | None = None,
        limit: int | None = None,
    ) -> tuple[tuple[Trace, Score], ...]:
        """Traces with their scores of one metric, oldest trace first; a trace judged twice appears twice."""
        s = score_table.c
        query = (
            sa.select(table, *(s[name].label(f"score_{name}") for name in SCORE_FIELDS))
            .join(score_table, s.trace_id == table.c.id)
            .where(s.name == metric)
            .where(*matching(prompt=prompt, version=version, segment=segment, since=since, until=until))
            .order_by(table.c.ts, table.c.id, s.source, s.evaluator, s.revision)
            .limit(limit)
        )
        with self._db.read() as connection:
            return tuple((trace_of(row), score_of(row, "score_")) for row in connection.execute(query))

    def points(
        self,
        prompt: str,
        *,
        metric: str,
        width_seconds: int,
        since: datetime | None = None,
        segment: str | None = None,
    ) -> tuple[TrendPoint, ...]:
        """The course of a metric in intervals of trace time; revisions of an evaluator never share a point."""
        if width_seconds < 1:
            raise InputError(f"an interval of {width_seconds} s is too short", "trend", "Use at least 1 second.")
        wanted = matching(prompt=prompt, segment=segment, since=since)
        with self._db.read() as connection:
            return read_points(connection, metric, wanted, width_seconds=width_seconds)

    def erase(self, ids: Sequence[str], *, actor: str, now: datetime) -> Erased:
        """Remove traces and the texts that came from them, in one transaction; see `library.store.erasure`."""
        with self._db.write() as connection:
            erased = erase_traces(connection, ids, actor=actor, now=now, audit_key=self._audit_key)
        self._db.empty_log()
        return erased

    def expire(self, prompt: str, *, before: datetime, limit: int, now: datetime) -> Erased:
        """Let go of a prompt's traces older than that, at most `limit` in one short transaction."""
        with self._db.write() as connection:
            gone = expire_traces(connection, prompt, before=before, limit=limit, now=now, audit_key=self._audit_key)
        if gone.traces:
            self._db.empty_log()
        return gone
