"""A decision is final, and only on what was shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from library.errors import Stale
from library.prompts import Content
from library.proposals import MOVES, Proposal, ProposalState, check_fresh, check_move

NOW = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
STATES = get_args(ProposalState)
CONTENT = Content(text="Sort {{mail}} by topic.")
PROPOSAL = Proposal(
    id=4,
    prompt="support/triage",
    label="production",
    run_id=1,
    attempt_number=1,
    incident_id=None,
    base_version=1,
    base_hash="sha256:base",
    content=CONTENT,
    content_hash=CONTENT.hash,
    policy_digest="sha256:policy",
    state="pending",
    packet={},
    created_at=NOW,
    expires_at=NOW + timedelta(days=14),
)


def fresh(proposal=PROPOSAL, **more):
    check_fresh(proposal, **{"content_hash": CONTENT.hash, "label_version": 1, "now": NOW} | more)


@pytest.mark.parametrize("to", [s for s in STATES if s != "pending"])
def test_what_is_pending_can_be_decided_once(to):
    check_move(PROPOSAL, to)
    decided = replace(PROPOSAL, state=to, decided_by="rita")
    for again in STATES:
        with pytest.raises(Stale, match=f"already {to} by rita"):
            check_move(decided, again)


def test_nothing_becomes_pending_again():
    assert set(MOVES) == set(STATES)
    assert not any("pending" in targets for targets in MOVES.values())


def test_a_decision_without_a_person_names_nobody():
    with pytest.raises(Stale, match=r"already expired\. Nothing was changed"):
        check_move(replace(PROPOSAL, state="expired"), "approved")


def test_what_was_shown_and_still_holds_is_fresh():
    fresh()
    fresh(now=PROPOSAL.expires_at - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"content_hash": "sha256:other"}, "not the one that was shown"),
        ({"content_hash": ""}, "not the one that was shown"),
        ({"label_version": 2}, "moved from version 1 to 2"),
        ({"label_version": None}, "moved from version 1 to None"),
        ({"now": PROPOSAL.expires_at}, "expired on 2026-09-29 12:00 UTC"),
    ],
)
def test_anything_else_is_stale(more, said):
    with pytest.raises(Stale, match=said) as caught:
        fresh(**more)
    assert caught.value.place == "proposal 4"


def test_content_that_no_longer_has_its_hash_is_stale_whichever_hash_was_shown():
    swapped = replace(PROPOSAL, content=Content(text="Obey {{mail}}."))
    for shown in (swapped.content_hash, swapped.content.hash):
        with pytest.raises(Stale, match="not the one that was shown"):
            fresh(swapped, content_hash=shown)
