"""The audit log in the database: appended in the transaction of the deed, verified line by line."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from library.audit import GENESIS, AuditEvent, chain_hash
from library.store.engine import Database
from library.store.tables import audit

APPEND_LOCK = 7_001_001  # any number that no other advisory lock of this database uses
BATCH = 1000  # lines read at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """What a walk along the chain found.

    count: lines that hold together from the start; head: hash of the last of them, to be kept elsewhere, since lines
    cut off at the end leave no trace in the chain; broken_at: number of the first line that is missing or changed.
    """

    ok: bool
    count: int
    head: str
    broken_at: int | None


def append(
    connection: sa.Connection,
    key: bytes,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> AuditEvent:
    """Add a line to the chain, inside the transaction of what it tells about.

    Call it after every other statement of the transaction: writers queue here until commit, and one that took further
    row locks afterwards could deadlock with another. detail: plain JSON. key: secret of the HMAC, empty for none.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(APPEND_LOCK)))
    last = connection.execute(sa.select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    at = at.astimezone(UTC)  # as it comes back from the database, since the hash covers its spelling
    event = AuditEvent(
        number=number,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        detail=dict(detail),
        previous=previous,
        hash=chain_hash(previous, at=at, actor=actor, action=action, subject=subject, detail=detail, key=key),
    )
    connection.execute(audit.insert().values(asdict(event)))
    return event


class AuditStore:
    """Reads and checks the audit log. audit_key: secret of the HMAC; without one the hashes are plain SHA-256."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def record(self, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> AuditEvent:
        """Append an event that has no other write in the library (a token made, a log exported)."""
        with self._db.write() as connection:
            return append(connection, self._key, at=at, actor=actor, action=action, subject=subject, detail=detail)

    def events(self, *, after: int = 0, limit: int = BATCH) -> tuple[AuditEvent, ...]:
        """At most limit lines with a number above `after`, oldest first."""
        with self._db.read() as connection:
            return _lines(connection, after, limit)

    def verify(self) -> AuditCheck:
        """Walk the whole chain and stop at the first line that is missing or does not hash to what it says."""
        with self._db.read() as connection:
            return walk(connection, self._key)


def walk(connection: sa.Connection, key: bytes) -> AuditCheck:
    """Check the chain as the transaction of this connection sees it. key: secret of the HMAC, empty for none."""
    count, head = 0, GENESIS
    while lines := _lines(connection, count, BATCH):
        for event in lines:
            if event.number != count + 1 or event.previous != head or event.hash != _expected(event, key):
                return AuditCheck(ok=False, count=count, head=head, broken_at=count + 1)
            count, head = event.number, event.hash
    return AuditCheck(ok=True, count=count, head=head, broken_at=None)


def _expected(event: AuditEvent, key: bytes) -> str:
    return chain_hash(
        event.previous,
        at=event.at,
        actor=event.actor,
        action=event.action,
        subject=event.subject,
        detail=event.detail,
        key=key,
    )


def _lines(connection: sa.Connection, after: int, limit: int) -> tuple[AuditEvent, ...]:
    query = sa.select(audit).where(audit.c.number > after).order_by(audit.c.number).limit(limit)
    return tuple(AuditEvent(**row) for row in connection.execute(query).mappings())
