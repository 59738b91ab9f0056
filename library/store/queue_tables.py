"""Tables of the job queue beside those of the library: made and brought up to date here, used by the queue alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from library.errors import InputError
from library.store.engine import Database
from library.store.migrations.upgrade import MIGRATION_LOCK

MARK = "brought to "
"""Begins the comment on the jobs table that says which of the queue's migrations it has seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTables:
    """What a release of the queue brings along. whole: SQL that makes all tables of this release.

    migrations: (name, SQL) of every change since the first release, in order; whole is what they add up to.
    """

    whole: str
    migrations: Sequence[tuple[str, str]]


def install(db: Database, tables: QueueTables) -> bool:
    """Make the queue's tables, or bring those of an older release up to date; whether anything was to do.

    Under the lock of the library's own migrations: of several processes that start at once, one works and the others
    find nothing to do. Each migration is a transaction of its own, as some make values that the next ones use.
    """
    newest = tables.migrations[-1][0]
    if _version(db) == newest:
        return False
    while _one_step(db, tables, newest):
        pass
    return True


def _one_step(db: Database, tables: QueueTables, newest: str) -> bool:
    with db.write() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        found = _read_version(connection)
        if found == newest:
            return False
        if found == "":
            raise InputError(
                "there are tables of a job queue that Promptkeeper did not make",
                make_url(db.url).render_as_string(hide_password=True),
                "Name another schema (?options=-csearch_path=NAME), or drop all that is named procrastinate_.",
            )
        later = [step for step in tables.migrations if found is not None and step[0] > found]
        name, script = later[0] if later else (newest, tables.whole)
        connection.exec_driver_sql(script, execution_options={"no_parameters": True})
        connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{MARK}{name}'")
    return True


def _version(db: Database) -> str | None:
    with db.read() as connection:
        return _read_version(connection)


def _read_version(connection: sa.Connection) -> str | None:
    """The last migration that the tables have seen; empty where they are there without a mark, None without tables."""
    # Asked of the catalogue itself: `to_regclass` answers from a cache that does not notice what another process made
    # while this one waited for the lock.
    catalogue = (
        "SELECT coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class"
        " WHERE relname = 'procrastinate_jobs' AND relnamespace = current_schema()::regnamespace"
    )
    said = connection.execute(sa.text(catalogue)).scalar()
    return None if said is None else str(said).removeprefix(MARK)


def live_workers(db: Database, *, within_seconds: float) -> int:
    """Workers that have given a sign of life within so many seconds, by the database's own clock."""
    fresh = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - :within * interval '1 second'"
    with db.read() as connection:
        return int(connection.execute(sa.text(fresh), {"within": within_seconds}).scalar_one())
