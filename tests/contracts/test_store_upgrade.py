"""Upgrades while an older version is at work: nothing it relies on changes, no row is lost, nobody deadlocks."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from library.errors import Outage
from library.store.engine import Database
from library.store.migrations.upgrade import HEAD, config, is_current, migrate
from library.store.stores import open_library
from library.store.tables import metadata
from tests.databases import empty_database
from tests.filled import PROMPT, fill
from tests.recorded import START, score, sweep, trace

FIRST, LAST_FREE = "0001", "0005"
"""Revisions after LAST_FREE are held to the rule; those before ran when nobody had a library yet."""


def go_to(db, revision):
    with db.write() as connection:
        command.upgrade(config(connection), revision)


def revisions():
    script = ScriptDirectory.from_config(config(None))
    return [r.revision for r in reversed(list(script.walk_revisions())) if r.revision > LAST_FREE]


def seen(db):
    """What a process of some version relies on: columns, keys and indexes of every table."""
    with db.read() as connection:
        look = sa.inspect(connection)
        return {
            name: {
                "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(name)},
                "key": look.get_pk_constraint(name)["constrained_columns"],
                "unique": {str(u["column_names"]) for u in look.get_unique_constraints(name)},
                "foreign": {str(f["constrained_columns"]) for f in look.get_foreign_keys(name)},
                "checks": {c["sqltext"] for c in look.get_check_constraints(name)},
                "indexes": {str((i["name"], i["column_names"], i["unique"])) for i in look.get_indexes(name)},
            }
            for name in look.get_table_names()
        }


def broken_rules(before, after):
    """What of the change an older process would notice, or wait for."""
    found = [f"table {name} is gone" for name in before.keys() - after.keys()]
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        found += [f"{name}.{c} changed" for c, said in old["columns"].items() if new["columns"].get(c) != said]
        added = {c: said for c, said in new["columns"].items() if c not in old["columns"]}
        found += [
            f"{name}.{c} must be given" for c, (_, null, default) in added.items() if not null and default is None
        ]
        parts = ("key", "unique", "foreign", "checks", "indexes")
        found += [f"{part} of {name} changed" for part in parts if old[part] != new[part]]
    return found


@pytest.mark.parametrize("revision", revisions())
def test_a_revision_changes_nothing_that_an_older_process_relies_on(library_url, revision):
    db = Database(library_url)
    go_to(db, str(int(revision) - 1).rjust(4, "0"))
    before = seen(db)
    go_to(db, revision)
    assert broken_rules(before, seen(db)) == []
    db.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER TABLE prompts DROP COLUMN description", ["prompts.description changed"]),
        ("ALTER TABLE labels RENAME TO pointers", ["table labels is gone"]),
        ("ALTER TABLE traces RENAME COLUMN cost TO usd", ["traces.cost changed"]),
        ("CREATE INDEX own ON traces (model)", ["indexes of traces changed"]),
        ("CREATE UNIQUE INDEX own ON traces (ts)", ["indexes of traces changed"]),
        ("ALTER TABLE spend ADD COLUMN currency TEXT NOT NULL DEFAULT 'usd'", []),
        ("ALTER TABLE spend ADD COLUMN note TEXT", []),
        ("CREATE TABLE own (id INTEGER NOT NULL)", []),
    ],
)
def test_the_rule_tells_harmless_changes_from_others(library, statement, said):
    before = seen(library.db)
    with library.db.write() as connection:
        connection.execute(sa.text(statement))
    assert broken_rules(before, seen(library.db)) == said


@pytest.mark.postgres
@pytest.mark.parametrize("library_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    ["ALTER TABLE traces ADD COLUMN own TEXT NOT NULL", "ALTER TABLE traces ALTER COLUMN cost SET NOT NULL"],
)
def test_the_rule_sees_what_must_suddenly_be_given(library, statement):
    before = seen(library.db)
    with library.db.write() as connection:
        connection.execute(sa.text(statement))
    assert broken_rules(before, seen(library.db)) != []


def rows_of(db, tables):
    """Rows by table, as a process reads them that knows these columns only."""
    with db.read() as connection:
        found = {}
        for name, table in tables.items():
            asked = sa.select(table).order_by(*table.primary_key.columns)
            found[name] = [dict(row) for row in connection.execute(asked).mappings()]
        return found


def tables_of(db):
    """The tables as they are now, by name, in the order in which rows may go in."""
    known = sa.MetaData()
    with db.read() as connection:
        known.reflect(connection)
    return {t.name: t for t in known.sorted_tables if t.name != "alembic_version"}


def aged(url, revision, folder, now):
    """A library of an older revision, with rows that the product's own deeds have made; its tables as they were."""
    with empty_database("postgres" if url.startswith("postgresql") else "sqlite", folder) as other:
        young, old = open_library(other), Database(url)
        fill(young, now=now)
        go_to(old, revision)
        tables = tables_of(old)
        for name, rows in rows_of(young.db, tables).items():
            with old.write() as connection:
                connection.execute(tables[name].insert(), rows)
        young.db.close()
    return old, tables


