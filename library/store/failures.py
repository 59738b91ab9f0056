"""Kinds of failure in the database, and what was tried for each: the truth that failure memory is an index of."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from library.failures import Failure, Outcome, PastFix
from library.runs import Attempt, AttemptState, Claim
from library.store.engine import Database
from library.store.insert import chunks
from library.store.runs import hold, to_attempt
from library.store.tables import attempts, runs
from library.store.tables import failures as table
from library.store.upsert import upsert

TRIED: frozenset[AttemptState] = frozenset({"tested", "failed_gate", "proposed", "approved", "rejected"})
"""Attempts that say something about a fix; blocked, duplicate and drafted ones were never run."""


class FailureStore:
    """Kinds of failure of all prompts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, claim: Claim, failures: Sequence[Failure]) -> None:
        """Keep the failures of a cycle; an id that is there already stays as it is."""
        rows = [asdict(failure) | {"trace_ids": list(failure.trace_ids)} for failure in failures]
        with self._db.write() as connection:
            hold(connection, claim)
            upsert(connection, table, rows, keys=["id"], update=None)

    def list(self, prompt: str | None = None) -> tuple[Failure, ...]:
        """Failures of one prompt or all, oldest first."""
        query = sa.select(table).order_by(table.c.created_at, table.c.id)
        if prompt is not None:
            query = query.where(table.c.prompt == prompt)
        with self._db.read() as connection:
            return tuple(_to_failure(row) for row in connection.execute(query))

    def get_many(self, ids: Sequence[str]) -> dict[str, Failure]:
        """The failures with these ids; unknown ones are left out, since an index may lag behind an erasure."""
        with self._db.read() as connection:
            return _by_id(connection, ids)

    def past_fixes(self, ids: Sequence[str]) -> tuple[PastFix, ...]:
        """What was tried for these failures: attempts of the run that saw one, and of all runs of its incident.

        In the order of the ids, then of the attempts. fixed: approved; not_fixed: rejected, failed at the gate, or
        tested without gain; undecided: the rest.
        """
        with self._db.read() as connection:
            known = _by_id(connection, ids)
            tried = _attempts_for(connection, tuple(known.values()))
        return tuple(
            PastFix(
                failure_id=failure.id,
                prompt=failure.prompt,
                name=failure.name,
                hypothesis=attempt.hypothesis,
                outcome=_outcome(attempt),
                detail=attempt.reason,
            )
            for failure in (known[id] for id in dict.fromkeys(ids) if id in known)
            for incident_id, attempt in tried
            if attempt.run_id == failure.run_id or (incident_id is not None and incident_id == failure.incident_id)
        )


def _by_id(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Failure]:
    found = {}
    for some in chunks(sorted(set(ids))):
        for row in connection.execute(sa.select(table).where(table.c.id.in_(some))):
            found[row.id] = _to_failure(row)
    return found


def _attempts_for(connection: sa.Connection, seen: Sequence[Failure]) -> list[tuple[int | None, Attempt]]:
    """(incident of the run, attempt), oldest first."""
    of_runs = runs.c.id.in_(sorted({f.run_id for f in seen}))
    of_incidents = runs.c.incident_id.in_(sorted({f.incident_id for f in seen if f.incident_id is not None}))
    query = (
        sa.select(attempts, runs.c.incident_id)
        .join(runs, runs.c.id == attempts.c.run_id)
        .where(of_runs | of_incidents, attempts.c.state.in_(sorted(TRIED)))
        .order_by(attempts.c.run_id, attempts.c.number)
    )
    return [(row.incident_id, to_attempt(row)) for row in connection.execute(query)]


def _outcome(attempt: Attempt) -> Outcome:
    if attempt.state == "approved":
        return "fixed"
    gain = attempt.result.get("gain")
    without_gain = attempt.state == "tested" and isinstance(gain, int | float) and gain <= 0
    return "not_fixed" if attempt.state in {"rejected", "failed_gate"} or without_gain else "undecided"


def _to_failure(row: sa.Row[Any]) -> Failure:
    said = dict(row._mapping)
    return Failure(**said | {"trace_ids": tuple(said["trace_ids"])})
