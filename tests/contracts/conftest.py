"""One library per test, on SQLite and on PostgreSQL: the same suite holds on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from library.incidents import Degradation, SegmentChange
from library.prompts import Actor, Content
from library.runs import Attempt
from library.store.stores import open_library
from tests.databases import empty_database
from tests.filled import fill

NOW = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def library_url(request, tmp_path):
    """The URL of an empty database of one's own, without tables."""
    with empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def library(library_url):
    """A migrated, empty library."""
    opened = open_library(library_url)
    yield opened
    opened.db.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def elsewhere(request, tmp_path):
    """The URL of another empty database."""
    with empty_database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def full(library, now):
    """A library in which every table holds rows."""
    fill(library, now=now)
    return library


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def reviewer():
    return Actor(name="rita", kind="local", reviewer=True)


@pytest.fixture
def agent():
    # An agent that claims to be a reviewer: the kind alone must decide.
    return Actor(name="promptkeeper", kind="agent", reviewer=True)


@pytest.fixture
def triage(library, reviewer):
    """The prompt `support/triage`: versions 1 and 2, production on 1, staging on 2."""
    library.prompts.create("support/triage", description="Sorts mail", actor=reviewer, now=NOW)
    for number, text in enumerate(("Sort {{mail}}.", "Sort {{mail}} by topic."), start=1):
        library.prompts.add_version("support/triage", Content(text=text), actor=reviewer, now=NOW)
        label = ("production", "staging")[number - 1]
        library.prompts.move_label(
            "support/triage", label, number, expected=None, actor=reviewer, reason="start", now=NOW
        )
    return library.prompts.get("support/triage")


@pytest.fixture
def degradation():
    return Degradation(
        metric="exact_match",
        evaluator="programmatic",
        revision="1",
        detected_at=NOW,
        onset=NOW - timedelta(hours=6),
        onset_earliest=NOW - timedelta(hours=8),
        onset_latest=NOW - timedelta(hours=5),
        before=0.9,
        after=0.7,
        effect=0.2,
        effect_low=0.12,
        effect_high=0.28,
        n_before=400,
        n_after=180,
        evidence=14.5,
        threshold=9.2,
        segment="billing",
        segments=(
            SegmentChange(
                segment="billing",
                before=0.9,
                after=0.5,
                difference=-0.4,
                low=-0.5,
                high=-0.3,
                n_before=100,
                n_after=60,
            ),
        ),
    )


@pytest.fixture
def incident(library, triage, degradation):
    return library.incidents.open(triage.name, 1, degradation, now=NOW)


@pytest.fixture
def claim_run(library):
    """Function: claim a prompt with a fresh run; returns the claim."""

    def claim(prompt="support/triage", *, owner="worker-1", incident_id=None, now=NOW, **more):
        wanted = {"trigger": "force", "base_version": 1, "seed": 7, "lease": timedelta(minutes=5)} | more
        return library.runs.claim(prompt, owner=owner, incident_id=incident_id, now=now, **wanted)[0]

    return claim


@pytest.fixture
def make_attempt():
    """Function: an attempt with the given text, ready to save."""

    def attempt(claim, number=1, *, text="Sort {{mail}} by topic and urgency.", **more):
        content = Content(text=text)
        said = {
            "round": 1,
            "strategy": "rewrite",
            "hypothesis": "Name the urgency.",
            "state": "tested",
            "reason": "",
            "result": {"gain": 0.08, "low": 0.03, "n": 120},
        }
        return Attempt(
            run_id=claim.run_id,
            number=number,
            prompt=claim.prompt,
            content=content,
            content_hash=content.hash,
            created_at=NOW,
            **said | more,
        )

    return attempt


@pytest.fixture
def propose(library, claim_run, make_attempt):
    """Function: a finished run with a pending proposal; returns the proposal."""

    def make(prompt="support/triage", *, text="Sort {{mail}} by topic and urgency.", incident_id=None, **more):
        claim = claim_run(prompt, incident_id=incident_id)
        attempt = make_attempt(claim, text=text)
        library.runs.save_attempt(claim, attempt)
        label = more.pop("label", "production")
        wanted = {"base": library.prompts.labelled(prompt, label), "expires_at": NOW + timedelta(days=14)} | more
        proposal = library.proposals.create(
            claim,
            prompt=prompt,
            label=label,
            attempt_number=attempt.number,
            incident_id=incident_id,
            content=attempt.content,
            policy_digest="sha256:policy",
            packet={"gain": 0.08},
            now=NOW,
            **wanted,
        )
        library.runs.finish(
            claim, state="finished", stop_reason="proposed", detail="", proposal_id=proposal.id, now=NOW
        )
        return proposal

    return make
