"""Proposals: a decision is one transaction on exactly what was shown, and it is final."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from library.errors import ClaimLost, InputError, NotFound, Refused, Stale
from library.prompts import Actor, Content
from library.store.tables import proposals

NAME = "support/triage"


def snapshot(library):
    """Everything an approval may touch."""
    return (
        library.prompts.list(),
        library.prompts.versions(NAME),
        library.prompts.moves(NAME),
        library.proposals.list(),
        library.runs.attempts(),
        library.incidents.list(),
        library.audit.events(),
    )


def approve(library, proposal, actor, now, **more):
    return library.proposals.approve(
        proposal.id, **{"content_hash": proposal.content_hash, "actor": actor, "now": now} | more
    )


def test_a_new_proposal_waits_and_its_attempt_and_incident_with_it(library, triage, incident, propose, now):
    proposal = propose(incident_id=incident.id)
    assert library.proposals.get(proposal.id) == proposal
    base = library.prompts.version(NAME, 1)
    assert (proposal.state, proposal.label, proposal.base_version) == ("pending", "production", 1)
    assert (proposal.base_hash, proposal.content_hash) == (base.content_hash, proposal.content.hash)
    assert (proposal.packet, proposal.decided_at, proposal.version) == ({"gain": 0.08}, None, None)
    assert library.runs.attempts()[0].state == "proposed"
    assert library.incidents.get(incident.id).state == "proposed"
    event = next(e for e in library.audit.events() if e.action == "proposal.created")
    assert event.actor == "worker-1"
    assert event.detail["content_hash"] == proposal.content_hash


def test_a_run_makes_one_proposal_however_often_it_asks(library, triage, claim_run, make_attempt, now):
    claim = claim_run()
    attempt = make_attempt(claim)
    library.runs.save_attempt(claim, attempt)

    def create(label="production"):
        return library.proposals.create(
            claim,
            prompt=NAME,
            label=label,
            attempt_number=1,
            incident_id=None,
            base=library.prompts.version(NAME, 1),
            content=attempt.content,
            policy_digest="d",
            packet={},
            now=now,
            expires_at=now + timedelta(days=1),
        )

    first = create()
    events = library.audit.events()
    assert create() == first
    assert library.audit.events() == events
    assert library.proposals.list() == (first,)
    claim_run(owner="worker-2", dead_owner="worker-1")
    with pytest.raises(ClaimLost):
        create()


def test_a_proposal_for_an_attempt_that_was_never_saved_is_refused_whole(library, triage, claim_run, make_attempt, now):
    claim = claim_run()
    with pytest.raises(NotFound, match="no attempt 1"):
        library.proposals.create(
            claim,
            prompt=NAME,
            label="production",
            attempt_number=1,
            incident_id=None,
            base=library.prompts.version(NAME, 1),
            content=make_attempt(claim).content,
            policy_digest="d",
            packet={},
            now=now,
            expires_at=now + timedelta(days=1),
        )
    assert library.proposals.list() == ()


def test_a_newer_proposal_takes_the_place_of_older_ones_for_the_same_label(library, triage, degradation, propose, now):
    incidents = [library.incidents.open(NAME, 1, degradation, now=now).id for _ in range(2)]
    first = propose(incident_id=incidents[0])
    elsewhere = propose(label="staging", text="Staging {{mail}}")
    second = propose(text="Newer {{mail}}", incident_id=incidents[1])
    states = {p.id: p.state for p in library.proposals.list()}
    assert states == {first.id: "superseded", elsewhere.id: "pending", second.id: "pending"}
    assert [library.incidents.get(i).state for i in incidents] == ["open", "proposed"]
    assert [p.id for p in library.proposals.list(state="pending")] == [second.id, elsewhere.id]
    assert library.proposals.list(prompt="other") == ()


def test_an_approval_does_everything_in_one_step(library, triage, incident, propose, reviewer, now):
    proposal = propose(incident_id=incident.id)
    later = now + timedelta(hours=2)
    done, version = approve(library, proposal, reviewer, later, comment="clearly better")
    assert (version.number, version.content, version.note) == (3, proposal.content, f"proposal {proposal.id}")
    assert version.created_by == "rita"
    assert done == library.proposals.get(proposal.id)
    assert (done.state, done.version, done.decided_by) == ("approved", 3, "rita")
    assert (done.decided_at, done.comment) == (later, "clearly better")
    assert library.prompts.get(NAME).labels == {"production": 3, "staging": 2}
    move = library.prompts.moves(NAME)[-1]
    assert (move.from_version, move.to_version, move.proposal_id) == (1, 3, proposal.id)
    assert library.runs.attempts()[0].state == "approved"
    assert library.incidents.get(incident.id).state == "resolved"
    assert [e.action for e in library.audit.events()][-2:] == ["label.moved", "proposal.approved"]
    assert library.audit.verify().ok


def test_an_approval_of_what_staging_says_already_releases_that_version(library, triage, propose, reviewer, now):
    proposal = propose(text=library.prompts.version(NAME, 2).content.text)
    _, version = approve(library, proposal, reviewer, now)
    assert version.number == 2
    assert library.prompts.get(NAME).labels["production"] == 2
    assert len(library.prompts.versions(NAME)) == 2


def test_an_incident_that_a_person_closed_meanwhile_stays_closed(library, triage, incident, propose, reviewer, now):
    proposal = propose(incident_id=incident.id)
    library.incidents.move(incident.id, "dismissed", actor="rita", now=now)
    approve(library, proposal, reviewer, now)
    assert library.incidents.get(incident.id).state == "dismissed"


@pytest.mark.parametrize(
    "actor",
    [
        Actor(name="promptkeeper", kind="agent", reviewer=True),
        Actor(name="promptkeeper", kind="agent", reviewer=False),
        Actor(name="vera", kind="token", reviewer=False),
    ],
)
def test_only_a_reviewer_who_is_a_person_may_approve_for_production(library, triage, propose, now, actor):
    proposal = propose()
    before = snapshot(library)
    with pytest.raises(Refused, match="protected") as caught:
        approve(library, proposal, actor, now)
    assert not isinstance(caught.value, Stale)
    assert snapshot(library) == before


def test_an_approval_of_other_content_than_was_shown_is_stale_and_changes_nothing(
    library, triage, propose, reviewer, now
):
    proposal = propose()
    before = snapshot(library)
    with pytest.raises(Stale, match="not the one that was shown"):
        approve(library, proposal, reviewer, now, content_hash="sha256:other")
    assert snapshot(library) == before


def test_content_swapped_behind_the_hash_is_stale(library, triage, propose, reviewer, now):
    proposal = propose()
    with library.db.write() as connection:
        swapped = Content(text="Obey {{mail}}").to_json()
        connection.execute(proposals.update().values(content=swapped))
    for shown in (proposal.content_hash, Content(text="Obey {{mail}}").hash):
        with pytest.raises(Stale):
            approve(library, proposal, reviewer, now, content_hash=shown)
    assert library.prompts.get(NAME).labels["production"] == 1


def test_an_approval_on_a_moved_base_is_stale_and_changes_nothing(library, triage, incident, propose, reviewer, now):
    proposal = propose(incident_id=incident.id)
    library.prompts.move_label(NAME, "production", 2, expected=1, actor=reviewer, reason="by hand", now=now)
    before = snapshot(library)
    with pytest.raises(Stale, match="moved from version 1 to 2"):
        approve(library, proposal, reviewer, now)
    assert snapshot(library) == before


def test_an_approval_past_its_date_is_stale(library, triage, propose, reviewer, now):
    proposal = propose()
    with pytest.raises(Stale, match="expired"):
        approve(library, proposal, reviewer, proposal.expires_at)


def test_an_approval_that_fails_at_its_last_statement_leaves_everything_as_it_was(
    library, triage, incident, propose, reviewer, now
):
    proposal = propose(incident_id=incident.id)
    library.audit.record(at=now, actor="rita", action="proposal.approved", subject="an earlier one", detail={})
    before = snapshot(library)
    with library.db.write() as connection:  # the audit line of the approval, its very last write, can not be added
        only = "CREATE UNIQUE INDEX only_one ON audit (action) WHERE action = 'proposal.approved'"
        connection.execute(sa.text(only))
    with pytest.raises(sa.exc.IntegrityError):
        approve(library, proposal, reviewer, now + timedelta(minutes=1))
    with library.db.write() as connection:
        connection.execute(sa.text("DROP INDEX only_one"))
    assert snapshot(library) == before
    assert approve(library, proposal, reviewer, now)[0].state == "approved"


def test_of_two_reviewers_who_approve_at_once_one_is_too_late(library, triage, incident, propose, now):
    proposal = propose(incident_id=incident.id)

    def decide(name):
        actor = Actor(name=name, kind="token", reviewer=True)
        try:
            return approve(library, proposal, actor, now)[0]
        except Stale as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(decide, ("rita", "ravi")))
    winners = [r for r in results if not isinstance(r, Stale)]
    assert len(winners) == 1
    assert f"already approved by {winners[0].decided_by}" in str(next(r for r in results if isinstance(r, Stale)))
    assert library.proposals.get(proposal.id) == winners[0]
    assert len(library.prompts.versions(NAME)) == 3
    assert [m.to_version for m in library.prompts.moves(NAME, "production")] == [1, 3]
    assert [e.action for e in library.audit.events()].count("proposal.approved") == 1


def test_deciding_superseding_and_moving_incidents_at_once_never_deadlocks(
    library, triage, incident, propose, reviewer, degradation, now
):
    other = library.incidents.open(NAME, 1, degradation, now=now)
    shared = [
        propose(incident_id=incident.id, label=label, text=f"{label} {{{{mail}}}}")
        for label in ("production", "staging")
    ]

    def attempt(deed):
        try:
            return deed()
        except Refused as error:
            return error

    deeds = (
        lambda: approve(library, shared[0], reviewer, now),
        lambda: library.proposals.reject(shared[1].id, actor=reviewer, reason="no", now=now),
        lambda: library.proposals.expire(now=now + timedelta(days=30)),
        lambda: library.incidents.move(incident.id, "dismissed", actor="rita", now=now),
        lambda: propose(incident_id=other.id, text="Third {{mail}}"),
        lambda: library.prompts.add_version(NAME, Content(text="By hand"), actor=reviewer, now=now),
    )
    with ThreadPoolExecutor(len(deeds)) as pool:
        results = list(pool.map(attempt, deeds))
    assert not isinstance(results[5], Refused)
    assert library.audit.verify().ok
    assert not {p.state for p in library.proposals.list() if p.id in {s.id for s in shared}} & {"pending"}


@pytest.mark.parametrize(("deed", "state"), [("reject", "rejected"), ("revise", "revision_requested")])
def test_a_refusal_keeps_its_words_for_the_teacher_and_reopens_the_incident(
    library, triage, incident, propose, reviewer, now, deed, state
):
    proposal = propose(incident_id=incident.id)

    def decide(words, actor=reviewer):
        said = {"reason": words} if deed == "reject" else {"comment": words}
        return getattr(library.proposals, deed)(proposal.id, actor=actor, now=now, **said)

    with pytest.raises(InputError, match="no reason"):
        decide("  ")
    with pytest.raises(Refused, match="not a person"):
        decide("words", Actor(name="promptkeeper", kind="agent", reviewer=True))
    assert library.proposals.get(proposal.id) == proposal
    done = decide("Keep the greeting.")
    assert (done.state, done.comment, done.decided_by, done.decided_at) == (state, "Keep the greeting.", "rita", now)
    attempt = library.runs.attempts()[0]
    assert (attempt.state, attempt.reason) == ("rejected", "Keep the greeting.")
    assert library.incidents.get(incident.id).state == "open"
    assert library.prompts.get(NAME).labels == triage.labels
    event = library.audit.events()[-1]
    assert (event.action, event.detail["comment"]) == (f"proposal.{state}", "Keep the greeting.")
    with pytest.raises(Stale, match="already"):
        approve(library, proposal, reviewer, now)
    with pytest.raises(Stale, match="already"):
        decide("Again")


def test_late_proposals_expire_and_others_stay(library, triage, incident, propose, now):
    late = propose(incident_id=incident.id, expires_at=now + timedelta(days=1))
    open_ = propose(label="staging", text="Staging {{mail}}", expires_at=now + timedelta(days=3))
    then = now + timedelta(days=1)
    assert library.proposals.expire(now=then - timedelta(seconds=1)) == ()
    assert library.proposals.expire(now=then) == (late.id,)
    assert library.proposals.expire(now=then) == ()
    expired = library.proposals.get(late.id)
    assert (expired.state, expired.decided_at, expired.decided_by) == ("expired", then, None)
    assert library.proposals.get(open_.id) == open_
    assert library.incidents.get(incident.id).state == "open"
    assert [e.action for e in library.audit.events()].count("proposal.expired") == 1


def test_an_incident_that_a_new_cycle_works_on_already_is_not_reopened(library, triage, incident, propose, now):
    late = propose(incident_id=incident.id)
    library.incidents.move(incident.id, "diagnosing", actor="worker-2", now=now)
    assert library.proposals.expire(now=late.expires_at) == (late.id,)
    assert library.incidents.get(incident.id).state == "diagnosing"


def test_a_waiver_is_signed_dated_and_part_of_the_packet(library, triage, propose, reviewer, now):
    proposal = propose()
    until = now + timedelta(days=30)
    wanted = {"actor": reviewer, "reason": "legal agreed", "expires": until, "now": now}
    for number in ("length-1", "clause-2"):
        done = library.proposals.waive(proposal.id, number, **wanted)
    assert done == library.proposals.get(proposal.id)
    assert done.packet["gain"] == 0.08
    assert [w["finding"] for w in done.packet["waivers"]] == ["length-1", "clause-2"]
    waiver = done.packet["waivers"][0]
    assert (waiver["actor"], waiver["reason"], waiver["expires"]) == ("rita", "legal agreed", until.isoformat())
    assert library.audit.events()[-1].action == "proposal.waived"
    assert replace(done, packet=proposal.packet) == proposal


def test_a_waiver_needs_a_reviewer_a_reason_a_date_to_come_and_a_pending_proposal(
    library, triage, propose, reviewer, agent, now
):
    proposal = propose()
    wanted = {"actor": reviewer, "reason": "legal agreed", "expires": now + timedelta(days=1), "now": now}
    for wrong, error in (
        ({"actor": agent}, Refused),
        ({"actor": Actor(name="vera", kind="token", reviewer=False)}, Refused),
        ({"reason": " "}, InputError),
        ({"expires": now}, InputError),
    ):
        with pytest.raises(error):
            library.proposals.waive(proposal.id, "length-1", **wanted | wrong)
    assert library.proposals.get(proposal.id) == proposal
    library.proposals.reject(proposal.id, actor=reviewer, reason="no", now=now)
    with pytest.raises(Stale, match="already rejected"):
        library.proposals.waive(proposal.id, "length-1", **wanted)


def test_an_unknown_proposal_is_not_found(library, triage, reviewer, now):
    for look in (
        library.proposals.get,
        lambda id: library.proposals.approve(id, content_hash="x", actor=reviewer, now=now),
        lambda id: library.proposals.reject(id, actor=reviewer, reason="no", now=now),
    ):
        with pytest.raises(NotFound, match="proposal 9"):
            look(9)
