"""Labels inside a transaction: who may move one, where it points, and the move itself."""

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from library.errors import InputError, NotFound, Refused, Stale
from library.prompts import PROTECTED_LABELS, Actor, LabelMove
from library.store.audit import append
from library.store.tables import label_moves, labels, versions


def check_actor(label: str, actor: Actor) -> None:
    """Raise Refused unless the actor may move this label: a protected one is for reviewers, never for an agent."""
    if label in PROTECTED_LABELS and (not actor.reviewer or actor.kind == "agent"):
        mend = "Make a proposal." if actor.kind == "agent" else "Ask a reviewer."
        raise Refused(f"'{label}' is protected and {actor.name} is not a reviewer", f"label {label}", mend)


def points_at(connection: sa.Connection, prompt: str, label: str) -> int | None:
    """The version number a label stands on, None when it is not set."""
    query = sa.select(labels.c.version).where(labels.c.prompt == prompt, labels.c.label == label)
    return connection.execute(query).scalar()


def check_expected(prompt: str, label: str, current: int | None, expected: int | None) -> None:
    """Raise Stale unless the label stands where the caller saw it."""
    if current != expected:
        raise Stale(
            f"'{label}' points at {_said(current)}, not at {_said(expected)}", prompt, "Look again, then decide."
        )


def check_ahead(prompt: str, label: str, current: int | None, version: int) -> None:
    """Raise InputError where the label stands on that version already."""
    if current == version:
        raise InputError(f"'{label}' is already there, at version {version}", prompt, "Nothing was changed.")


def move(
    connection: sa.Connection,
    *,
    prompt: str,
    label: str,
    version: int,
    actor: Actor,
    reason: str,
    now: datetime,
    proposal_id: int | None = None,
) -> LabelMove:
    """Point the label at the version and write the move down. The caller holds the lock of the prompt's row.

    Raises Refused (actor), NotFound (version), InputError (already there). The audit line is the caller's to append.
    """
    check_actor(label, actor)
    current = points_at(connection, prompt, label)
    known = sa.select(versions.c.number).where(versions.c.prompt == prompt, versions.c.number == version)
    if connection.execute(known).first() is None:
        raise NotFound(f"there is no version {version}", prompt, "See `promptkeeper prompts history`.")
    check_ahead(prompt, label, current, version)
    if current is None:
        connection.execute(labels.insert().values(prompt=prompt, label=label, version=version))
    else:
        here = (labels.c.prompt == prompt) & (labels.c.label == label)
        connection.execute(labels.update().where(here).values(version=version))
    done = LabelMove(
        prompt=prompt,
        label=label,
        from_version=current,
        to_version=version,
        actor=actor.name,
        reason=reason,
        at=now,
        proposal_id=proposal_id,
    )
    connection.execute(label_moves.insert().values(asdict(done)))
    return done


def append_move(connection: sa.Connection, key: bytes, done: LabelMove) -> None:
    """The audit line of a move; like every audit line, after all other statements of the transaction."""
    detail = {
        "label": done.label,
        "from": done.from_version,
        "to": done.to_version,
        "reason": done.reason,
        "proposal": done.proposal_id,
    }
    append(connection, key, at=done.at, actor=done.actor, action="label.moved", subject=done.prompt, detail=detail)


def _said(version: int | None) -> str:
    return "no version" if version is None else f"version {version}"
