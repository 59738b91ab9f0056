"""The database behind the library: SQLite or PostgreSQL by URL, one code path."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DataError, DBAPIError, NoSuchModuleError, OperationalError

from library.errors import InputError, Outage

BUSY_TIMEOUT_MS = 30_000
IDLE_LIMIT, IDLE_LIMIT_MS = "idle_in_transaction_session_timeout", 60_000


class Database:
    """Connections to one library. `read()` sees a snapshot; `write()` is one transaction, all or nothing.

    On SQLite a write transaction takes the write lock at once (BEGIN IMMEDIATE), so that two writers queue instead of
    failing half-way; commits are synchronous (WAL, synchronous=FULL): what was acknowledged survives a power cut.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            parsed = _guarded(make_url(url))
            self.dialect = parsed.get_backend_name()
            if self.dialect not in {"sqlite", "postgresql"}:
                raise InputError(
                    f"database '{self.dialect}' is not supported", "[library] url", "Use sqlite or postgresql."
                )
            options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
            if self.dialect == "sqlite":
                options = {"connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}}
                if parsed.database and parsed.database != ":memory:":
                    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(parsed, **options)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            mend = "Install promptkeeper[postgres]." if isinstance(error, ModuleNotFoundError) else "Correct the URL."
            raise InputError(f"the database URL cannot be used ({error})", "[library] url", mend) from error
        if self.dialect == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection inside one read transaction."""
        with self._connected() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection inside one write transaction: committed at the end, rolled back by any exception."""
        with self._connected() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @property
    def conninfo(self) -> str:
        """The same PostgreSQL database as its other clients want it named; InputError where this is SQLite."""
        return conninfo_of(self.url)

    def empty_log(self) -> None:
        """Empty SQLite's write-ahead log into the file, as far as no reader still needs it.

        Text of deleted rows would live on there for as long as some process has the library open.
        """
        if self.dialect == "sqlite":
            with self._connected() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as connection:
                yield connection
        except OperationalError as error:
            raise self._outage(error) from error
        except DataError as error:
            reason = str(error.orig).splitlines()[0]
            raise InputError("a value cannot be stored", "library", f"The database says: {reason}.") from error
        except DatabaseError as error:
            if type(error) is not DatabaseError and not error.connection_invalidated:
                raise  # broken constraints and wrong SQL are mistakes in the program
            raise self._outage(error) from error

    def _outage(self, error: DBAPIError) -> Outage:
        thing = f"the library does not answer ({str(error.orig).splitlines()[0]})"
        return Outage(thing, self.place, "Check [library] url.")

    @property
    def place(self) -> str:
        """The URL as a person may see it, without its password."""
        return make_url(self.url).render_as_string(hide_password=True)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def _guarded(url: sa.URL) -> sa.URL:
    """The URL with a limit on how long a session of PostgreSQL may sit idle within a transaction, unless it has one.

    A process that is put to sleep there keeps its row locks, and all others wait for it, for ever: the database has to
    end the transaction.
    """
    if url.get_backend_name() != "postgresql":
        return url
    said = url.query.get("options", "")
    options = said if isinstance(said, str) else " ".join(said)
    if IDLE_LIMIT in options:
        return url
    return url.update_query_dict({"options": f"{options} -c{IDLE_LIMIT}={IDLE_LIMIT_MS}".strip()})


def is_sqlite(url: str) -> bool:
    """Whether a database URL names a SQLite file."""
    return url.startswith("sqlite")


def conninfo_of(url: str) -> str:
    """What libpq wants to hear for a database URL of PostgreSQL; InputError for another one."""
    parsed = _guarded(make_url(url))
    if parsed.get_backend_name() != "postgresql":
        raise InputError("the library is not in PostgreSQL", "[library] url", "Name a PostgreSQL database.")
    from psycopg.conninfo import make_conninfo

    return make_conninfo(**parsed.get_dialect()().create_connect_args(parsed)[1])


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by hand: the driver's own implicit BEGIN would start read transactions before writes.
    connection.isolation_level = None
    cursor = connection.cursor()
    # secure_delete: what is erased is overwritten; not every build of SQLite does that by itself.
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in (*pragmas, f"busy_timeout={BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
