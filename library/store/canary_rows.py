"""Rows of canaries inside a transaction: beginning, locking, changing, ending, and their audit lines."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.canaries import ACTIVE, Canary, CanaryState, Step
from library.errors import NotFound
from library.incidents import IncidentState
from library.prompts import Version
from library.proposals import Proposal
from library.runs import AttemptState
from library.store.audit import append
from library.store.incidents import settle
from library.store.proposal_rows import mark_attempt
from library.store.proposal_rows import one as proposal_of
from library.store.release_tables import arm_deltas, canaries

ATTEMPTS: Mapping[CanaryState, AttemptState] = {"promoted": "approved", "rolled_back": "rejected"}
INCIDENTS: Mapping[CanaryState, IncidentState] = {
    "promoted": "resolved",
    "rolled_back": "regressed",
    "superseded": "open",
}
"""What becomes of the attempt and the incident behind a release that ends so."""


def one(connection: sa.Connection, id: int) -> Canary:
    """The canary; NotFound when there is none."""
    return _found(connection, sa.select(canaries).where(canaries.c.id == id), id)


def lock_canary(connection: sa.Connection, id: int) -> Canary:
    """The canary as it is now, with its row locked: a second deed waits here, then sees the first."""
    return _found(connection, sa.select(canaries).where(canaries.c.id == id).with_for_update(), id)


def active_under(connection: sa.Connection, prompt: str, label: str, *, lock: bool = False) -> Canary | None:
    """The canary that decides what subjects are served under a label, None when there is none."""
    mine = (canaries.c.prompt == prompt) & (canaries.c.label == label)
    query = sa.select(canaries).where(mine, canaries.c.state.in_(sorted(ACTIVE)))
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else to_canary(row)


def begin(
    connection: sa.Connection,
    version: Version,
    *,
    steps: tuple[int, ...],
    by: str,
    now: datetime,
    label: str = "",
    base_version: int = 0,
    proposal: Proposal | None = None,
) -> Canary:
    """Start a canary at its first step; the caller has ended the one before it and checked who may.

    proposal: what was approved, which names label and base version itself.
    """
    row = {
        "prompt": version.prompt,
        "label": label if proposal is None else proposal.label,
        "base_version": base_version if proposal is None else proposal.base_version,
        "version": version.number,
        "content_hash": version.content_hash,
        "proposal_id": None if proposal is None else proposal.id,
        "incident_id": None if proposal is None else proposal.incident_id,
        "state": "running",
        "steps": list(steps),
        "history": [step_to_json(Step(percent=steps[0], since=now))],
        "started_at": now,
        "started_by": by,
        "updated_at": now,
        "reason": "",
    }
    return to_canary(connection.execute(canaries.insert().values(row).returning(canaries)).one())


def change(connection: sa.Connection, id: int, **values: Any) -> Canary:
    """Set columns of a canary whose row the caller has locked."""
    statement = canaries.update().where(canaries.c.id == id).values(values).returning(canaries)
    return to_canary(connection.execute(statement).one())


def end(
    connection: sa.Connection, canary: Canary, to: CanaryState, *, by: str, reason: str, now: datetime, **values: Any
) -> Canary:
    """Write down how a canary ended; its attempt and its incident follow in the same transaction.

    Rolled back, the attempt counts as one that did not help, with the reason, so that failure memory and the next
    cycle know; the incident is there again as `regressed`. Promoted, it is resolved.
    """
    done = change(connection, canary.id, state=to, ended_at=now, ended_by=by, updated_at=now, reason=reason, **values)
    connection.execute(sa.delete(arm_deltas).where(arm_deltas.c.canary_id == canary.id))
    if done.proposal_id is not None and to in ATTEMPTS:
        said = f"rolled back in production: {reason}" if to == "rolled_back" else ""
        mark_attempt(connection, proposal_of(connection, done.proposal_id), ATTEMPTS[to], reason=said)
    if done.incident_id is not None:
        what = f"canary {done.id} was rolled back: {reason}" if to == "rolled_back" else ""
        settle(connection, {done.incident_id}, INCIDENTS[to], now=now, note=what)
    return done


def give_way(connection: sa.Connection, prompt: str, label: str, *, to: int, by: str, now: datetime) -> Canary | None:
    """End the active canary of a label that moves to another version, or under which another canary begins.

    A reviewer who moves the label to the canary's own version has promoted it. The audit line is the caller's to
    append (`note_ended`), after all other statements.
    """
    canary = active_under(connection, prompt, label, lock=True)
    if canary is None:
        return None
    if to == canary.version:
        return end(connection, canary, "promoted", by=by, reason=f"'{label}' was moved to it by hand", now=now)
    return end(connection, canary, "superseded", by=by, reason=f"version {to} took its place", now=now)


def note(
    connection: sa.Connection, key: bytes, canary: Canary, deed: str, *, by: str, now: datetime, **detail: Any
) -> None:
    """The audit line of a deed; like every audit line, after all other statements of the transaction."""
    told = {
        "prompt": canary.prompt,
        "label": canary.label,
        "version": canary.version,
        "base_version": canary.base_version,
        "percent": canary.percent,
        "proposal": canary.proposal_id,
        **detail,
    }
    append(connection, key, at=now, actor=by, action=f"canary.{deed}", subject=f"canary {canary.id}", detail=told)


def note_started(connection: sa.Connection, key: bytes, canary: Canary) -> None:
    """The audit line of a beginning: which content, in which steps."""
    told = {"content_hash": canary.content_hash, "steps": list(canary.steps)}
    note(connection, key, canary, "started", by=canary.started_by, now=canary.started_at, **told)


def note_ended(connection: sa.Connection, key: bytes, gone: Canary | None, *, now: datetime) -> None:
    """The audit line of a canary that gave way, if one did."""
    if gone is not None:
        note(connection, key, gone, gone.state, by=gone.ended_by or "", now=now, reason=gone.reason)


def step_to_json(step: Step) -> dict[str, Any]:
    """A step as stored."""
    return {"percent": step.percent, "since": step.since.isoformat()}


def to_canary(row: sa.Row[Any]) -> Canary:
    """A stored row as the noun."""
    said = dict(row._mapping)
    return Canary(**said | {"steps": tuple(said["steps"]), "history": tuple(_steps(said["history"]))})


def _steps(said: Iterable[Mapping[str, Any]]) -> Iterable[Step]:
    return (Step(percent=one["percent"], since=datetime.fromisoformat(one["since"])) for one in said)


def _found(connection: sa.Connection, query: sa.Select[Any], id: int) -> Canary:
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("there is no such canary", f"canary {id}", "See `promptkeeper canary status`.")
    return to_canary(row)
