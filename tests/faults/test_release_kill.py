"""A deed on a staged release is killed with SIGKILL at every statement it makes: it is done whole, or not at all."""

import multiprocessing
import os
import shutil
import signal
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from library.errors import Stale
from library.incidents import Degradation
from library.prompts import Actor, Content
from library.runs import Attempt
from library.store.stores import open_library

NAME = "support/triage"
NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)
RITA = Actor(name="rita", kind="local", reviewer=True)
STEPS = (20, 50, 100)
READING = {"metric": "exact_match", "gain": 0.04, "low": 0.01, "high": 0.07, "n_control": 900, "n_canary": 300}


def build(library):
    """An incident, and a proposal that waits for a decision."""
    library.prompts.create(NAME, actor=RITA, now=NOW)
    base = library.prompts.add_version(NAME, Content(text="Sort {{mail}}."), actor=RITA, now=NOW)
    library.prompts.move_label(NAME, "production", 1, expected=None, actor=RITA, reason="start", now=NOW)
    times = dict.fromkeys(("detected_at", "onset", "onset_earliest", "onset_latest"), NOW)
    counts = {"before": 0.9, "after": 0.7, "effect": 0.2, "effect_low": 0.1, "effect_high": 0.3}
    seen = {"metric": "exact_match", "evaluator": "e", "revision": "1", "segment": None, "segments": ()}
    more = {"n_before": 400, "n_after": 200, "evidence": 12.0, "threshold": 9.0}
    incident = library.incidents.open(NAME, 1, Degradation(**times, **counts, **seen, **more), now=NOW)
    claim = library.runs.claim(
        NAME,
        owner="w",
        trigger="incident",
        base_version=1,
        seed=1,
        incident_id=incident.id,
        now=NOW,
        lease=timedelta(minutes=5),
    )[0]
    content = Content(text="Sort {{mail}} well.")
    attempt = Attempt(
        run_id=claim.run_id,
        number=1,
        round=1,
        prompt=NAME,
        strategy="clarify",
        hypothesis="say how",
        content=content,
        content_hash=content.hash,
        state="tested",
        reason="",
        result={},
        created_at=NOW,
    )
    library.runs.save_attempt(claim, attempt)
    library.proposals.create(
        claim,
        prompt=NAME,
        label="production",
        attempt_number=1,
        incident_id=incident.id,
        base=base,
        content=content,
        policy_digest="d",
        packet={},
        now=NOW,
        expires_at=NOW + timedelta(days=14),
    )


def approve(library):
    (proposal,) = library.proposals.list()
    library.proposals.approve(proposal.id, content_hash=proposal.content_hash, actor=RITA, now=NOW, steps=STEPS)


def advance(library):
    (canary,) = library.canaries.list()
    if canary.percent != STEPS[0]:
        raise Stale("it has gone on")
    library.canaries.advance(canary.id, seen=canary, reading=READING, reason="fine", now=NOW)


def promote(library):
    library.canaries.promote(1, by=RITA, reason="good", now=NOW, realised=READING)


def roll_back(library):
    library.canaries.roll_back(1, by=None, reason="it lost", now=NOW, realised=READING)


def move_by_hand(library):
    library.prompts.add_version(NAME, Content(text="Other {{mail}}."), actor=RITA, now=NOW)
    library.prompts.move_label(NAME, "production", 3, expected=1, actor=RITA, reason="urgent", now=NOW)


def state(library):
    """Everything that such deeds touch."""
    return (
        library.prompts.list(),
        library.prompts.moves(NAME),
        library.proposals.list(),
        library.canaries.list(),
        library.incidents.list(),
        library.runs.attempts(),
        [(e.action, e.detail) for e in library.audit.events()],
    )


def killed_at(url, deed, statement):
    """Do the deed in a process that kills itself before its n-th statement; whether it came so far."""

    def suffer():
        library = open_library(url)
        left = [statement]

        def count(*_):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sa.event.listen(library.db.engine, "before_cursor_execute", count)
        sa.event.listen(library.db.engine, "commit", count)
        deed(library)
        os._exit(0)

    child = multiprocessing.get_context("fork").Process(target=suffer)
    child.start()
    child.join(60)
    assert child.exitcode in {0, -signal.SIGKILL}
    return child.exitcode != 0


@pytest.mark.parametrize(
    ("before", "deed"),
    [
        ([], approve),
        ([approve], advance),
        ([approve], promote),
        ([approve, advance], roll_back),
        ([approve], move_by_hand),
    ],
    ids=["approve", "advance", "promote", "roll back", "move by hand"],
)
def test_a_deed_killed_anywhere_is_done_whole_or_not_at_all_and_can_be_done_again(tmp_path, before, deed):
    def opened(folder):
        return open_library(f"sqlite:///{folder}/library.db")

    template = tmp_path / "template"
    library = opened(template)
    build(library)
    for earlier in before:
        earlier(library)
    untouched = state(library)
    library.db.close()
    finished = opened(shutil.copytree(template, tmp_path / "finished"))
    deed(finished)
    wanted = state(finished)
    finished.db.close()

    kills, statement = 0, 1
    while True:
        work = shutil.copytree(template, tmp_path / "work")
        if not killed_at(f"sqlite:///{work}/library.db", deed, statement):
            break
        kills += 1
        after = opened(work)
        found = state(after)
        if deed is not move_by_hand:  # which is two deeds: the version, then the label
            assert found in (untouched, wanted)
        assert after.audit.verify().ok
        if found != wanted:
            deed(after)
        assert state(after) == wanted
        after.db.close()
        shutil.rmtree(work)
        statement += 1
    assert kills >= 5
