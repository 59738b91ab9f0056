"""The migrations make exactly the tables that the code uses, once, whoever starts first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from library.errors import InputError
from library.store.engine import Database
from library.store.migrations.upgrade import HEAD, config, is_current, migrate
from library.store.stores import open_library
from library.store.tables import metadata


def test_the_migrations_build_exactly_the_tables_of_the_code(library):
    with library.db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_missing_column_would_be_seen_by_that_comparison(library):
    with library.db.write() as connection:
        connection.execute(sa.text("ALTER TABLE prompts DROP COLUMN description"))
    with library.db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) != []


def test_the_head_named_in_code_is_the_newest_revision(library):
    with library.db.read() as connection:
        assert ScriptDirectory.from_config(config(connection)).get_current_head() == HEAD


def test_an_empty_database_is_not_current_until_migrated(library_url):
    db = Database(library_url)
    assert not is_current(db)
    migrate(db)
    assert is_current(db)
    migrate(db)  # finds nothing to do
    assert is_current(db)
    db.close()


def test_openers_that_start_together_build_one_library(library_url):
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_library(library_url), range(4)))
    assert all(is_current(library.db) for library in opened)
    with opened[0].db.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar() == 1
    for library in opened:
        library.db.close()


def test_a_library_of_a_newer_version_is_refused_with_a_mend(library, library_url):
    with library.db.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="newer Promptkeeper"):
        open_library(library_url)


def test_the_downgrade_leaves_no_table(library):
    from alembic import command

    with library.db.write() as connection:
        command.downgrade(config(connection), "base")
    with library.db.read() as connection:
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}
    assert not is_current(library.db)


@pytest.mark.parametrize("url", ["mysql://host/db", "not a url", "sqlite+nothing:///x.db"])
def test_a_url_that_cannot_be_used_names_the_setting(url):
    with pytest.raises(InputError, match=r"\[library\] url"):
        open_library(url)
