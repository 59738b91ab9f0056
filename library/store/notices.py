"""Notices in the database: an outbox that is filled from the audit log and emptied by whoever sends.

The audit log is written in the transaction of each deed, and a line's number is given under a lock that is held until
commit, so numbers appear in order. A channel remembers the last line that it has read, and moves on in the transaction
that stores its notices: no event is lost, and none becomes two notices.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from library.errors import NotFound
from library.notices import Notice, NoticeState, Telling, check_move
from library.store.audit import append
from library.store.engine import Database
from library.store.notice_tables import notice_channels, notices
from library.store.tables import audit
from library.store.upsert import upsert

GONE = "the channel is no longer in the settings"
SHOWN = 200  # notices in a list, unless more are asked for


class NoticeStore:
    """Notices of all channels. Raises NotFound for an unknown id and Refused for an illegal move."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def follow(self, names: Collection[str], *, now: datetime) -> Mapping[str, int]:
        """How far each of these channels has read the audit log.

        A new one begins at the end of the log: what happened before it was set up is not told. One that is not named
        any more is forgotten, and what was still on its way there counts as failed.
        """
        with self._db.read() as connection:
            known = _cursors(connection)
        if known.keys() == set(names):
            return known
        with self._db.write() as connection:
            end = connection.execute(sa.select(sa.func.coalesce(sa.func.max(audit.c.number), 0))).scalar_one()
            rows = [{"name": name, "line": end, "since": now} for name in names]
            upsert(connection, notice_channels, rows, keys=("name",), update=None)
            connection.execute(notice_channels.delete().where(notice_channels.c.name.not_in(sorted(names))))
            stranded = (notices.c.state == "pending") & notices.c.channel.not_in(sorted(names))
            connection.execute(notices.update().where(stranded).values(state="failed", error=GONE))
            return _cursors(connection)

    def write(
        self, channel: str, tellings: Sequence[tuple[int, str, Telling]], *, seen: int, upto: int, now: datetime
    ) -> bool:
        """Store what a channel is to be told and move it on from line `seen` to line `upto`, in one transaction.

        tellings: (line, key, telling). False, and nothing stored, when somebody else has moved it on meanwhile.
        """
        rows = [_row(channel, line, key, telling, now) for line, key, telling in tellings]
        with self._db.write() as connection:
            here = (notice_channels.c.name == channel) & (notice_channels.c.line == seen)
            if connection.execute(notice_channels.update().where(here).values(line=upto)).rowcount != 1:
                return False
            if rows:
                connection.execute(notices.insert(), rows)
        return True

    def due(self, channels: Collection[str], *, now: datetime) -> bool:
        """Whether anything waits to be sent now."""
        with self._db.read() as connection:
            return connection.execute(_due(channels, now).limit(1)).first() is not None

    def take(
        self, channels: Collection[str], *, now: datetime, lease: timedelta, limit: int = 100
    ) -> tuple[Notice, ...]:
        """Begin a try of what is due, oldest first; nobody else takes it before the lease ends.

        The try is counted at once, so a process that is killed between sending and `sent` repeats a message once.
        """
        with self._db.write() as connection:
            found = _due(channels, now).order_by(notices.c.id).limit(limit)
            ids = list(connection.scalars(found.with_for_update(skip_locked=True)))
            if not ids:
                return ()
            begun = {"attempts": notices.c.attempts + 1, "next_at": now + lease}
            statement = notices.update().where(notices.c.id.in_(ids)).values(begun).returning(notices)
            return tuple(sorted(map(_notice, connection.execute(statement)), key=lambda notice: notice.id))

    def sent(self, notice: Notice, *, now: datetime) -> bool:
        """The try was taken by the receiver. False when a later try has begun meanwhile: that one decides."""
        check_move(notice, "sent")
        return self._end(notice, {"state": "sent", "sent_at": now, "error": ""})

    def missed(self, notice: Notice, error: str, *, again_at: datetime | None) -> bool:
        """The try failed. again_at: when the next one is due, None to give up. False: as for `sent`."""
        if again_at is None:
            check_move(notice, "failed")
            return self._end(notice, {"state": "failed", "error": error})
        return self._end(notice, {"next_at": again_at, "error": error})

    def _end(self, notice: Notice, values: Mapping[str, Any]) -> bool:
        mine = (notices.c.id == notice.id) & (notices.c.attempts == notice.attempts) & (notices.c.state == "pending")
        with self._db.write() as connection:
            return connection.execute(notices.update().where(mine).values(values)).rowcount == 1

    def retry(self, id: int | None, *, actor: str, now: datetime) -> tuple[Notice, ...]:
        """Send a failed notice on its way again, or all of them (None); the tries are counted from the start."""
        with self._db.write() as connection:
            these = notices.c.state == "failed" if id is None else notices.c.id == _known(id)
            query = sa.select(notices).where(these).order_by(notices.c.id).with_for_update()
            found = [_notice(row) for row in connection.execute(query)]
            if id is not None and not found:
                raise _unknown(id)
            for notice in found:
                check_move(notice, "pending")
            if not found:
                return ()
            values = {"state": "pending", "attempts": 0, "next_at": now, "error": ""}
            again = connection.execute(notices.update().where(these).values(values).returning(notices)).all()
            detail = {"ids": [notice.id for notice in found]}
            append(
                connection, self._key, at=now, actor=actor, action="notice.retried", subject="notices", detail=detail
            )
        return tuple(sorted(map(_notice, again), key=lambda notice: notice.id))

    def get(self, id: int) -> Notice:
        """One notice by id."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(notices).where(notices.c.id == _known(id))).first()
        if row is None:
            raise _unknown(id)
        return _notice(row)

    def list(
        self, *, state: NoticeState | None = None, channel: str | None = None, limit: int = SHOWN
    ) -> tuple[Notice, ...]:
        """Notices, newest first, in a state or any, of a channel or all."""
        query = sa.select(notices).order_by(notices.c.id.desc()).limit(limit)
        if state is not None:
            query = query.where(notices.c.state == state)
        if channel is not None:
            query = query.where(notices.c.channel == channel)
        with self._db.read() as connection:
            return tuple(_notice(row) for row in connection.execute(query))

    def failed(self) -> Mapping[str, int]:
        """How many notices could not be delivered, by channel."""
        query = sa.select(notices.c.channel, sa.func.count()).where(notices.c.state == "failed")
        with self._db.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(notices.c.channel))}

    def let_go(self, *, before: datetime) -> int:
        """Delete what was delivered before a time; how many. What failed stays until somebody has seen to it."""
        old = (notices.c.state == "sent") & (notices.c.sent_at < before)
        with self._db.write() as connection:
            return connection.execute(notices.delete().where(old)).rowcount


def _cursors(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(notice_channels.c.name, notice_channels.c.line)
    return {row.name: row.line for row in connection.execute(query)}


def _due(channels: Collection[str], now: datetime) -> sa.Select[tuple[int]]:
    waits = (notices.c.state == "pending") & (notices.c.next_at <= now)
    return sa.select(notices.c.id).where(waits, notices.c.channel.in_(sorted(channels)))


def _row(channel: str, line: int | None, key: str, telling: Telling, now: datetime) -> dict[str, Any]:
    said = {f.name: getattr(telling, f.name) for f in fields(telling)}
    said |= {"at": telling.at.isoformat(), "facts": dict(telling.facts)}
    return {
        "key": key,
        "channel": channel,
        "line": line,
        "telling": said,
        "state": "pending",
        "attempts": 0,
        "created_at": now,
        "next_at": now,
        "error": "",
    }


def _notice(row: sa.Row[Any]) -> Notice:
    said = dict(row._mapping)
    telling = said["telling"]
    return Notice(**said | {"telling": Telling(**telling | {"at": datetime.fromisoformat(telling["at"])})})


def _known(id: int) -> int:
    if not 0 < id < 2**63:  # what a database's integer holds
        raise _unknown(id)
    return id


def _unknown(id: int) -> NotFound:
    return NotFound("there is no such notice", f"notice {id}", "See `promptkeeper notices list`.")
