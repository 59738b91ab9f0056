"""Brings the tables of a library up to date; safe when several processes start at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from library.errors import InputError
from library.store.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"
"""The newest revision in `versions/`."""

MIGRATION_LOCK = 7_001_002  # any number that no other advisory lock of this database uses


def is_current(db: Database) -> bool:
    """Whether the tables are at the newest revision: one look at the database, without Alembic."""
    with db.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def migrate(db: Database) -> None:
    """Run all missing revisions in one transaction; a second process waits for the first and finds nothing to do."""
    from alembic import command
    from alembic.util import CommandError

    with db.write() as connection:
        if db.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        try:
            command.upgrade(config(connection), "head")
        except CommandError as error:
            raise InputError(
                f"the library cannot be brought to revision {HEAD} ({error})",
                make_url(db.url).render_as_string(hide_password=True),
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
