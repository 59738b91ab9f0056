"""Incidents in the database: opened by the monitor, moved by cycles and people, along legal moves only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.errors import NotFound
from library.incidents import (
    ACTIVE,
    AlsoDegraded,
    Degradation,
    Incident,
    IncidentState,
    SegmentChange,
    Upstream,
    check_move,
)
from library.runs import Claim
from library.store.audit import append
from library.store.engine import Database
from library.store.insert import chunks
from library.store.runs import hold
from library.store.tables import incidents
from library.store.versions import require_prompt

MONITOR = "monitor"
BACK = "the scores fell again"
_TIMES = ("detected_at", "onset", "onset_earliest", "onset_latest", "first_onset", "gradual_since")


class IncidentStore:
    """Incidents of all prompts. Raises NotFound for an unknown id and Refused for an illegal move."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def open(self, prompt: str, version: int, degradation: Degradation, *, now: datetime) -> Incident:
        """Write down a new degradation, in state open."""
        return self.open_all([(prompt, version, degradation)], now=now)[0]

    def open_all(self, found: Sequence[tuple[str, int, Degradation]], *, now: datetime) -> tuple[Incident, ...]:
        """Write down new degradations of (prompt, version), in state open, all or none."""
        with self._db.write() as connection:
            return tuple(self._open(connection, *one, now=now) for one in found)

    def _open(
        self, connection: sa.Connection, prompt: str, version: int, degradation: Degradation, *, now: datetime
    ) -> Incident:
        row = {
            "prompt": prompt,
            "version": version,
            "state": "open",
            "degradation": _degradation_to_json(degradation),
            "opened_at": now,
            "updated_at": now,
            "note": "",
        }
        detail = {"prompt": prompt, "version": version, "metric": degradation.metric, "segment": degradation.segment}
        require_prompt(connection, prompt)
        new = _to_incident(connection.execute(incidents.insert().values(row).returning(incidents)).one())
        subject = f"incident {new.id}"
        append(connection, self._key, at=now, actor=MONITOR, action="incident.opened", subject=subject, detail=detail)
        return new

    def refresh(self, id: int, degradation: Degradation) -> Incident:
        """Replace the evidence of an incident by newer evidence for the same one."""
        return self.refresh_all({id: degradation})[0]

    def refresh_all(self, newer: Mapping[int, Degradation]) -> tuple[Incident, ...]:
        """Replace the evidence of several incidents, ordered by id, all or none."""
        with self._db.write() as connection:
            changed = []
            for id in sorted(newer):
                lock_incident(connection, id)
                changed.append(_change(connection, id, degradation=_degradation_to_json(newer[id])))
            return tuple(changed)

    def come_back(self, id: int, degradation: Degradation, *, now: datetime) -> Incident:
        """A resolved incident is there again: state regressed, with the evidence of now."""
        with self._db.write() as connection:
            before = lock_incident(connection, id)
            check_move(before, "regressed")
            new = {"state": "regressed", "note": BACK, "degradation": _degradation_to_json(degradation)}
            after = _change(connection, id, updated_at=now, **new)
            detail = {"from": before.state, "to": "regressed", "note": BACK}
            subject = f"incident {id}"
            append(
                connection, self._key, at=now, actor=MONITOR, action="incident.moved", subject=subject, detail=detail
            )
        return after

    def move(
        self, id: int, to: IncidentState, *, actor: str, note: str = "", now: datetime, claim: Claim | None = None
    ) -> Incident:
        """Bring the incident to another state; an empty note keeps the old one.

        claim: of the cycle that moves it; ClaimLost when the cycle was taken over.
        """
        with self._db.write() as connection:
            if claim is not None:
                hold(connection, claim)
            before = lock_incident(connection, id)
            check_move(before, to)
            after = _change(connection, id, state=to, note=note or before.note, updated_at=now)
            detail = {"from": before.state, "to": to, "note": note}
            subject = f"incident {id}"
            append(connection, self._key, at=now, actor=actor, action="incident.moved", subject=subject, detail=detail)
        return after

    def diagnose(self, id: int, diagnosis: Mapping[str, Any], *, claim: Claim, now: datetime) -> Incident:
        """Keep what a cycle found out; ClaimLost when the cycle was taken over. diagnosis: plain JSON."""
        with self._db.write() as connection:
            hold(connection, claim)
            lock_incident(connection, id)
            return _change(connection, id, diagnosis=dict(diagnosis), updated_at=now)

    def get(self, id: int) -> Incident:
        """One incident by id."""
        with self._db.read() as connection:
            return _one(connection, sa.select(incidents).where(incidents.c.id == id), id)

    def list(
        self, *, prompt: str | None = None, states: Collection[IncidentState] | None = None
    ) -> tuple[Incident, ...]:
        """Incidents, newest first, of one prompt or all, in some states or any."""
        query = sa.select(incidents).order_by(incidents.c.id.desc())
        if prompt is not None:
            query = query.where(incidents.c.prompt == prompt)
        if states is not None:
            query = query.where(incidents.c.state.in_(sorted(states)))
        with self._db.read() as connection:
            return tuple(_to_incident(row) for row in connection.execute(query))

    def of(self, prompts: Collection[str]) -> tuple[Incident, ...]:
        """All incidents of some prompts, newest first."""
        found: list[Incident] = []
        with self._db.read() as connection:
            for some in chunks(sorted(prompts)):
                query = sa.select(incidents).where(incidents.c.prompt.in_(some))
                found += [_to_incident(row) for row in connection.execute(query)]
        return tuple(sorted(found, key=lambda i: -i.id))

    def active(self, prompt: str, version: int | None = None) -> tuple[Incident, ...]:
        """Incidents of a prompt, or of one of its versions, that still need something; newest first."""
        found = self.list(prompt=prompt, states=ACTIVE)
        return tuple(i for i in found if version is None or i.version == version)