@pytest.mark.parametrize("revision", [FIRST, LAST_FREE])
def test_an_old_library_keeps_every_row_and_works(library_url, tmp_path, now, revision):
    old, tables = aged(library_url, revision, tmp_path, now)
    before = rows_of(old, tables)
    assert len(tables) >= 19 and all(before.values())

    library = open_library(library_url)

    assert is_current(old) and rows_of(old, tables) == before
    assert set(tables_of(old)) == set(metadata.tables)
    assert library.audit.verify().ok
    if old.dialect == "postgresql":  # numbers go on where the old library was; its rows came with theirs
        with old.write() as connection:
            for name in ("series", "trend_deltas", "runs", "incidents", "proposals", "label_moves"):
                number = f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                connection.execute(sa.text(number))
    library.traces.add([trace("t-new", minutes=900)], [score("t-new", 1.0), score("t-1", 0.0)])
    sweep(library)
    claim, *_ = library.runs.claim(
        PROMPT, owner="w", trigger="force", incident_id=None, base_version=1, seed=1,
        lease=timedelta(minutes=5), now=now,
    )  # fmt: skip
    library.runs.finish(claim, state="finished", stop_reason="healthy", detail="", now=now)
    assert library.audit.verify().ok
    for db in (library.db, old):
        db.close()


def insert_as_before(connection, tables, id):
    """What a process of the older version does for a trace that comes in: it names the columns that it knows."""
    known = {c.name: None for c in tables["traces"].columns}
    named = {"id": id, "ts": START, "prompt": PROMPT, "version": 1, "inputs": {}, "tool_calls": []}
    connection.execute(tables["traces"].insert().values(known | named))
    judged = {"trace_id": id, "name": "m", "source": "programmatic", "evaluator": "e", "revision": "1"}
    connection.execute(tables["scores"].insert().values({**judged, "value": 0.5, "ts": START, "comment": ""}))


def test_an_older_process_writes_on_before_during_and_after(library_url, tmp_path, now):
    old, tables = aged(library_url, LAST_FREE, tmp_path, now)
    stop, begun = threading.Event(), threading.Event()

    def write():
        written = []
        while not stop.is_set() or len(written) < 20:
            with old.write() as connection:
                insert_as_before(connection, tables, f"old-{len(written)}")
            written.append(f"old-{len(written)}")
            begun.set()
        return written

    newer = Database(library_url)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        begun.wait()
        migrate(newer)
        stop.set()
        written = writing.result()
    assert is_current(newer)
    library = open_library(library_url)
    assert {t.id for t in library.traces.list(limit=None)} >= set(written)
    for db in (old, newer, library.db):
        db.close()


@pytest.mark.postgres
@pytest.mark.parametrize("library_url", ["postgres"], indirect=True)
def test_where_both_wait_for_each_other_the_migration_gives_way(library_url, tmp_path, now):
    old, tables = aged(library_url, LAST_FREE, tmp_path, now)
    newer = Database(library_url)
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = to_regclass('traces')")
    with ThreadPoolExecutor(1) as pool:
        with old.write() as connection:
            insert_as_before(connection, tables, "first")  # holds traces, which the migration wants to alter
            migrating = pool.submit(migrate, newer)
            with old.read() as look:
                while not look.execute(waiting).scalar():
                    assert not migrating.done()
                    time.sleep(0.01)
            # The migration holds prompts for its foreign key: each waits for the other now.
            connection.execute(tables["prompts"].update().values(description="written by the older one"))
        migrating.result(timeout=60)
    assert is_current(newer)
    library = open_library(library_url)
    assert library.prompts.get(PROMPT).description == "written by the older one"
    assert library.traces.get("first").arm is None
    for db in (old, newer, library.db):
        db.close()


@pytest.mark.postgres
@pytest.mark.parametrize("library_url", ["postgres"], indirect=True)
def test_one_migrates_and_those_that_start_with_it_find_it_done(library_url, tmp_path, now):
    old, _ = aged(library_url, LAST_FREE, tmp_path, now)
    several = [Database(library_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, several))
    with old.read() as connection:
        assert list(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()) == [HEAD]
    for db in (old, *several):
        db.close()


@pytest.mark.postgres
@pytest.mark.parametrize("library_url", ["postgres"], indirect=True)
def test_tables_that_never_come_free_are_an_outage_and_stay_as_they_were(library_url, tmp_path, now):
    old, tables = aged(library_url, LAST_FREE, tmp_path, now)
    newer, before = Database(library_url), seen(old)
    with old.write() as connection:
        insert_as_before(connection, tables, "first")
        with pytest.raises(Outage, match=r"in use and cannot be brought up to date\. End the long transactions"):
            migrate(newer, tries=2)
    assert seen(old) == before
    for db in (old, newer):
        db.close()
