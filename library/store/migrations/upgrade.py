"""Brings the tables of a library up to date; safe when several processes start at once."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from library.errors import InputError, Outage
from library.store.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"
"""The newest revision in `versions/`."""

MIGRATION_LOCK = 7_001_002  # any number that no other advisory lock of this database uses
LOCK_WAIT_MS = 500
"""Less than PostgreSQL's deadlock_timeout: of two that wait for each other, the migration is the one to give way."""
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code for a lock that did not come in time
TRIES = 120
REST_SECONDS = 0.5  # for those who have waited behind this one


def is_current(db: Database) -> bool:
    """Whether the tables are at the newest revision: one look at the database, without Alembic."""
    with db.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def migrate(db: Database, *, tries: int = TRIES) -> None:
    """Run all missing revisions in one transaction; a second process waits for the first and finds nothing to do.

    Processes of an older version may be at work on PostgreSQL meanwhile: where one holds a table, this one gives way
    and tries again. Outage when that does not end.
    """
    for _ in range(tries):
        try:
            _upgrade(db)
            return
        except _InUse:
            time.sleep(REST_SECONDS)
    raise Outage(
        "the tables are in use and cannot be brought up to date",
        db.place,
        "End the long transactions that hold them (see pg_stat_activity), and begin again.",
    )


class _InUse(Exception):
    """Somebody else holds a table: nothing was changed."""


def _upgrade(db: Database) -> None:
    from alembic import command
    from alembic.util import CommandError

    with db.write() as connection:
        if db.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            connection.execute(sa.text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}"))
        try:
            command.upgrade(config(connection), "head")
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise _InUse from error
            raise
        except CommandError as error:
            raise InputError(
                f"the library cannot be brought to revision {HEAD} ({error})",
                db.place,
                "It was probably written by a newer Promptkeeper: install that one.",
            ) from error


def config(connection: sa.Connection) -> "Config":
    """Alembic's settings for the revisions in this folder, on an open connection; there is no file of them."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings
