"""Empty databases of one's own: a SQLite file, or a schema on the PostgreSQL server that the environment names.

PostgreSQL: set PROMPTKEEPER_TEST_POSTGRES to the URL of a database in which schemas may be created. Without it those
tests are skipped, unless PROMPTKEEPER_REQUIRE_POSTGRES=1 makes that a failure.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from library.store.engine import Database
from library.store.stores import Library, open_library


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, without tables; kind: sqlite or postgres."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{uuid.uuid4().hex[:8]}.db"
        return
    server = os.environ.get("PROMPTKEEPER_TEST_POSTGRES")
    if not server:
        if os.environ.get("PROMPTKEEPER_REQUIRE_POSTGRES") == "1":
            pytest.fail("PROMPTKEEPER_REQUIRE_POSTGRES is 1, but PROMPTKEEPER_TEST_POSTGRES names no server")
        pytest.skip("PROMPTKEEPER_TEST_POSTGRES is not set")
    schema = f"test_{uuid.uuid4().hex}"
    db = Database(server)
    with db.write() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    # Durability is the server's affair, not this suite's: no test here needs to wait for its disk.
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema} -csynchronous_commit=off"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with db.write() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
        db.close()


@contextmanager
def library_at(url: str) -> Iterator[Library]:
    """The library there, opened, and closed at the end."""
    opened = open_library(url)
    try:
        yield opened
    finally:
        opened.db.close()
