"""What online evaluation still has to look at: traces that came in, and scores that wait for their time.

Two queues, so that the work is that of the new traces, whatever is stored. `arrivals` is filled by the ingest itself,
in its own transaction; `score_tasks` holds what cannot be scored at once. Both are emptied as the work is done. A row
that is worked on twice, by two processes or after a crash, gives the same score again, and that changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from library.scores import Score
from library.store.engine import Database
from library.store.insert import chunks
from library.store.scoring import score_of, stored_scores
from library.store.tables import arrivals, score_tasks, traces
from library.store.trace_rows import trace_of
from library.store.upsert import upsert
from library.traces import Trace

PER_ROW = 500  # ids in one row of arrivals
RANGES = 150  # alternatives in one statement: SQLite nests each of them once
ONLINE = "online:"
"""What the ledger scopes of judges of live traffic begin with; the UTC day that pays follows."""
REPEAT = "repeat"
"""The task that waits until a message can no longer be repeated; every other task is the name of a judge's metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Traces of one prompt that were stored together and not yet looked at."""

    number: int
    prompt: str
    trace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTask:
    """A score that a trace waits for. ts: of the trace; due_at: not before; expires_at: let go from then on.

    tries: how often it was begun. day: the UTC day whose budget pays for it, kept over a crash so that the ledger of
    that day answers what was paid for already.
    """

    trace_id: str
    task: str
    prompt: str
    ts: datetime
    due_at: datetime
    expires_at: datetime | None = None
    tries: int = 0
    day: str | None = None


_FIELDS = tuple(ScoreTask.__dataclass_fields__)


def note_arrivals(connection: sa.Connection, ids: Mapping[str, Sequence[str]]) -> None:
    """Queue new traces, by prompt, inside the transaction that stores them."""
    rows = [
        {"prompt": prompt, "trace_ids": list(some[at : at + PER_ROW])}
        for prompt, some in sorted(ids.items())
        for at in range(0, len(some), PER_ROW)
    ]
    if rows:
        connection.execute(sa.insert(arrivals), rows)


