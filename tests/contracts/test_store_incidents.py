"""Incidents: opened once, moved along legal moves, with the evidence they were opened on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from library.errors import ClaimLost, NotFound, Refused


def test_an_incident_comes_back_with_all_its_evidence(library, triage, degradation, now):
    opened = library.incidents.open(triage.name, 1, degradation, now=now)
    assert library.incidents.get(opened.id) == opened
    assert opened.degradation == degradation
    assert (opened.state, opened.diagnosis, opened.opened_at, opened.note) == ("open", None, now, "")
    event = library.audit.events()[-1]
    assert (event.action, event.actor, event.subject) == ("incident.opened", "monitor", f"incident {opened.id}")
    assert event.detail["prompt"] == triage.name


def test_an_incident_of_an_unknown_prompt_is_refused(library, triage, degradation, now):
    with pytest.raises(NotFound, match="support/triage"):
        library.incidents.open("support/triages", 1, degradation, now=now)
    assert library.incidents.list() == ()


def test_newer_evidence_replaces_older_evidence_in_the_same_incident(library, incident, degradation):
    newer = replace(degradation, n_after=300, after=0.65, segment=None, segments=())
    assert library.incidents.refresh(incident.id, newer).degradation == newer
    assert library.incidents.get(incident.id) == replace(incident, degradation=newer)


def test_moves_follow_the_table_and_are_audited(library, incident, now):
    later = now + timedelta(hours=1)
    moved = library.incidents.move(incident.id, "diagnosing", actor="worker-1", now=later)
    assert (moved.state, moved.updated_at, moved.opened_at) == ("diagnosing", later, now)
    dismissed = library.incidents.move(incident.id, "dismissed", actor="rita", note="new normal", now=later)
    assert (dismissed.state, dismissed.note) == ("dismissed", "new normal")
    assert library.incidents.move(incident.id, "open", actor="rita", now=later).note == "new normal"
    event = library.audit.events()[-2]
    assert (event.action, event.actor) == ("incident.moved", "rita")
    assert event.detail == {"from": "diagnosing", "to": "dismissed", "note": "new normal"}


def test_an_illegal_move_changes_nothing(library, incident, now):
    before = library.audit.events()
    with pytest.raises(Refused, match="open cannot become regressed"):
        library.incidents.move(incident.id, "regressed", actor="rita", now=now)
    assert library.incidents.get(incident.id) == incident
    assert library.audit.events() == before


def test_a_diagnosis_needs_the_claim_in_force(library, incident, claim_run, now):
    claim = claim_run(incident_id=incident.id)
    report = {"cause": "prompt", "clusters": [{"name": "refunds", "share": 0.6}]}
    assert library.incidents.diagnose(incident.id, report, claim=claim, now=now).diagnosis == report
    claim_run(owner="worker-2", dead_owner="worker-1")
    with pytest.raises(ClaimLost):
        library.incidents.diagnose(incident.id, {"cause": "other"}, claim=claim, now=now)
    assert library.incidents.get(incident.id).diagnosis == report


def test_lists_are_newest_first_and_filtered(library, triage, degradation, reviewer, now):
    library.prompts.create("other", actor=reviewer, now=now)
    ids = [
        library.incidents.open(p, v, degradation, now=now).id
        for p, v in ((triage.name, 1), (triage.name, 2), ("other", 1))
    ]
    library.incidents.move(ids[0], "dismissed", actor="rita", now=now)
    assert [i.id for i in library.incidents.list()] == ids[::-1]
    assert [i.id for i in library.incidents.list(prompt=triage.name)] == [ids[1], ids[0]]
    assert [i.id for i in library.incidents.list(states={"dismissed", "resolved"})] == [ids[0]]
    assert [i.id for i in library.incidents.active(triage.name)] == [ids[1]]
    assert library.incidents.active(triage.name, 1) == ()
    assert [i.id for i in library.incidents.active(triage.name, 2)] == [ids[1]]


def test_an_unknown_incident_is_not_found(library, degradation, now):
    for look in (
        library.incidents.get,
        lambda id: library.incidents.refresh(id, degradation),
        lambda id: library.incidents.move(id, "dismissed", actor="rita", now=now),
    ):
        with pytest.raises(NotFound, match="incident 77"):
            look(77)
