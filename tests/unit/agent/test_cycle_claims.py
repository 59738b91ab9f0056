"""Who owns a run, when an owner counts as gone, and which cycles are due."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from agent.cycle import due
from agent.holding import dead, owner_name
from library.incidents import Degradation
from library.prompts import Actor, Content
from library.store.stores import open_library

NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)
REVIEWER = Actor(name="rita", kind="local", reviewer=True)


def test_a_living_process_is_not_dead():
    assert not dead(owner_name())


def test_a_process_that_has_ended_is_dead():
    child = subprocess.run(
        [sys.executable, "-c", "from agent.holding import owner_name; print(owner_name())"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip

    assert dead(child.stdout.strip())


def test_a_process_number_that_was_given_again_is_told_by_its_start():
    host, pid, started = owner_name().split(":")

    assert dead(f"{host}:{pid}:{int(started) - 1}")


@pytest.mark.parametrize("owner", ["other-host:1:1", f"{socket.gethostname()}:worker:1", "", "anything"])
def test_nobody_else_is_declared_dead(owner):
    assert not dead(owner)


@pytest.fixture
def library(tmp_path):
    """Three prompts; `b` has an open incident."""
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    for name in ("a", "b", "c"):
        opened.prompts.create(name, actor=REVIEWER, now=NOW)
        opened.prompts.add_version(name, Content(text=f"Sort {name}."), actor=REVIEWER, now=NOW)
        opened.prompts.move_label(name, "production", 1, expected=None, actor=REVIEWER, reason="start", now=NOW)
    seen = Degradation(
        metric="exact_match", evaluator="e", revision="1", detected_at=NOW, onset=NOW, onset_earliest=NOW,
        onset_latest=NOW, before=0.9, after=0.7, effect=0.2, effect_low=0.1, effect_high=0.3, n_before=400,
        n_after=100, evidence=20.0, threshold=10.0, segment=None, segments=(),
    )  # fmt: skip
    opened.incidents.open("b", 1, seen, now=NOW)
    yield opened
    opened.db.close()


def wishes(library, names=(), **more):
    return [(w.prompt, w.trigger, w.comment) for w in due(library, names, **more)]


def revise(library, prompt, *, at):
    """A proposal of a finished run for which a reviewer asked for changes."""
    claim, run, _ = library.runs.claim(
        prompt, owner="w", trigger="force", incident_id=None, base_version=1, seed=1, lease=timedelta(minutes=1), now=at
    )
    from library.runs import Attempt

    content = Content(text="Sort better.")
    library.runs.save_attempt(
        claim,
        Attempt(
            run_id=run.id,
            number=1,
            round=1,
            prompt=prompt,
            strategy="s",
            hypothesis="h",
            content=content,
            content_hash=content.hash,
            state="tested",
            reason="",
            result={},
            created_at=at,
        ),
    )
    proposal = library.proposals.create(
        claim, prompt=prompt, label="production", attempt_number=1, incident_id=None,
        base=library.prompts.version(prompt, 1), content=content, policy_digest="p", packet={}, now=at,
        expires_at=at + timedelta(days=14),
    )  # fmt: skip
    library.runs.finish(claim, state="finished", stop_reason="proposed", detail="", proposal_id=proposal.id, now=at)
    library.proposals.revise(proposal.id, actor=REVIEWER, comment=f"Shorter, {prompt}.", now=at + timedelta(hours=1))


def test_without_names_the_ill_ones_are_due(library):
    assert wishes(library) == [("b", "incident", "")]


def test_named_prompts_are_due_ill_or_not(library):
    assert wishes(library, ["a", "b"]) == [("a", "incident", ""), ("b", "incident", "")]
    assert wishes(library, ["a"], force=True) == [("a", "force", "")]


def test_a_reviewers_wish_is_due_with_its_comment(library):
    revise(library, "c", at=NOW)

    assert wishes(library) == [("b", "incident", ""), ("c", "revision", "Shorter, c.")]
    assert wishes(library, ["c"], force=True) == [("c", "revision", "Shorter, c.")]


def test_a_wish_is_taken_up_once(library):
    revise(library, "c", at=NOW)
    library.runs.claim(
        "c", owner="w", trigger="revision", incident_id=None, base_version=1, seed=1, lease=timedelta(minutes=1),
        now=NOW + timedelta(hours=2),
    )  # fmt: skip

    assert wishes(library) == [("b", "incident", "")]
