"""Prompts, versions and labels in the database."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.errors import InputError
from library.prompts import PRODUCTION, Actor, Content, LabelMove, Prompt, Version, validate_label, validate_name
from library.store import labels as label_rows
from library.store.audit import append
from library.store.canary_rows import give_way, note_ended
from library.store.engine import Database
from library.store.tables import label_moves, prompts
from library.store.versions import (
    checked_metrics,
    insert_version,
    lock_prompt,
    read_labelled,
    read_prompts,
    read_version,
    read_versions,
    unknown_prompt,
)

REFERENCE = re.compile(r"(?P<name>[^@:]+)(?:@(?P<number>[1-9][0-9]{0,8})|:(?P<label>[^@:]+))?")
DEFAULT_METRICS: tuple[Mapping[str, Any], ...] = ({"name": "exact_match"},)


class PromptStore:
    """The library proper. Versions never change; a label moves only by compare-and-set, with its history and audit.

    Raises NotFound for what does not exist, InputError for bad input, Refused and Stale for moves that may not be.
    """

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def create(
        self,
        name: str,
        *,
        description: str = "",
        metrics: Sequence[Mapping[str, Any]] = DEFAULT_METRICS,
        actor: Actor,
        now: datetime,
    ) -> Prompt:
        """Add an empty prompt; InputError when the name is taken or not allowed."""
        validate_name(name)
        row = {"name": name, "description": description, "metrics": checked_metrics(metrics, name), "created_at": now}
        with self._db.write() as connection:
            try:
                connection.execute(prompts.insert().values(row))
            except sa.exc.IntegrityError as error:
                raise InputError("the prompt exists already", name, "Add a version to it instead.") from error
            append(connection, self._key, at=now, actor=actor.name, action="prompt.created", subject=name, detail={})
        return self.get(name)

    def get(self, name: str) -> Prompt:
        """The prompt with its labels; NotFound names similar ones."""
        with self._db.read() as connection:
            found = read_prompts(connection, name)
            if not found:
                raise unknown_prompt(connection, name)
        return found[0]

    def find(self, name: str) -> Prompt | None:
        """The prompt, or None."""
        with self._db.read() as connection:
            return next(iter(read_prompts(connection, name)), None)

    def list(self) -> tuple[Prompt, ...]:
        """All prompts, sorted by name."""
        with self._db.read() as connection:
            return read_prompts(connection)

    def describe(
        self, name: str, *, description: str | None = None, metrics: Sequence[Mapping[str, Any]] | None = None
    ) -> Prompt:
        """Change the description or the metrics, or both; None leaves one as it is."""
        new: dict[str, Any] = {} if description is None else {"description": description}
        if metrics is not None:
            new["metrics"] = checked_metrics(metrics, name)
        with self._db.write() as connection:
            lock_prompt(connection, name)
            if new:
                connection.execute(prompts.update().where(prompts.c.name == name).values(new))
        return self.get(name)

    def add_version(self, name: str, content: Content, *, actor: Actor, now: datetime, note: str = "") -> Version:
        """Add the next version; the same content as the latest one adds nothing and returns that one."""
        with self._db.write() as connection:
            return insert_version(connection, name, content, actor=actor, now=now, note=note)

    def version(self, name: str, number: int) -> Version:
        """One version by number."""
        with self._db.read() as connection:
            return read_version(connection, name, number)

    def versions(self, name: str) -> tuple[Version, ...]:
        """All versions of a prompt, oldest first."""
        with self._db.read() as connection:
            return read_versions(connection, name)

    def labelled(self, name: str, label: str) -> Version:
        """The version under a label (`latest`: the highest number); NotFound when it is not set, never a fallback."""
        with self._db.read() as connection:
            return read_labelled(connection, name, label)

    def resolve(self, reference: str, *, default_label: str = PRODUCTION) -> Version:
        """The version that NAME, NAME@3 or NAME:staging means; NAME alone means the default label."""
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise InputError(
                f"'{reference[:80]}' does not name a version", "prompt reference", "Use NAME, NAME@3 or NAME:label."
            )
        if match["number"] is not None:
            return self.version(match["name"], int(match["number"]))
        return self.labelled(match["name"], match["label"] or default_label)

    def move_label(
        self,
        name: str,
        label: str,
        version: int,
        *,
        expected: int | None,
        check_expected: bool = True,
        actor: Actor,
        reason: str,
        now: datetime,
        proposal_id: int | None = None,
    ) -> LabelMove:
        """Point a label at a version, if it stands at `expected` (None: not set) and the actor may move it.

        check_expected=False moves it from wherever it is. A staged release under the label gives way. Raises Stale,
        Refused, NotFound, InputError (already there).
        """
        validate_label(label)
        label_rows.check_actor(label, actor)
        with self._db.write() as connection:
            lock_prompt(connection, name)
            if check_expected:
                label_rows.check_expected(name, label, label_rows.points_at(connection, name, label), expected)
            done = label_rows.move(
                connection,
                prompt=name,
                label=label,
                version=version,
                actor=actor,
                reason=reason,
                now=now,
                proposal_id=proposal_id,
            )
            gone = give_way(connection, name, label, to=version, by=actor.name, now=now)
            label_rows.append_move(connection, self._key, done)
            note_ended(connection, self._key, gone, now=now)
        return done

    def moves(self, name: str, label: str | None = None) -> tuple[LabelMove, ...]:
        """The history of a prompt's labels, or of one of them, oldest first."""
        columns = [c for c in label_moves.c if c.name != "id"]
        query = sa.select(*columns).where(label_moves.c.prompt == name).order_by(label_moves.c.id)
        if label is not None:
            query = query.where(label_moves.c.label == label)
        with self._db.read() as connection:
            return tuple(LabelMove(**row) for row in connection.execute(query).mappings())
