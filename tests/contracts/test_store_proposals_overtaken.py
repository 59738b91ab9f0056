"""Proposals that nobody decided in time, or whose base has moved, leave the queue by themselves, with a line each."""

from datetime import timedelta

import pytest

from library.errors import Stale

NAME = "support/triage"


def move(library, reviewer, now, to, label="production"):
    library.prompts.move_label(
        NAME, label, to, expected=None, check_expected=False, actor=reviewer, reason="by hand", now=now
    )


def lines(library, action):
    return [(e.subject, dict(e.detail)) for e in library.audit.events() if e.action == action]


def test_a_proposal_is_overtaken_when_its_label_moves_to_another_version(
    library, triage, incident, propose, reviewer, now
):
    proposal = propose(incident_id=incident.id)
    other = propose(label="staging", text="Staging {{mail}}")
    assert library.proposals.supersede_moved(now=now) == ()
    move(library, reviewer, now, 2)
    later = now + timedelta(minutes=5)
    assert library.proposals.supersede_moved(now=later) == (proposal.id,)
    done = library.proposals.get(proposal.id)
    assert (done.state, done.decided_at, done.decided_by) == ("superseded", later, None)
    assert library.proposals.get(other.id).state == "pending"
    assert library.incidents.get(incident.id).state == "open"
    assert lines(library, "proposal.superseded") == [
        (f"proposal {proposal.id}", {"prompt": NAME, "label": "production"})
    ]
    assert library.proposals.supersede_moved(now=later) == ()


def test_a_label_that_came_back_before_anybody_looked_overtakes_nothing(library, triage, propose, reviewer, now):
    proposal = propose()
    move(library, reviewer, now, 2)
    move(library, reviewer, now, 1)
    assert library.proposals.supersede_moved(now=now) == ()
    assert library.proposals.get(proposal.id).state == "pending"


def test_an_overtaken_proposal_cannot_be_approved_any_more(library, triage, propose, reviewer, now):
    proposal = propose()
    move(library, reviewer, now, 2)
    library.proposals.supersede_moved(now=now)
    with pytest.raises(Stale, match="already superseded"):
        library.proposals.approve(proposal.id, content_hash=proposal.content_hash, actor=reviewer, now=now)


def test_a_newer_proposal_leaves_a_line_about_the_one_it_replaces(library, triage, propose, now):
    first, second = propose(), propose(text="Newer {{mail}}")
    told = {"prompt": NAME, "label": "production", "by": second.id}
    assert lines(library, "proposal.superseded") == [(f"proposal {first.id}", told)]
    assert library.audit.verify().ok


def test_an_expired_proposal_leaves_a_line_and_opens_its_incident_again(library, triage, incident, propose, now):
    proposal = propose(incident_id=incident.id)
    assert library.proposals.expire(now=proposal.expires_at - timedelta(seconds=1)) == ()
    assert library.proposals.expire(now=proposal.expires_at) == (proposal.id,)
    assert library.incidents.get(incident.id).state == "open"
    assert lines(library, "proposal.expired") == [(f"proposal {proposal.id}", {"prompt": NAME, "label": "production"})]
