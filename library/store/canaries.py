"""Canaries in the database: each deed is one transaction, along legal moves only, with its line in the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.canaries import ACTIVE, FULL, Arm, ArmSum, Canary, CanaryState, Step, check_move, check_steps
from library.errors import InputError, Refused, Stale
from library.prompts import Actor, Version
from library.store import labels
from library.store.arms import any_deltas, count_live, fold, read_sums
from library.store.canary_rows import (
    active_under,
    begin,
    change,
    end,
    give_way,
    lock_canary,
    note,
    note_ended,
    note_started,
    one,
    step_to_json,
    to_canary,
)
from library.store.engine import Database
from library.store.proposal_rows import check_person
from library.store.release_tables import canaries
from library.store.versions import lock_prompt, read_labelled, read_version

RELEASE = "release"
"""The actor of what the figures decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The version that a subject gets under a label; canary and arm where a staged release has decided it."""

    version: Version
    canary: Canary | None = None
    arm: Arm | None = None


class CanaryStore:
    """Canaries of all prompts. Raises NotFound for an unknown id, Stale for an illegal move, Refused for an actor."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def served(self, prompt: str, label: str, subject: str | None) -> Served:
        """What a subject is served under a label; without a subject always the version that the label stands on."""
        with self._db.read() as connection:
            canary = active_under(connection, prompt, label) if subject else None
            if canary is None or not subject:
                return Served(version=read_labelled(connection, prompt, label))
            arm = canary.arm(subject)
            number = canary.version if arm.name == "canary" else canary.base_version
            return Served(version=read_version(connection, prompt, number), canary=canary, arm=arm)

    def start(self, version: Version, *, label: str, steps: tuple[int, ...], actor: Actor, now: datetime) -> Canary:
        """Release a version in steps by hand: a reviewer's decision on exactly this content.

        An active canary of another version gives way. Raises Refused for who may not move the label and for a label
        that is not set, InputError where it stands on that version already or that version runs as its canary.
        """
        check_person(actor, f"label {label}")
        labels.check_actor(label, actor)
        check_steps(steps, "release.steps")
        with self._db.write() as connection:
            lock_prompt(connection, version.prompt)
            known = read_version(connection, version.prompt, version.number)
            base = labels.points_at(connection, version.prompt, label)
            _check_startable(connection, known, version.content_hash, label, base)
            gone = give_way(connection, version.prompt, label, to=known.number, by=actor.name, now=now)
            new = begin(connection, known, label=label, base_version=base or 0, steps=steps, by=actor.name, now=now)
            note_ended(connection, self._key, gone, now=now)
            note_started(connection, self._key, new)
        return new

    def get(self, id: int) -> Canary:
        """One canary by id."""
        with self._db.read() as connection:
            return one(connection, id)

    def active(self, prompt: str, label: str) -> Canary | None:
        """The canary under a label that has not ended, None when there is none."""
        with self._db.read() as connection:
            return active_under(connection, prompt, label)

    def of_proposal(self, proposal_id: int) -> Canary | None:
        """The staged release of an approved proposal, None when it was released at once."""
        with self._db.read() as connection:
            query = sa.select(canaries).where(canaries.c.proposal_id == proposal_id).order_by(canaries.c.id.desc())
            row = connection.execute(query).first()
            return None if row is None else to_canary(row)

    def list(self, *, prompt: str | None = None, active: bool = False) -> tuple[Canary, ...]:
        """Canaries, newest first, of one prompt or all; active: only those that have not ended."""
        query = sa.select(canaries).order_by(canaries.c.id.desc())
        if prompt is not None:
            query = query.where(canaries.c.prompt == prompt)
        if active:
            query = query.where(canaries.c.state.in_(sorted(ACTIVE)))
        with self._db.read() as connection:
            return tuple(to_canary(row) for row in connection.execute(query))

    def live_scored(self, prompt: str, names: Sequence[str], *, since: datetime, until: datetime, most: int) -> int:
        """Calls of a prompt with since <= ts < until that have a score of one of these names, counted up to `most`.

        Replayed calls are no live traffic.
        """
        with self._db.read() as connection:
            return count_live(connection, prompt, names, since=since, until=until, most=most)

    def sums(self, id: int) -> tuple[Canary, tuple[ArmSum, ...]]:
        """The canary, and what both arms have scored since it began, with everything that has arrived by now."""
        with self._db.read() as connection:
            waits = one(connection, id).active and any_deltas(connection, id)
        if waits:
            with self._db.write() as connection:
                fold(connection, lock_canary(connection, id))
        with self._db.read() as connection:
            canary = one(connection, id)
            return canary, read_sums(connection, canary)

    def read(self, id: int, reading: Mapping[str, Any]) -> Canary:
        """Keep the last comparison of an active canary's arms; what has ended keeps the one it ended on."""
        with self._db.write() as connection:
            canary = lock_canary(connection, id)
            return change(connection, id, reading=dict(reading)) if canary.active else canary

    def advance(self, id: int, *, seen: Canary, reading: Mapping[str, Any], reason: str, now: datetime) -> Canary:
        """Go on to the next share below 100, if the canary still stands where it was seen (else Stale)."""
        with self._db.write() as connection:
            canary = lock_canary(connection, id)
            _check_seen(canary, seen)
            if canary.state != "running" or canary.next_percent == FULL:
                raise Stale(f"there is no next step for a canary that is {canary.state}", f"canary {id}", "Look again.")
            step = Step(percent=canary.next_percent, since=now)
            history = [step_to_json(s) for s in (*canary.history, step)]
            done = change(connection, id, history=history, reading=dict(reading), updated_at=now, reason=reason)
            told = {**_figures(reading), "from": canary.percent, "reason": reason}
            self._note(connection, done, "advanced", by=RELEASE, now=now, **told)
        return done

    def move(
        self,
        id: int,
        to: CanaryState,
        *,
        by: Actor | None,
        reason: str,
        now: datetime,
        reading: Mapping[str, Any] | None = None,
    ) -> Canary:
        """Pause, resume (to `running`), or let it wait for the second signature; by: None for the figures themselves.

        Only a person resumes. Its ends have deeds of their own: `promote` and `roll_back`.
        """
        if to not in ACTIVE:
            raise Refused(f"a canary is not simply {to}", f"canary {id}", "Promote it or roll it back.")
        if by is not None:
            check_person(by, f"canary {id}")
        who = RELEASE if by is None else by.name
        with self._db.write() as connection:
            canary = lock_canary(connection, id)
            check_move(canary, to)
            new = {} if reading is None else {"reading": dict(reading)}
            done = change(connection, id, state=to, reason=reason, updated_at=now, **new)
            deed = "resumed" if to == "running" else to
            told = _figures(reading or {})
            self._note(connection, done, deed, by=who, now=now, reason=reason, **told)
        return done

    def promote(
        self, id: int, *, by: Actor | None, reason: str, now: datetime, realised: Mapping[str, Any] | None = None
    ) -> Canary:
        """Move the label to the canary's version for good; the incident is resolved.

        by: the reviewer who signs; None where the rulebook lets the approval stand for the last step too, and then the
        move is made in the name of whoever approved this very content. Raises Refused (actor), Stale (ended, moved).
        """
        if by is not None:
            check_person(by, f"canary {id}")
        with self._db.write() as connection:
            lock_prompt(connection, one(connection, id).prompt)
            canary = lock_canary(connection, id)
            check_move(canary, "promoted")
            self._check_content(connection, canary)
            signer = by or Actor(name=canary.started_by, kind="local", reviewer=True)
            labels.check_actor(canary.label, signer)
            who = RELEASE if by is None else by.name
            done = end(connection, canary, "promoted", by=who, reason=reason, now=now, realised=_plain(realised))
            moved = labels.move(
                connection,
                prompt=canary.prompt,
                label=canary.label,
                version=canary.version,
                actor=signer,
                reason=f"canary {id}: {reason}",
                now=now,
                proposal_id=canary.proposal_id,
            )
            labels.append_move(connection, self._key, moved)
            self._note(connection, done, "promoted", by=who, now=now, reason=reason, **_figures(realised or {}))
        return done

    def roll_back(
        self, id: int, *, by: Actor | None, reason: str, now: datetime, realised: Mapping[str, Any] | None = None
    ) -> Canary:
        """Serve everybody the base version again, at once; by: None for the figures. Nobody has to agree to it."""
        if not reason.strip():
            raise InputError("the rollback has no reason", f"canary {id}", "Say why: the next attempt builds on it.")
        with self._db.write() as connection:
            canary = lock_canary(connection, id)
            check_move(canary, "rolled_back")
            who = RELEASE if by is None else by.name
            done = end(connection, canary, "rolled_back", by=who, reason=reason, now=now, realised=_plain(realised))
            self._note(connection, done, "rolled_back", by=who, now=now, reason=reason, **_figures(realised or {}))
        return done

    def _check_content(self, connection: sa.Connection, canary: Canary) -> None:
        version = read_version(connection, canary.prompt, canary.version)
        current = labels.points_at(connection, canary.prompt, canary.label)
        if version.content_hash != canary.content_hash or version.content.hash != canary.content_hash:
            raise Stale("the content is not the one that was approved", f"canary {canary.id}", "Roll it back.")
        if current != canary.base_version:
            said = f"'{canary.label}' has moved from version {canary.base_version} to {current} meanwhile"
            raise Stale(said, f"canary {canary.id}", "Roll it back, then start one beside the version that is live.")

    def _note(
        self, connection: sa.Connection, canary: Canary, deed: str, *, by: str, now: datetime, **detail: Any
    ) -> None:
        note(connection, self._key, canary, deed, by=by, now=now, **detail)


def _check_startable(
    connection: sa.Connection, version: Version, content_hash: str, label: str, base: int | None
) -> None:
    if version.content_hash != content_hash:
        raise Stale("the content is not the one that was shown", version.prompt, "Look at it again, then decide.")
    if base is None:
        mend = f"Set it: promptkeeper prompts label {version.prompt} {label} {version.number}"
        raise Refused(f"'{label}' is not set, so there is nothing to compare with", version.prompt, mend)
    labels.check_ahead(version.prompt, label, base, version.number)
    running = active_under(connection, version.prompt, label, lock=True)
    if running is not None and running.version == version.number:
        raise InputError(f"canary {running.id} releases this version already", version.prompt, "Nothing was changed.")


def _check_seen(canary: Canary, seen: Canary) -> None:
    if (canary.state, canary.history) != (seen.state, seen.history):
        raise Stale("it has moved on meanwhile", f"canary {canary.id}", "Look again.")


def _plain(said: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if said is None else dict(said)


def _figures(reading: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log keeps of a comparison."""
    kept = ("metric", "gain", "low", "high", "n_control", "n_canary")
    return {name: reading[name] for name in kept if name in reading}
