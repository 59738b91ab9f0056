"""Prompts and versions inside a transaction: reading, locking, adding the next number."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from library.errors import InputError, NotFound
from library.prompts import LATEST, Actor, Content, Prompt, Version, validate_config
from library.store.tables import labels, prompts, versions
from library.templates import validate_content


def lock_prompt(connection: sa.Connection, name: str) -> None:
    """Make other writers of this prompt's versions, labels and proposals wait; NotFound when there is no such prompt.

    Order of locks in every transaction: claim, prompt, proposals, canaries, attempts, incidents, audit.
    """
    query = sa.select(prompts.c.name).where(prompts.c.name == name)
    if connection.execute(query.with_for_update(key_share=True)).first() is None:
        raise unknown_prompt(connection, name)


def require_prompt(connection: sa.Connection, name: str) -> None:
    """Raise NotFound when there is no such prompt; prompts are never removed, so no lock is needed."""
    if connection.execute(sa.select(prompts.c.name).where(prompts.c.name == name)).first() is None:
        raise unknown_prompt(connection, name)


def unknown_prompt(connection: sa.Connection, name: str) -> NotFound:
    """The error for a name that is not in the library, with similar ones that are."""
    names = connection.execute(sa.select(prompts.c.name)).scalars().all()
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    mend = f"Did you mean {' or '.join(near)}?" if near else "See `promptkeeper prompts list`."
    return NotFound("there is no such prompt", name[:200], mend)


def read_prompts(connection: sa.Connection, name: str | None = None) -> tuple[Prompt, ...]:
    """One prompt (or none), or all of them sorted by name, with labels and highest version."""
    latest = sa.select(sa.func.max(versions.c.number)).where(versions.c.prompt == prompts.c.name).scalar_subquery()
    query = sa.select(prompts, latest.label("latest")).order_by(prompts.c.name)
    pointers = sa.select(labels).order_by(labels.c.prompt, labels.c.label)
    if name is not None:
        query, pointers = query.where(prompts.c.name == name), pointers.where(labels.c.prompt == name)
    held: dict[str, dict[str, int]] = {}
    for row in connection.execute(pointers):
        held.setdefault(row.prompt, {})[row.label] = row.version
    return tuple(
        Prompt(
            name=row.name,
            description=row.description,
            created_at=row.created_at,
            metrics=tuple(row.metrics),
            labels=held.get(row.name, {}),
            latest=row.latest,
        )
        for row in connection.execute(query)
    )


def read_versions(connection: sa.Connection, name: str) -> tuple[Version, ...]:
    """All versions of a prompt, oldest first; NotFound when there is no such prompt."""
    query = sa.select(versions).where(versions.c.prompt == name).order_by(versions.c.number)
    found = tuple(_to_version(row) for row in connection.execute(query))
    if not found and not read_prompts(connection, name):
        raise unknown_prompt(connection, name)
    return found


def read_version(connection: sa.Connection, name: str, number: int) -> Version:
    """One version by number; NotFound names what is missing."""
    query = sa.select(versions).where(versions.c.prompt == name, versions.c.number == number)
    row = connection.execute(query).first()
    if row is not None:
        return _to_version(row)
    known = _known_prompt(connection, name)
    held = f"The highest one is {known.latest}." if known.latest else "It has none yet: add one."
    raise NotFound(f"there is no version {number}", name, held)


def read_labelled(connection: sa.Connection, name: str, label: str) -> Version:
    """The version under a label, `latest` being the highest number; NotFound when it is not set."""
    query = sa.select(versions).where(versions.c.prompt == name)
    if label == LATEST:
        query = query.order_by(versions.c.number.desc()).limit(1)
    else:
        here = (labels.c.prompt == versions.c.prompt) & (labels.c.version == versions.c.number)
        query = query.join(labels, here).where(labels.c.label == label)
    row = connection.execute(query).first()
    if row is not None:
        return _to_version(row)
    known = _known_prompt(connection, name)
    if known.latest is None:
        raise NotFound("the prompt has no version", name, "Add one.")
    held = ", ".join(known.labels) or "none"
    mend = f"Set are: {held}. Set it with `promptkeeper prompts label {name} {label} VERSION`."
    raise NotFound(f"label '{label}' is not set", name, mend)


def insert_version(
    connection: sa.Connection, name: str, content: Content, *, actor: Actor, now: datetime, note: str
) -> Version:
    """Add the next version, or return the latest one when it says the same. Takes the lock of the prompt's row."""
    validate_content(content, name)
    validate_config(content.config, name)
    lock_prompt(connection, name)
    query = sa.select(versions).where(versions.c.prompt == name).order_by(versions.c.number.desc()).limit(1)
    last = connection.execute(query).first()
    if last is not None and last.content_hash == content.hash:
        return _to_version(last)
    new = Version(
        prompt=name,
        number=last.number + 1 if last else 1,
        content=content,
        content_hash=content.hash,
        created_at=now,
        created_by=actor.name,
        note=note,
    )
    row: dict[str, Any] = {
        "prompt": name,
        "number": new.number,
        "content": content.to_json(),
        "content_hash": new.content_hash,
        "created_at": now,
        "created_by": actor.name,
        "note": note,
    }
    connection.execute(versions.insert().values(row))
    return new


def checked_metrics(metrics: Sequence[Mapping[str, Any]], place: str) -> list[dict[str, Any]]:
    """Metrics as plain JSON; InputError unless there is at least one and each of them has a name."""
    plain = [dict(m) for m in metrics]
    if not plain or not all(isinstance(m.get("name"), str) and m["name"] for m in plain):
        raise InputError("the metrics are incomplete", place, 'Give at least one, each like {"name": "exact_match"}.')
    return plain


def _known_prompt(connection: sa.Connection, name: str) -> Prompt:
    found = read_prompts(connection, name)
    if not found:
        raise unknown_prompt(connection, name)
    return found[0]


def _to_version(row: sa.Row[Any]) -> Version:
    return Version(
        prompt=row.prompt,
        number=row.number,
        content=Content.from_json(row.content),
        content_hash=row.content_hash,
        created_at=row.created_at,
        created_by=row.created_by,
        note=row.note,
    )
