"""Backing up while others write: a copy of one moment, which opens by itself and goes back into either database."""

import threading
from datetime import timedelta

from agent.moving import move
from library.scores import Score
from library.store.backup import back_up
from library.traces import Trace
from tests.databases import library_at
from tests.filled import PROMPT, RITA, contents, silent
from tests.recorded import sums_of_scores, sums_of_trends


def test_a_backup_under_concurrent_writes_is_of_one_moment(full, tmp_path, now):
    stop, begun = threading.Event(), threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            added = [Trace(id=f"w-{n}-{i}", ts=now, prompt=PROMPT, version=1, inputs={}) for i in range(5)]
            full.traces.add(added, [_score(t.id, now) for t in added])
            label = f"l{n}"
            full.prompts.move_label(PROMPT, label, 1, expected=None, actor=RITA, reason="", now=now)
            n += 1
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        begun.wait()
        back_up(full.db, tmp_path / "copy.db", audit_key=b"", told=silent)
    finally:
        stop.set()
        writer.join()

    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name or p.name.startswith("copy.db-")] == []
    with library_at(f"sqlite:///{tmp_path}/copy.db") as copy:
        own = [t for t in copy.traces.list(limit=None) if t.id.startswith("w-")]
        last, chain = copy.audit.events(limit=10**6)[-1], copy.audit.verify()
        # A deed is there whole or not at all: five traces with a score each, the trends of both, a label with its line.
        assert own and len(own) % 5 == 0
        assert all(len(copy.traces.scores(t.id)) == 1 for t in own)
        assert _of_writer(sums_of_trends(copy)) == _of_writer(sums_of_scores(copy))
        assert chain.ok and f"l{_highest(copy)}" == last.detail["label"]


def test_a_backup_is_restored_into_another_database(full, elsewhere, tmp_path, now):
    before = contents(full)
    back_up(full.db, tmp_path / "copy.db", audit_key=b"", told=silent)
    with library_at(f"sqlite:///{tmp_path}/copy.db") as copy:
        move(copy, elsewhere, audit_key=b"", now=now + timedelta(days=1), told=silent)
    with library_at(elsewhere) as there:
        assert contents(there) == before
        assert there.audit.verify().ok


def _score(trace_id, now):
    return Score(
        trace_id=trace_id, name="m", value=0.5, source="programmatic", evaluator="e", revision="1", ts=now, comment=""
    )


def _of_writer(sums):
    return {where: found for where, found in sums.items() if where[2] == "m"}


def _highest(library):
    return max(int(label[1:]) for label in library.prompts.get(PROMPT).labels if label[1:].isdigit())
