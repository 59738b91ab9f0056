"""Where the graph keeps its state between steps: beside a SQLite library in a file, else in the library's database."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from library.errors import Outage
from library.store.engine import Database, conninfo_of
from library.store.leadership import Leadership

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from psycopg import AsyncConnection

SETUP_LOCK = 7_001_004  # any number that no other advisory lock of this database uses
CONNECT_SECONDS = 10
SETUP_SECONDS = 60
# Plain JSON types only: a checkpoint must not be able to import code when it is read.
STRICT = ("LANGGRAPH_STRICT_MSGPACK", "true")


@asynccontextmanager
async def on_sqlite(path: Path) -> "AsyncIterator[BaseCheckpointSaver[str]]":
    """Checkpoints in a file of one machine, committed with full synchronisation."""
    os.environ.setdefault(*STRICT)
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    path.parent.mkdir(parents=True, exist_ok=True)
    async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
        await saver.conn.execute("PRAGMA synchronous=FULL")
        await saver.conn.execute("PRAGMA secure_delete=ON")
        await saver.setup()
        yield saver


@asynccontextmanager
async def on_postgres(url: str, *, wait_s: float = CONNECT_SECONDS) -> "AsyncIterator[BaseCheckpointSaver[str]]":
    """Checkpoints in the library's own database, for any worker to go on from. One for each process, never shared.

    wait_s: how long for a connection; then Outage.
    """
    os.environ.setdefault(*STRICT)
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import OperationalError
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool

    class Saver(AsyncPostgresSaver):
        """Says outage when the database is out, as the library does: a run goes on later, and is not broken."""

        @asynccontextmanager
        async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[Any]:
            try:
                async with super()._cursor(pipeline=pipeline) as cursor:
                    yield cursor
            except OperationalError as error:
                raise _outage(error) from error

    pool: AsyncConnectionPool[AsyncConnection[dict[str, Any]]] = AsyncConnectionPool(
        conninfo_of(url),
        kwargs={"autocommit": True, "prepare_threshold": None, "row_factory": dict_row},
        min_size=1,
        max_size=2,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )
    try:
        await pool.open(wait=True, timeout=wait_s)
    except OperationalError as error:
        await pool.close()
        raise _outage(error) from error
    try:
        saver = Saver(pool)
        await _set_up(saver, url)
        yield saver
    finally:
        await pool.close()


def _outage(error: Exception) -> Outage:
    said = next(iter(str(error).splitlines()), type(error).__name__)
    return Outage(f"the checkpoints do not answer ({said})", "[library] url", "Check the database.")


async def _set_up(saver: Any, url: str) -> None:
    """Make the tables; one process at a time, because two would make the same ones.

    The lock is tried again and again instead of waited for: making an index waits for every open transaction, and one
    that waits for a lock is open.
    """
    db = Database(url)
    lock = Leadership(db, SETUP_LOCK)
    try:
        async with asyncio.timeout(SETUP_SECONDS):
            while not await asyncio.to_thread(lock.leads):
                await asyncio.sleep(0.05)
        await saver.setup()
    except TimeoutError as error:
        raise Outage("the checkpoints' tables cannot be made", "[library] url", "Check the database.") from error
    finally:
        lock.step_down()
        db.close()
