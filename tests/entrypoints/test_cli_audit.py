"""`promptkeeper audit` and `backup`."""

import json
import sqlite3
from contextlib import closing

import pytest

from library.store.stores import open_library


def tamper(folder, statement: str) -> None:
    with closing(sqlite3.connect(folder / ".promptkeeper" / "library.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_whole_chain_verifies_and_prints_its_head(triage):
    check = triage("audit", "verify", "--json")
    assert (check.code, check.document["ok"]) == (0, True)
    assert check.document["head"] in triage("audit", "verify").out


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'somebody' WHERE number = 2", "DELETE FROM audit WHERE number = 2"],
)
def test_a_changed_or_missing_event_exits_1_and_is_named(triage, statement):
    triage("prompts", "label", "support/triage", "production", 2)
    tamper(triage.folder, statement)
    check = triage("audit", "verify", "--json")
    assert (check.code, check.document["broken_at"], check.document["count"]) == (1, 2, 1)
    human = triage("audit", "verify")
    assert (human.code, human.err) == (1, "")
    assert "broken at event 2" in human.out


def test_a_key_makes_a_chain_that_others_cannot_verify(process, promptkeeper):
    promptkeeper.write("p.txt", "Say {{x}}")
    assert process("prompts", "add", "p", "p.txt", PROMPTKEEPER_AUDIT_KEY="secret").code == 0
    assert process("audit", "verify", PROMPTKEEPER_AUDIT_KEY="secret").code == 0
    assert process("audit", "verify", PROMPTKEEPER_AUDIT_KEY="guessed").code == 1


def test_export_as_lines_file_and_document(triage):
    lines = [json.loads(line) for line in triage("audit", "export").out.splitlines()]
    assert [event["number"] for event in lines] == list(range(1, len(lines) + 1))
    assert triage("audit", "export", "--json").document == {"events": lines}
    done = triage("audit", "export", "--out", "log.jsonl", "--json").document
    assert done == {"file": "log.jsonl", "events": len(lines)}
    assert [json.loads(line) for line in (triage.folder / "log.jsonl").read_text().splitlines()] == lines


def test_export_overwrites_nothing(triage):
    triage.write("log.jsonl", "mine")
    assert "log.jsonl: this file exists already" in triage.fails("audit", "export", "--out", "log.jsonl")
    assert (triage.folder / "log.jsonl").read_text() == "mine"
    assert "no such folder" in triage.fails("audit", "export", "--out", "no/log.jsonl")


def test_a_backup_is_a_whole_library_while_a_writer_is_at_work(triage):
    source = triage.folder / ".promptkeeper" / "library.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE prompts SET description = 'not committed'")
        done = triage("backup", "copy.db", "--json")
        writer.execute("ROLLBACK")
    assert (done.code, done.document["backup"]) == (0, "copy.db")
    copy = open_library(f"sqlite:///{triage.folder}/copy.db")
    try:
        assert [p.name for p in copy.prompts.list()] == ["support/triage"]
        assert copy.prompts.get("support/triage").description == ""
        assert copy.audit.verify().ok
    finally:
        copy.db.close()
    assert sorted(p.name for p in triage.folder.iterdir() if "partial" in p.name) == []


def test_a_backup_overwrites_nothing(triage):
    triage.write("copy.db", "mine")
    assert "something is there already" in triage.fails("backup", "copy.db")
    assert (triage.folder / "copy.db").read_text() == "mine"
    assert "something is there already" in triage.fails("backup", "policies")
    assert "no such folder" in triage.fails("backup", "no/copy.db")
