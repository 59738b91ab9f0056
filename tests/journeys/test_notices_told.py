"""From what happens in a library to what people are told: which events, in which words, and to whom."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.channel_settings import ChannelSection
from agent.notifying.wording import KINDS
from library.store.stores import open_library
from tests.journeys.post_office import ADA, NAME, TEXT, Office

NOWHERE = "https://hooks.example.org/"


@pytest.fixture
def office(tmp_path):
    library = open_library(f"sqlite:///{tmp_path}/library.db")
    office = Office(library)
    office.prompt()
    office.webhook("ops", NOWHERE)
    office.collect()
    yield office
    library.db.close()


def told(office, channel="ops"):
    """Event and text of what a channel is to be told, oldest first."""
    return [(n.telling.event, n.telling) for n in reversed(office.library.notices.list(channel=channel))]


def collected(office):
    office.collect()
    return dict(told(office))


def test_an_incident_is_told_with_its_interval_since_when_and_where(office):
    incident = office.incident()
    telling = collected(office)["incident.opened"]
    assert telling.title == "support/triage: degraded"
    assert telling.text == (
        "Version 1: exact_match changed by -0.200, 95 % interval -0.280 to -0.120, from 0.900 (n = 400 before, 180"
        " since) since about 2026-09-15 06:00 UTC in the segment billing."
    )
    assert telling.link == f"https://prompts.example.org/incidents/{incident.id}"
    assert (telling.facts["effect"], telling.facts["low"], telling.facts["high"]) == (0.2, 0.12, 0.28)


def test_a_slower_model_is_told_as_a_factor(office):
    office.incident(metric="latency", effect=0.05, effect_low=0.03, effect_high=0.1, segment=None)
    assert "Calls take 2.00 times as much (95 % interval 1.52 to 4.00;" in collected(office)["incident.opened"].text


def test_the_life_of_an_incident_is_told_and_its_inner_steps_are_not(office):
    incident = office.incident()
    for state in ("diagnosing", "open", "resolved"):
        office.library.incidents.move(incident.id, state, actor="monitor", now=office.at)
    office.library.incidents.come_back(incident.id, incident.degradation, now=office.at)
    office.library.incidents.move(incident.id, "dismissed", actor="ada", note="card 4111 1111 1111 1111", now=office.at)
    office.collect()
    events = [event for event, _ in told(office)]
    assert events == ["incident.opened", "incident.resolved", "incident.regressed", "incident.dismissed"]
    assert told(office)[-1][1].text.startswith("Dismissed by ada. Version 1:")


def test_a_proposal_is_told_with_its_gain_and_every_decision_by_name(office):
    proposal = office.propose(incident_id=office.incident().id)
    new = collected(office)["proposal.created"]
    assert new.text == (
        f"Proposal {proposal.id} changes version 1 under 'production'. Gain +0.080 (95 % interval +0.030 to +0.130,"
        " n = 120, 2 excluded). Decide until 2026-09-29 12:00 UTC."
    )
    assert new.link == f"https://prompts.example.org/proposals/{proposal.id}"
    office.library.proposals.approve(proposal.id, content_hash=proposal.content_hash, actor=ADA, now=office.at)
    assert "ada approved it as version 3." in collected(office)["proposal.approved"].text


def test_decisions_that_nobody_took_are_told_too(office):
    first, second = office.propose(), office.propose(text="Newer {{mail}}")
    office.library.proposals.expire(now=second.expires_at)
    told = collected(office)
    assert told["proposal.superseded"].subject == f"proposal {first.id}"
    assert f"Proposal {second.id} took its place." in told["proposal.superseded"].text
    assert "It expired on 2026-09-29 12:00 UTC." in told["proposal.expired"].text


def test_a_moved_base_is_told_as_such(office):
    office.propose()
    office.library.prompts.move_label(NAME, "production", 2, expected=1, actor=ADA, reason="by hand", now=office.at)
    office.library.proposals.supersede_moved(now=office.at)
    assert "Another version is live meanwhile." in collected(office)["proposal.superseded"].text


def test_every_step_of_a_release_is_told_with_figures_where_there_are_some(office):
    canary, canaries = office.canary(), office.library.canaries
    reading = {"metric": "exact_match", "gain": 0.03, "low": 0.01, "high": 0.05, "n_control": 900, "n_canary": 50}
    canary = canaries.advance(canary.id, seen=canary, reading=reading, reason="no loss", now=office.at)
    canaries.move(canary.id, "paused", by=ADA, reason="holiday of Mrs Miller", now=office.at)
    canaries.move(canary.id, "running", by=ADA, reason="", now=office.at)
    canaries.roll_back(canary.id, by=None, reason="exact_match fell", now=office.at, realised=reading | {"gain": -0.1})
    told = collected(office)
    assert told["canary.started"].text.endswith("5 % of subjects are served it. Started by ada.")
    assert "50 % of subjects are served it. exact_match +0.030 against the control" in told["canary.advanced"].text
    assert "(interval +0.010 to +0.050, n = 900 and 50)" in told["canary.advanced"].text
    assert told["canary.paused"].text.endswith("Paused by ada.")
    assert told["canary.rolled_back"].text.endswith("Reason: exact_match fell.")
    assert told["canary.rolled_back"].link == "https://prompts.example.org/prompts/support/triage"
    assert "Miller" not in str(list(told.values()))


def test_nothing_of_prompts_traffic_or_reasons_is_told(office):
    proposal = office.propose()
    office.library.proposals.reject(proposal.id, actor=ADA, reason="because of SECRET-WORD", now=office.at)
    everything = str(list(collected(office).values()))
    assert everything.count("proposal") > 1
    assert TEXT not in everything
    assert "SECRET-WORD" not in everything


def test_without_an_address_of_the_server_there_is_no_link(office):
    office.public_url = ""
    office.incident()
    assert collected(office)["incident.opened"].link == ""


def test_a_channel_hears_what_it_asked_for_only(office):
    office.prompt("sales/pitch")
    for name, events, prompts in (
        ("sales", ["*"], ["sales/*"]),
        ("new", ["proposal.created"], ["*"]),
        ("none", ["canary.*"], ["*"]),
    ):
        said = {"kind": "slack", "url": NOWHERE, "events": events, "prompts": prompts}
        office.channels[name] = ChannelSection.model_validate(said)
    office.collect()
    office.incident()
    office.incident("sales/pitch")
    office.propose()
    office.collect()
    heard = {name: [(e, t.prompt) for e, t in told(office, name)] for name in office.channels}
    assert heard == {
        "ops": [("incident.opened", NAME), ("incident.opened", "sales/pitch"), ("proposal.created", NAME)],
        "sales": [("incident.opened", "sales/pitch")],
        "new": [("proposal.created", NAME)],
        "none": [],
    }


def test_what_happened_before_a_channel_was_set_up_is_not_told_to_it(office):
    office.incident()
    office.webhook("late", NOWHERE)
    office.collect()
    office.propose()
    office.collect()
    assert [e for e, _ in told(office, "late")] == ["proposal.created"]
    assert [e for e, _ in told(office, "ops")] == ["incident.opened", "proposal.created"]


def test_an_event_reaches_a_channel_once_whoever_collects(office):
    for _ in range(3):
        office.incident()
    with ThreadPoolExecutor(4) as pool:
        stored = sum(pool.map(lambda _: office.collect(), range(8)))
    assert stored == 3
    lines = [n.line for n in office.library.notices.list()]
    assert len(lines) == len(set(lines)) == 3
    assert len({n.key for n in office.library.notices.list()}) == 3


def test_a_line_whose_subject_is_unknown_is_told_barely_and_stops_nothing(office):
    office.library.audit.record(at=office.at, actor="x", action="incident.opened", subject="incident 999", detail={})
    office.library.audit.record(
        at=office.at, actor="x", action="canary.started", subject="canary", detail={"prompt": NAME}
    )
    office.incident()
    office.collect()
    assert [t.title for _, t in told(office)] == [
        "incident 999: degraded",
        "support/triage: release in steps begun",
        "support/triage: degraded",
    ]


def test_every_event_that_can_be_told_is_listed_on_the_page():
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
