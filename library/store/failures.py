"""Kinds of failure in the database, and what was tried for each: the truth that failure memory is an index of."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from library.failures import Failure, HeldFix, Outcome, PastFix
from library.prompts import Content
from library.runs import Attempt, AttemptState, Claim
from library.store.engine import Database
from library.store.insert import chunks
from library.store.runs import hold, to_attempt
from library.store.tables import attempts, label_moves, proposals, runs, versions
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

    def held_fixes(self, ids: Sequence[str]) -> tuple[HeldFix, ...]:
        """What was approved for these failures and still holds, in the order of the ids, then of the versions.

        A release that was taken back says that the change did not hold: a later move of the same label to an older
        version. A later move to a newer one does not.
        """
        with self._db.read() as connection:
            known = _by_id(connection, ids)
            held = _held(connection, tuple(known.values()))
        return tuple(
            HeldFix(
                failure_id=failure.id,
                prompt=failure.prompt,
                name=failure.name,
                text=failure.text,
                run_id=row.run_id,
                before=Content.from_json(row.before),
                after=Content.from_json(row.content),
                version=row.version,
            )
            for failure in (known[id] for id in dict.fromkeys(ids) if id in known)
            for row in held
            if row.run_id == failure.run_id or (row.incident_id is not None and row.incident_id == failure.incident_id)
        )


def _held(connection: sa.Connection, seen: Sequence[Failure]) -> list[sa.Row[Any]]:
    """Approved proposals of these failures' runs and incidents whose version came under the label and stayed ahead."""
    came, back = label_moves.alias("came"), label_moves.alias("back")
    taken_back = (
        sa.select(back.c.id)
        .where(back.c.prompt == came.c.prompt, back.c.label == came.c.label, back.c.id > came.c.id)
        .where(back.c.to_version < came.c.to_version)
        .exists()
    )
    holds = (
        sa.select(came.c.id)
        .where(came.c.prompt == proposals.c.prompt, came.c.label == proposals.c.label)
        .where(came.c.to_version == proposals.c.version, ~taken_back)
        .exists()
    )
    base = (versions.c.prompt == proposals.c.prompt) & (versions.c.number == proposals.c.base_version)
    query = (
        sa.select(proposals, versions.c.content.label("before"))
        .join(versions, base)
        .where(proposals.c.state == "approved", holds, _of(proposals.c.run_id, proposals.c.incident_id, seen))
        .order_by(proposals.c.version, proposals.c.id)
    )
    return list(connection.execute(query))


def _of(run_id: sa.ColumnElement[Any], incident_id: sa.ColumnElement[Any], seen: Sequence[Failure]) -> Any:
    """Whether a row is of the runs that saw these failures, or of their incidents."""
    of_incidents = incident_id.in_(sorted({f.incident_id for f in seen if f.incident_id is not None}))
    return run_id.in_(sorted({f.run_id for f in seen})) | of_incidents


def _by_id(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Failure]:
    found = {}
    for some in chunks(sorted(set(ids))):
        for row in connection.execute(sa.select(table).where(table.c.id.in_(some))):
            found[row.id] = _to_failure(row)
    return found


def _attempts_for(connection: sa.Connection, seen: Sequence[Failure]) -> list[tuple[int | None, Attempt]]:
    """(incident of the run, attempt), oldest first."""
    query = (
        sa.select(attempts, runs.c.incident_id)
        .join(runs, runs.c.id == attempts.c.run_id)
        .where(_of(runs.c.id, runs.c.incident_id, seen), attempts.c.state.in_(sorted(TRIED)))
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
