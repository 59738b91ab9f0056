"""Rows of proposals inside a transaction: reading, locking, closing, and the attempt that follows along."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.errors import NotFound, Refused
from library.prompts import Actor, Content
from library.proposals import Proposal, ProposalState
from library.runs import AttemptState
from library.store.tables import attempts, labels, proposals


def check_person(actor: Actor, place: str, *, reviewer: bool = False) -> None:
    """Raise Refused unless a person decides, and a reviewer where the decision sets a guardrail aside."""
    if actor.kind == "agent" or (reviewer and not actor.reviewer):
        needed = "a reviewer" if reviewer else "a person"
        raise Refused(f"{actor.name} is not {needed}", place, f"Ask {needed}.")


def one(connection: sa.Connection, id: int) -> Proposal:
    """The proposal; NotFound when there is none."""
    return _found(connection, sa.select(proposals).where(proposals.c.id == id), id)


def lock_proposal(connection: sa.Connection, id: int) -> Proposal:
    """The proposal as it is now, with its row locked: a second decision waits here, then sees the first."""
    return _found(connection, sa.select(proposals).where(proposals.c.id == id).with_for_update(), id)


def of_run(connection: sa.Connection, run_id: int) -> Proposal | None:
    """The proposal of a run, if it has made one."""
    row = connection.execute(sa.select(proposals).where(proposals.c.run_id == run_id)).first()
    return None if row is None else _to_proposal(row)


def some(connection: sa.Connection, *, state: ProposalState | None, prompt: str | None) -> tuple[Proposal, ...]:
    """Proposals, newest first."""
    query = sa.select(proposals).order_by(proposals.c.id.desc())
    if state is not None:
        query = query.where(proposals.c.state == state)
    if prompt is not None:
        query = query.where(proposals.c.prompt == prompt)
    return tuple(_to_proposal(row) for row in connection.execute(query))


def lock_pending(connection: sa.Connection, *, expired_at: datetime) -> tuple[Proposal, ...]:
    """Pending proposals past their date, locked, oldest first."""
    return _lock(connection, proposals.c.expires_at <= expired_at)


def lock_moved(connection: sa.Connection) -> tuple[Proposal, ...]:
    """Pending proposals whose label no longer stands on the version that they change, locked, oldest first."""
    mine = (labels.c.prompt == proposals.c.prompt) & (labels.c.label == proposals.c.label)
    stands = sa.select(labels.c.version).where(mine).scalar_subquery()
    return _lock(connection, sa.func.coalesce(stands, 0) != proposals.c.base_version)


def supersede(connection: sa.Connection, prompt: str, label: str, *, now: datetime) -> tuple[Proposal, ...]:
    """Close the pending proposals for a prompt and label, because a newer one takes their place."""
    older = _lock(connection, (proposals.c.prompt == prompt) & (proposals.c.label == label))
    return tuple(change(connection, p.id, state="superseded", decided_at=now) for p in older)


def insert(connection: sa.Connection, row: Mapping[str, Any]) -> Proposal:
    """Store a new proposal and give it its number."""
    return _to_proposal(connection.execute(proposals.insert().values(row).returning(proposals)).one())


def change(connection: sa.Connection, id: int, **values: Any) -> Proposal:
    """Set columns of a proposal whose row the caller has locked."""
    statement = proposals.update().where(proposals.c.id == id).values(values).returning(proposals)
    return _to_proposal(connection.execute(statement).one())


def close(
    connection: sa.Connection,
    proposal: Proposal,
    to: ProposalState,
    *,
    by: str,
    now: datetime,
    comment: str,
    version: int | None = None,
) -> Proposal:
    """Write a person's decision on the proposal and on its attempt; what was said becomes the attempt's reason."""
    done = change(connection, proposal.id, state=to, decided_at=now, decided_by=by, comment=comment, version=version)
    mark_attempt(connection, done, "approved" if to == "approved" else "rejected", reason=comment)
    return done


def mark_attempt(connection: sa.Connection, proposal: Proposal, state: AttemptState, *, reason: str = "") -> None:
    """Let the attempt behind a proposal follow it; an empty reason keeps the one it has."""
    mine = (attempts.c.run_id == proposal.run_id) & (attempts.c.number == proposal.attempt_number)
    values = {"state": state} | ({"reason": reason} if reason else {})
    if connection.execute(attempts.update().where(mine).values(values)).rowcount != 1:
        raise NotFound(
            f"there is no attempt {proposal.attempt_number}", f"run {proposal.run_id}", "Save the attempt first."
        )


def _lock(connection: sa.Connection, where: sa.ColumnElement[bool]) -> tuple[Proposal, ...]:
    # In the order of ids: two transactions that close several proposals must not wait for each other.
    query = sa.select(proposals).where(where, proposals.c.state == "pending").order_by(proposals.c.id)
    return tuple(_to_proposal(row) for row in connection.execute(query.with_for_update()))


def _found(connection: sa.Connection, query: sa.Select[Any], id: int) -> Proposal:
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("there is no such proposal", f"proposal {id}", "See `promptkeeper proposals list`.")
    return _to_proposal(row)


def _to_proposal(row: sa.Row[Any]) -> Proposal:
    said = dict(row._mapping)
    return Proposal(**said | {"content": Content.from_json(said["content"])})
