"""`promptkeeper migrate-to`, and `backup` of a library in PostgreSQL: there and back, and what is refused."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from agent.entrypoints.cli.opening import now
from tests.databases import empty_database
from tests.filled import fill

pytestmark = pytest.mark.postgres


@pytest.fixture
def server(tmp_path):
    with empty_database("postgres", tmp_path) as url:
        yield url


@pytest.fixture
def lived(promptkeeper):
    """A project whose library holds something in every table; its cycle is over."""
    with promptkeeper.library() as library:
        fill(library, now=now() - timedelta(days=1))
    return promptkeeper


def test_a_library_goes_to_postgresql_and_back_by_its_backup(lived, server, monkeypatch):
    head = lived("audit", "verify", "--json").document["head"]

    done = lived("migrate-to", server, "--json")

    assert done.code == 0, done
    said = done.document
    assert (said["audit"]["ok"], said["audit"]["head"], said["replaced"]) == (True, head, 0)
    assert {one["table"]: one["rows"] for one in said["tables"]}["traces"] == 42
    assert said["rows"] == sum(one["rows"] for one in said["tables"])
    assert "promptkeeper memory rebuild" in said["next"]

    monkeypatch.setenv("PROMPTKEEPER_LIBRARY__URL", server)
    assert lived("audit", "verify", "--json").document["head"] == head
    assert len(lived("traces", "list", "--limit", "100", "--json").document) == 42
    assert lived("backup", "copy.db", "--json").document["backup"] == "copy.db"

    monkeypatch.setenv("PROMPTKEEPER_LIBRARY__URL", f"sqlite:///{lived.folder}/copy.db")
    assert lived("audit", "verify", "--json").document["head"] == head
    again = lived("migrate-to", f"sqlite:///{lived.folder}/again.db", "--json").document
    assert again["tables"] == said["tables"]


def test_people_read_what_moved_and_what_is_next(lived):
    said = lived("migrate-to", f"sqlite:///{lived.folder}/new.db").out
    assert "rows in" in said and "tables are the same on both sides" in said
    assert "[library] url = …" in said and "promptkeeper memory rebuild" in said
    assert max(len(line) for line in said.splitlines()) <= 100 + len(str(lived.folder))


def test_what_could_not_be_kept_and_a_chain_that_was_broken_are_told(lived, server):
    with lived.library() as library, library.db.write() as connection:
        connection.execute(sa.text("UPDATE traces SET output = 'a' || char(0) WHERE id IN ('t-1', 't-2')"))
        connection.execute(sa.text("UPDATE audit SET actor = 'somebody else' WHERE number = 2"))
    said = lived("migrate-to", server).out
    assert "replaced" in said and "2 rows had characters that PostgreSQL cannot keep: they are U+FFFD now" in said
    assert "broken at event 2, as it was before" in said


def test_a_password_is_not_repeated(lived):
    line = lived.fails("migrate-to", "postgresql+psycopg://me:hunter22@127.0.0.1:9/none", code=3)
    assert "hunter22" not in line
    assert "the target is empty" in line


def test_a_filled_target_is_refused(lived):
    lived("migrate-to", f"sqlite:///{lived.folder}/new.db")
    line = lived.fails("migrate-to", f"sqlite:///{lived.folder}/new.db", code=1)
    assert "the target is not empty (table " in line


def test_a_cycle_at_work_is_named(lived):
    with lived.library() as library:
        library.runs.claim(
            "support/triage", owner="worker-7", trigger="force", incident_id=None, base_version=1, seed=1,
            lease=timedelta(minutes=5), now=now(),
        )  # fmt: skip
    line = lived.fails("migrate-to", f"sqlite:///{lived.folder}/new.db", code=1)
    assert "support/triage: run 2 of worker-7 works on it until" in line
    assert not (lived.folder / "new.db").exists()