def lock_incident(connection: sa.Connection, id: int) -> Incident:
    """The incident, with its row locked until the end of the transaction."""
    return _one(connection, sa.select(incidents).where(incidents.c.id == id).with_for_update(), id)


def settle(
    connection: sa.Connection, ids: Collection[int], to: IncidentState, *, now: datetime, note: str = ""
) -> None:
    """Let incidents follow what became of their proposals; inside the transaction that decides on those.

    proposed: a proposal waits. resolved: one was released. open: the proposal that waited is gone. regressed: its
    release was rolled back. An incident that a person has closed meanwhile stays closed, and only one that waits for a
    proposal or its release opens again. An empty note keeps the old one.
    """
    for id in sorted(ids):
        before = lock_incident(connection, id)
        waits = before.state == "proposed"
        if before.state in ACTIVE and before.state != to and (to not in {"open", "regressed"} or waits):
            _change(connection, id, state=to, updated_at=now, note=note or before.note)


def _one(connection: sa.Connection, query: sa.Select[Any], id: int) -> Incident:
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("there is no such incident", f"incident {id}", "See `promptkeeper incidents list`.")
    return _to_incident(row)


def _change(connection: sa.Connection, id: int, **values: Any) -> Incident:
    statement = incidents.update().where(incidents.c.id == id).values(values).returning(incidents)
    return _to_incident(connection.execute(statement).one())


def _degradation_to_json(degradation: Degradation) -> dict[str, Any]:
    return _plain(asdict(degradation))


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in said.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return _plain(value)
    return [_plain_value(one) for one in value] if isinstance(value, list | tuple) else value


def _degradation_from_json(said: Mapping[str, Any]) -> Degradation:
    times = {name: datetime.fromisoformat(said[name]) for name in _TIMES if said.get(name) is not None}
    upstream = said.get("upstream")
    nested = {
        "segments": tuple(SegmentChange(**segment) for segment in said["segments"]),
        "also": tuple(AlsoDegraded(**_dated(other)) for other in said.get("also", ())),
        "upstream": None
        if upstream is None
        else Upstream(**_dated(upstream) | {"prompts": tuple(upstream["prompts"])}),
    }
    return Degradation(**{**said, **times, **nested})


def _dated(said: Mapping[str, Any]) -> dict[str, Any]:
    return {**said, "onset": datetime.fromisoformat(said["onset"])}


def _to_incident(row: sa.Row[Any]) -> Incident:
    return Incident(
        id=row.id,
        prompt=row.prompt,
        version=row.version,
        state=row.state,
        degradation=_degradation_from_json(row.degradation),
        diagnosis=row.diagnosis,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        note=row.note,
    )
