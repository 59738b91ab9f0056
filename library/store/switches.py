"""What people have switched on or off, such as the schedule; every turn is in the audit log."""

from datetime import datetime

import sqlalchemy as sa

from library.store.audit import append
from library.store.engine import Database
from library.store.service_tables import switches
from library.store.upsert import upsert


class SwitchStore:
    """Named switches; one that nobody has touched stands at the default that its reader gives."""

    def __init__(self, db: Database, audit_key: bytes = b"") -> None:
        self._db = db
        self._key = audit_key

    def is_on(self, name: str, *, default: bool) -> bool:
        """Whether the switch is on."""
        with self._db.read() as connection:
            found = connection.execute(sa.select(switches.c.on).where(switches.c.name == name)).scalar()
        return default if found is None else bool(found)

    def turn(self, name: str, *, on: bool, by: str, now: datetime) -> None:
        """Turn it on or off, under somebody's name."""
        with self._db.write() as connection:
            upsert(
                connection,
                switches,
                [{"name": name, "on": on, "by": by, "at": now}],
                keys=("name",),
                update=("on", "by", "at"),
            )
            append(connection, self._key, at=now, actor=by, action="switch.turned", subject=name, detail={"on": on})