class OnlineStore:
    """The queues of online evaluation, and the few reads it needs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def waiting(self, *, now: datetime) -> bool:
        """Whether there is anything to do."""
        with self._db.read() as connection:
            new = sa.exists(sa.select(arrivals.c.number))
            due = sa.exists(sa.select(score_tasks.c.trace_id).where(score_tasks.c.due_at <= now))
            return bool(connection.execute(sa.select(sa.or_(new, due))).scalar())

    def arrivals(self, prompts: Sequence[str] = (), *, limit: int) -> tuple[Arrival, ...]:
        """The oldest rows, of these prompts or of all."""
        query = sa.select(arrivals).order_by(arrivals.c.number).limit(limit)
        if prompts:
            query = query.where(arrivals.c.prompt.in_(prompts))
        with self._db.read() as connection:
            return tuple(
                Arrival(number=row.number, prompt=row.prompt, trace_ids=tuple(row.trace_ids))
                for row in connection.execute(query)
            )

    def finish(self, numbers: Sequence[int], tasks: Sequence[ScoreTask]) -> None:
        """Take arrivals off the queue and note what their traces still wait for, in one transaction."""
        with self._db.write() as connection:
            alive = {row.id for row in self._some(connection, sorted({t.trace_id for t in tasks}), traces.c.id)}
            rows = [{name: getattr(t, name) for name in _FIELDS} for t in tasks if t.trace_id in alive]
            upsert(connection, score_tasks, rows, keys=("trace_id", "task"), update=None)
            for some in chunks(numbers):
                connection.execute(sa.delete(arrivals).where(arrivals.c.number.in_(some)))

    def traces(self, ids: Sequence[str]) -> tuple[Trace, ...]:
        """The traces among these ids that are still stored, oldest first."""
        with self._db.read() as connection:
            found = [trace_of(row) for row in self._some(connection, sorted(set(ids)), traces)]
        return tuple(sorted(found, key=lambda trace: (trace.ts, trace.id)))

    def scores(self, ids: Sequence[str]) -> dict[str, tuple[Score, ...]]:
        """The scores that these traces have, by trace."""
        found: dict[str, list[Score]] = {}
        with self._db.read() as connection:
            for row in stored_scores(connection, sorted(set(ids))):
                found.setdefault(row.trace_id, []).append(score_of(row))
        return {id: tuple(scores) for id, scores in found.items()}

    def neighbours(self, of: Sequence[Trace], window: timedelta) -> tuple[Trace, ...]:
        """Every trace of the same prompt and session within the window of one of these, themselves included."""
        spans = list(_spans(of, window))
        found: dict[str, Trace] = {}
        t = traces.c
        with self._db.read() as connection:
            for at in range(0, len(spans), RANGES):
                wanted = sa.or_(
                    *(
                        sa.and_(t.session == session, t.ts >= low, t.ts <= high, t.prompt == prompt)
                        for prompt, session, low, high in spans[at : at + RANGES]
                    )
                )
                found |= {row.id: trace_of(row) for row in connection.execute(sa.select(traces).where(wanted))}
        return tuple(sorted(found.values(), key=lambda trace: (trace.ts, trace.id)))

    def claim(
        self, *, repeats: bool, now: datetime, lease: timedelta, limit: int, prompts: Sequence[str] = ()
    ) -> tuple[ScoreTask, ...]:
        """Take due tasks of one sort, the newest traces first: nobody else gets them until the lease has passed."""
        c = score_tasks.c
        query = sa.select(score_tasks).where(c.due_at <= now, (c.task == REPEAT) if repeats else (c.task != REPEAT))
        if prompts:
            query = query.where(c.prompt.in_(prompts))
        query = query.order_by(c.ts.desc(), c.trace_id, c.task).limit(limit).with_for_update(skip_locked=True)
        day = now.date().isoformat()
        with self._db.write() as connection:
            taken = [_task(row) for row in connection.execute(query)]
            later = {"due_at": now + lease, "tries": c.tries + 1, "day": sa.func.coalesce(c.day, day)}
            _each(connection, sa.update(score_tasks).values(later), taken)
        return tuple(
            ScoreTask(**{name: getattr(t, name) for name in _FIELDS} | {"tries": t.tries + 1, "day": t.day or day})
            for t in taken
        )

    def drop(self, tasks: Sequence[ScoreTask]) -> None:
        """Forget tasks: they are done, or given up."""
        with self._db.write() as connection:
            _each(connection, sa.delete(score_tasks), tasks)

    def expire(self, *, now: datetime) -> int:
        """Forget the tasks whose time is over; how many there were."""
        with self._db.write() as connection:
            return connection.execute(sa.delete(score_tasks).where(score_tasks.c.expires_at <= now)).rowcount

    def tasks(self, prompts: Sequence[str] = ()) -> int:
        """How many tasks wait, of these prompts or of all."""
        query = sa.select(sa.func.count()).select_from(score_tasks)
        if prompts:
            query = query.where(score_tasks.c.prompt.in_(prompts))
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def put_back(self, tasks: Sequence[ScoreTask], *, due_at: datetime, tried: bool) -> None:
        """Let tasks be taken again from then on, paid for by that day; tried: whether this attempt counts."""
        values = {"due_at": due_at, "day": None, "tries": score_tasks.c.tries - (0 if tried else 1)}
        with self._db.write() as connection:
            _each(connection, sa.update(score_tasks).values(values), tasks)

    @staticmethod
    def _some(connection: sa.Connection, ids: Sequence[str], what: Any) -> Iterator[sa.Row[Any]]:
        for some in chunks(ids):
            yield from connection.execute(sa.select(what).where(traces.c.id.in_(some)))


def _task(row: sa.Row[Any]) -> ScoreTask:
    return ScoreTask(**{name: getattr(row, name) for name in _FIELDS})


def _each(connection: sa.Connection, statement: sa.Update | sa.Delete, tasks: Sequence[ScoreTask]) -> None:
    here = (score_tasks.c.trace_id == sa.bindparam("of"), score_tasks.c.task == sa.bindparam("named"))
    if keys := sorted((t.trace_id, t.task) for t in tasks):
        connection.execute(statement.where(*here), [{"of": trace_id, "named": task} for trace_id, task in keys])


def _spans(of: Iterable[Trace], window: timedelta) -> Iterator[tuple[str, str, datetime, datetime]]:
    """(prompt, session, from, until) around these traces, spans that touch made one."""
    at: dict[tuple[str, str], list[datetime]] = {}
    for trace in of:
        if trace.session:
            at.setdefault((trace.prompt, trace.session), []).append(trace.ts)
    for (prompt, session), times in sorted(at.items()):
        first = last = min(times)
        for ts in sorted(times):
            if ts - last > 2 * window:
                yield prompt, session, first - window, last + window
                first = ts
            last = ts
        yield prompt, session, first - window, last + window
