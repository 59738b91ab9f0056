"""The queue's tables come with the library: made once, brought up to date, never taken from somebody else."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from agent.queue import prepare
from library.errors import InputError
from library.store.engine import Database
from library.store.queue_tables import QueueTables, install, live_workers
from library.store.stores import open_library
from tests.scaled import schema
from tools.jobs import scripts

pytestmark = pytest.mark.postgres


@pytest.fixture
def url():
    with schema() as address:
        yield address


@pytest.fixture
def db(url):
    database = Database(url)
    yield database
    database.close()


def parts(db):
    """What there is of the queue: columns of its tables, its functions, its indexes."""
    found = {}
    for kind, query in {
        "columns": "SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema()",
        "functions": "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
        "indexes": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()",
    }.items():
        with db.read() as connection:
            found[kind] = set(connection.execute(sa.text(query)).scalars())
    return found


def tables():
    whole, migrations = scripts()
    return QueueTables(whole=whole, migrations=migrations)


def test_the_tables_are_made_once(db):
    assert install(db, tables())
    assert not install(db, tables())
    assert live_workers(db, within_seconds=30) == 0


def test_processes_that_start_at_once_make_them_once(url):
    def start(_):
        database = Database(url)
        try:
            install(database, tables())
            return len(parts(database)["columns"])
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(start, range(6)))) == 1


@pytest.mark.parametrize("seen", [1, 20, -3])
def test_the_tables_of_an_older_release_are_brought_to_what_a_new_one_makes(db, seen):
    migrations = tables().migrations
    assert install(db, QueueTables(whole=migrations[0][1], migrations=migrations[:1]))
    install(db, QueueTables(whole="", migrations=migrations[:seen]))

    assert install(db, tables())

    grown = parts(db)
    with schema() as fresh:
        new = Database(fresh)
        install(new, tables())
        made = parts(new)
        new.close()
    assert grown["columns"] == made["columns"]
    assert made["functions"] <= grown["functions"]
    assert made["indexes"] <= grown["indexes"]


def test_tables_of_another_program_are_left_alone(db):
    with db.write() as connection:
        connection.exec_driver_sql("CREATE TABLE procrastinate_jobs (id int)")

    with pytest.raises(InputError, match="another schema"):
        install(db, tables())


def test_a_library_and_its_queue_share_a_schema(url):
    library = open_library(url)
    prepare(library)
    library.db.close()
    again = open_library(url)
    assert again.prompts.list() == ()
    again.db.close()
