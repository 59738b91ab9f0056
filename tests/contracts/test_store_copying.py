"""Moving: everything arrives, compared, or nothing does; both ways between the databases."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.moving import move
from library.errors import ClaimHeld, InputError, Outage, Refused, Stale
from library.store.copying import copy_library
from library.store.counters import last_number, numbered
from library.store.engine import Database
from library.store.stores import open_library
from library.store.tables import metadata
from tests.databases import library_at
from tests.filled import PROMPT, RITA, contents, fill, silent
from tests.recorded import score, trace

REPOSITORY = Path(__file__).parents[2]


from_sqlite = pytest.mark.parametrize("library_url", ["sqlite"], indirect=True)
"""Where the library that is moved makes no difference."""


def moved(library, url, now, told=silent, key=b""):
    return move(library, url, audit_key=key, now=now + timedelta(days=1), told=told)


def test_every_table_arrives_with_every_row_and_the_numbers_go_on(full, elsewhere, now):
    before = contents(full)
    assert [name for name, rows in before.items() if not rows] == []

    copied = moved(full, elsewhere, now)

    with library_at(elsewhere) as there:
        assert contents(there) == before
        assert contents(full) == before
        assert {one.table: one.rows for one in copied.tables} == {name: len(rows) for name, rows in before.items()}
        assert copied.audit.ok
        assert copied.audit == there.audit.verify() == full.audit.verify()
        with full.db.read() as old, there.db.read() as new:
            for table, column in numbered(metadata.sorted_tables):
                expected = last_number(old, table, column)
                remembered = there.db.dialect == "postgresql" or table.dialect_options["sqlite"]["autoincrement"]
                assert not remembered or last_number(new, table, column) == expected, table.name
        there.traces.add([trace("t-new")], [score("t-new", 1.0)])
        there.prompts.move_label(PROMPT, "own", 1, expected=None, actor=RITA, reason="", now=now)
        assert there.audit.verify().ok


@from_sqlite
def test_no_table_of_the_database_is_left_out(full, elsewhere, now):
    copied = moved(full, elsewhere, now)
    with full.db.read() as connection:
        tables = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
    assert {one.table for one in copied.tables} == tables


@from_sqlite
def test_folded_deltas_are_not_counted_again_after_the_move(full, elsewhere, now):
    moved(full, elsewhere, now)
    with library_at(elsewhere) as there:
        [(series, state)] = [s for s in there.trends.series(metric="exact_match") if s[0].prompt == PROMPT]
        there.traces.add([trace("t-new", minutes=500)], [score("t-new", 1.0)])
        [change] = [c for c in there.trends.changed() if c.series.id == series.id]
        # What waited before the move (t-late's score), and the new one: nothing that the state holds already.
        assert sum(delta.n for delta in change.deltas) == 2
        assert state.count == 40


@from_sqlite
def test_a_target_that_holds_something_is_refused_and_left_alone(full, elsewhere, now):
    other = open_library(elsewhere)
    other.prompts.create("mine", actor=RITA, now=now)
    before = contents(other)

    with pytest.raises(Refused, match="the target is not empty"):
        moved(full, elsewhere, now)

    assert contents(other) == before
    other.db.close()


@from_sqlite
def test_tables_of_somebody_else_are_not_taken_for_a_library(full, elsewhere, now):
    with closing(Database(elsewhere)) as db, db.write() as connection:
        connection.execute(sa.text("CREATE TABLE prompts (id INTEGER)"))
    with pytest.raises(Refused, match="the target is not empty"):
        moved(full, elsewhere, now)


@from_sqlite
def test_a_library_without_rows_is_as_good_as_an_empty_database(full, elsewhere, now):
    open_library(elsewhere).db.close()
    assert moved(full, elsewhere, now).rows > 40


@from_sqlite
def test_a_library_cannot_be_moved_into_itself(full, library_url, now):
    with pytest.raises(Refused, match="the target is not empty"):
        moved(full, library_url, now)


@from_sqlite
def test_a_cycle_at_work_is_waited_for(full, elsewhere, now, claim_run):
    claim_run(PROMPT, owner="worker-7", now=now + timedelta(days=1))
    with pytest.raises(ClaimHeld, match=r"support/triage: run \d of worker-7 works on it until"):
        moved(full, elsewhere, now)
    # A cycle whose process is gone is taken up by whoever runs next, there as here.
    assert move(full, elsewhere, audit_key=b"", now=now + timedelta(days=2), told=silent).rows


@from_sqlite
def test_what_is_written_during_the_move_is_noticed_and_the_next_try_takes_it_along(full, elsewhere, now):
    def late(said, done, total):
        if said.startswith("comparing") and not seen:
            seen.append(full.traces.add([trace("t-during")]))

    seen: list[object] = []
    with pytest.raises(Stale, match=r"written to while it was copied \(traces, arrivals|trend_deltas"):
        moved(full, elsewhere, now, told=late)
    with library_at(elsewhere) as empty:
        assert [rows for rows in contents(empty).values() if rows] == []

    moved(full, elsewhere, now)

    with library_at(elsewhere) as there:
        assert there.traces.get("t-during").id == "t-during"


@from_sqlite
def test_a_table_that_arrives_changed_is_noticed_and_nothing_is_kept(full, elsewhere, now):
    open_library(elsewhere).db.close()
    damage = {
        "sqlite": "CREATE TRIGGER spoil AFTER INSERT ON labels BEGIN UPDATE labels SET version = 2; END",
        "postgresql": "CREATE RULE spoil AS ON INSERT TO labels DO ALSO UPDATE labels SET version = 2",
    }
    with closing(Database(elsewhere)) as db, db.write() as connection:
        connection.execute(sa.text(damage[db.dialect]))
    with pytest.raises(Refused, match="table labels did not arrive as it was sent"):
        moved(full, elsewhere, now)
    with closing(Database(elsewhere)) as db, db.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM prompts")).scalar() == 0


@from_sqlite
def test_what_postgresql_cannot_keep_is_replaced_and_counted(full, elsewhere, now):
    with full.db.write() as connection:
        connection.execute(sa.text("UPDATE scores SET comment = 'a' || char(0) || 'b' WHERE trace_id = 't-1'"))
        inputs = '{"message": "x\\u0000y", "half": "\\ud83d"}'
        connection.execute(sa.text("UPDATE traces SET inputs = :inputs WHERE id = 't-2'"), {"inputs": inputs})

    copied = moved(full, elsewhere, now)

    with library_at(elsewhere) as there:
        comment, inputs = there.traces.scores("t-1")[0].comment, there.traces.get("t-2").inputs
    if elsewhere.startswith("sqlite"):
        assert (copied.replaced, comment, inputs["message"]) == (0, "a\x00b", "x\x00y")
    else:
        assert (copied.replaced, comment, inputs["message"]) == (2, "a\ufffdb", "x\ufffdy")


@from_sqlite
def test_a_signed_chain_is_walked_with_its_key(library_url, elsewhere, now):
    signed = open_library(library_url, audit_key=b"key")
    fill(signed, now=now)
    copied = moved(signed, elsewhere, now, key=b"key")
    assert (copied.audit.ok, copied.audit.head) == (True, signed.audit.verify().head)
    signed.db.close()


@from_sqlite
@pytest.mark.parametrize("url", ["mysql://host/db", "not a url"])
def test_a_target_that_cannot_be_used_says_so(library, now, url):
    with pytest.raises(InputError, match="the target's URL"):
        moved(library, url, now)


@from_sqlite
def test_a_server_that_does_not_answer_is_an_outage(library, now):
    with pytest.raises(Outage, match="begin again"):
        moved(library, "postgresql+psycopg://nobody@127.0.0.1:9/none", now)


COPIER = """
import sys
from library.store.copying import copy_library
from library.store.engine import Database
def told(said, done, total):
    if said == "copying " + sys.argv[3]:
        print("there", flush=True)
        sys.stdin.read()
copy_library(Database(sys.argv[1]), Database(sys.argv[2]), audit_key=b"", told=told)
"""


@from_sqlite
def test_killed_half_way_the_target_is_empty_and_the_same_move_succeeds(full, library_url, elsewhere, now):
    copier = subprocess.Popen(
        [sys.executable, "-c", COPIER, library_url, elsewhere, "scores"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert copier.stdout is not None and copier.stdout.readline() == b"there\n"
    copier.send_signal(signal.SIGKILL)
    assert copier.wait() == -signal.SIGKILL
    with library_at(elsewhere) as there:
        assert [name for name, rows in contents(there).items() if rows] == []

    assert moved(full, elsewhere, now).audit.ok


@from_sqlite
def test_a_copy_hears_how_far_it_is(full, elsewhere):
    heard: list[tuple[str, int, int]] = []
    target = Database(elsewhere)
    copied = copy_library(full.db, target, audit_key=b"", told=lambda *said: heard.append(said))
    target.close()
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    assert heard[-1][1:] == (2 * copied.rows, 2 * copied.rows)
