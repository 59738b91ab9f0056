"""Erasing a trace: after a whole cycle has worked with its text, it is in no table, no file and no index any more."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.bootstrap import memory_of
from agent.erasure import erase
from agent.review import approve
from library.store import tables
from tests.journeys import world
from tests.journeys.project import opened


def marked(text, number):
    """The message with a word of its own, by which it can be found again."""
    return f"{text} mark{number:05d}q"


def mark_of(trace_id):
    return f"mark{int(trace_id.split('-')[1]):05d}q"


def files_with(root: Path, word: str) -> list[str]:
    """Files under root that hold the word, in either of the usual encodings."""
    spellings = [word.encode(), word.encode("utf-16-le")]
    return [
        str(f.relative_to(root))
        for f in sorted(root.rglob("*"))
        if f.is_file() and any(s in f.read_bytes() for s in spellings)
    ]


def tables_with(library, word):
    with library.db.read() as connection:
        return [
            t.name
            for t in tables.metadata.sorted_tables
            if any(word in repr(tuple(r)) for r in connection.execute(sa.select(t)))
        ]


@pytest.fixture
async def worked(tmp_path):
    """A project in which a cycle has made a proposal out of marked messages."""

    def fill(library):
        library.traces.add(*world.traffic(world.add_prompt(library), decorate=marked))

    project = opened(tmp_path, fill)
    run = await project.cycle()
    yield project, project.proposal(run)
    project.library.db.close()


def spread(project, proposal):
    """Traces whose text has gone furthest: into diagnosis and memory, into the proposal, to the teacher."""
    diagnosis = project.library.incidents.list()[0].diagnosis
    diagnosed = diagnosis["kinds"][0]["examples"][0]
    remembered = project.library.failures.list()[0].trace_ids[0]
    shown = next(e["trace_id"] for e in proposal.packet["examples"])
    taught = next(i.trace_id for i in project.library.datasets.items(world.NAME, roles=("learn",)) if i.trace_id)
    return {diagnosed.get("trace_id") or diagnosed["id"], remembered, shown, taught}


@pytest.mark.parametrize("approved", [False, True])
async def test_an_erased_text_is_in_no_table_file_or_index(worked, approved):
    project, proposal = worked
    if approved:
        approve(project.reviewing(), proposal.id, content_hash=proposal.content_hash)
    ids = sorted(spread(project, proposal))
    assert len(ids) >= 3
    for trace_id in ids:  # otherwise this test would say nothing
        assert files_with(project.root, mark_of(trace_id)), trace_id

    erased = erase(project.library, memory_of(project.settings), ids, actor="rita", now=project.clock())

    assert erased.traces == len(ids)
    for trace_id in ids:
        assert tables_with(project.library, mark_of(trace_id)) == [], trace_id
        assert files_with(project.root, mark_of(trace_id)) == [], trace_id
    project.library.db.close()
    for trace_id in ids:
        assert files_with(project.root, mark_of(trace_id)) == [], trace_id


async def test_what_was_not_erased_is_still_there_and_still_adds_up(worked):
    project, proposal = worked
    ids = sorted(spread(project, proposal))
    kept = next(t for t in project.library.traces.list(limit=None) if t.id not in ids)
    before = len(project.library.traces.list(limit=None))
    seen = json.dumps(proposal.packet["comparison"], sort_keys=True)

    erase(project.library, memory_of(project.settings), ids, actor="rita", now=project.clock())

    assert len(project.library.traces.list(limit=None)) == before - len(ids)
    assert project.library.traces.get(kept.id).inputs == kept.inputs
    after = project.library.proposals.get(proposal.id)
    assert json.dumps(after.packet["comparison"], sort_keys=True) == seen
    assert project.library.audit.verify().ok
    assert project.library.prompts.get(world.NAME).labels["production"] == 1


async def test_a_cycle_after_an_erasure_works_without_the_erased_text(worked):
    project, proposal = worked
    ids = sorted(spread(project, proposal))
    erase(project.library, memory_of(project.settings), ids, actor="rita", now=project.clock())
    project.library.proposals.reject(proposal.id, actor=world.REVIEWER, reason="erased", now=project.clock())

    run = await project.cycle()

    assert run.state == "finished"
    for trace_id in ids:
        assert not any(mark_of(trace_id) in request for request in [*project.told(), *project.told("student")])
        assert tables_with(project.library, mark_of(trace_id)) == []
