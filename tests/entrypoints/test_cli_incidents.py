"""`promptkeeper incidents` and `runs`."""

from datetime import UTC, datetime, timedelta

import pytest

from library.calls import Call, Caps, Reservation
from library.incidents import Degradation, SegmentChange
from library.prompts import Content
from library.runs import Attempt

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)


def degradation() -> Degradation:
    return Degradation(
        metric="exact_match",
        evaluator="replay",
        revision="1",
        detected_at=NOW,
        onset=NOW - timedelta(days=2),
        onset_earliest=NOW - timedelta(days=2, hours=3),
        onset_latest=NOW - timedelta(days=1, hours=20),
        before=0.9,
        after=0.7,
        effect=0.2,
        effect_low=0.15,
        effect_high=0.25,
        n_before=800,
        n_after=200,
        evidence=21.5,
        threshold=9.0,
        segment="billing",
        segments=(
            SegmentChange(
                segment="billing",
                before=0.9,
                after=0.6,
                difference=-0.3,
                low=-0.38,
                high=-0.22,
                n_before=400,
                n_after=100,
            ),
            SegmentChange(
                segment="account",
                before=0.9,
                after=0.9,
                difference=0.0,
                low=-0.05,
                high=0.05,
                n_before=400,
                n_after=100,
            ),
        ),
    )


@pytest.fixture
def degraded(triage):
    """A project with one incident and one finished run about it, with two attempts and one paid call."""
    with triage.library() as library:
        incident = library.incidents.open("support/triage", 1, degradation(), now=NOW)
        claim, run, _ = library.runs.claim(
            "support/triage",
            owner="test",
            trigger="incident",
            incident_id=incident.id,
            base_version=1,
            seed=7,
            lease=timedelta(minutes=5),
            now=NOW,
        )
        library.runs.follow(claim, ["monitor", "diagnose", "hypothesize"])
        diagnosis = {"cause": "prompt", "sentence": "New kinds of message.", "kinds": [{"name": "lockers", "n": 4}]}
        library.incidents.diagnose(incident.id, diagnosis, claim=claim, now=NOW)
        measured = {"gain": 0.1, "low": 0.04, "high": 0.16, "n": 100, "excluded": 0}
        library.runs.save_attempt(claim, attempt(run.id, 1, "blocked", "a protected clause is missing", {}))
        library.runs.save_attempt(claim, attempt(run.id, 2, "failed_gate", "better", {"gain": 0.2, "gate": measured}))
        pay(library, f"run:{run.id}")
        library.runs.finish(claim, state="finished", stop_reason="not_proven", detail="it is too close", now=NOW)
    return triage


def attempt(run_id: int, number: int, state: str, reason: str, result: dict) -> Attempt:
    content = Content(text=f"Candidate {number} {{{{message}}}}")
    return Attempt(
        run_id=run_id,
        number=number,
        round=1,
        prompt="support/triage",
        strategy="surgical",
        hypothesis="lockers are not named",
        content=content,
        content_hash=content.hash,
        state=state,
        reason=reason,
        result=result,
        created_at=NOW,
    )


def pay(library, scope: str) -> None:
    reservation = Reservation(scope=scope, key="k", usd=0.02, at=NOW)
    assert library.calls.reserve([reservation], Caps()) == (None,)
    call = Call(
        scope=scope,
        key="k",
        role="student",
        model="m",
        response_model="m",
        output="billing",
        finish_reason="stop",
        tokens_in=30,
        tokens_out=12,
        cost=0.01,
        latency_ms=5.0,
        at=NOW,
    )
    library.calls.settle([call], [])


def test_incidents_list_and_show(degraded):
    listed = degraded("incidents", "list", "--json").document
    assert [(i["id"], i["prompt"], i["state"]) for i in listed] == [(1, "support/triage", "open")]
    shown = degraded("incidents", "show", 1, "--json").document
    assert shown["degradation"]["onset"] == "2026-09-18T12:00:00+00:00"
    assert shown["diagnosis"]["cause"] == "prompt"
    human = degraded("incidents", "show", 1).out
    assert "2026-09-18 12:00 UTC, between 2026-09-18 09:00 and 2026-09-18 16:00" in human
    assert "-0.200 (95 % interval -0.250 to -0.150)" in human
    assert "account" in human
    assert "-0.050 to +0.050" in human
    assert "New kinds of message." in human
    assert "name: lockers" in human
    assert max(map(len, human.splitlines())) <= 100


def test_incidents_by_state_and_prompt(degraded):
    assert degraded("incidents", "list", "--state", "resolved", "--json").document == []
    assert len(degraded("incidents", "list", "--state", "open", "--state", "resolved", "--json").document) == 1
    assert len(degraded("incidents", "list", "--prompt", "support/triage", "--json").document) == 1
    assert "no such prompt" in degraded.fails("incidents", "list", "--prompt", "nobody")


def test_dismiss_needs_a_reason_and_is_recorded(degraded):
    assert "--reason" in degraded.fails("incidents", "dismiss", 1)
    assert "the reason is empty" in degraded.fails("incidents", "dismiss", 1, "--reason", " ")
    moved = degraded("incidents", "dismiss", 1, "--reason", "a test campaign", "--json").document
    assert (moved["state"], moved["note"]) == ("dismissed", "a test campaign")
    assert degraded("audit", "export", "--json").document["events"][-1]["action"] == "incident.moved"


def test_accept_is_a_new_normal(degraded):
    moved = degraded("incidents", "accept", 1, "--json").document
    assert (moved["state"], moved["note"]) == ("dismissed", "accepted as the new normal")


def test_a_move_that_may_not_be_exits_1(degraded):
    with degraded.library() as library:
        library.incidents.move(1, "resolved", actor="test", now=NOW)
    line = degraded.fails("incidents", "dismiss", 1, "--reason", "late", code=1)
    assert "an incident that is resolved cannot become dismissed" in line


def test_an_unknown_incident_and_an_id_that_is_none(degraded):
    assert "no such incident" in degraded.fails("incidents", "show", 9)
    assert "'first' is not a valid integer" in degraded.fails("incidents", "show", "first")


def test_runs_list_and_show(degraded):
    listed = degraded("runs", "list", "--prompt", "support/triage", "--json").document
    assert [(r["id"], r["stop_reason"]) for r in listed] == [(1, "not_proven")]
    assert "not_proven" in degraded("runs", "list").out
    shown = degraded("runs", "show", 1, "--json").document
    assert shown["path"] == ["monitor", "diagnose", "hypothesize"]
    assert [a["state"] for a in shown["attempts"]] == ["blocked", "failed_gate"]
    assert shown["spend"] == {"calls": 1, "tokens_in": 30, "tokens_out": 12, "usd": 0.01}
    human = degraded("runs", "show", 1).out
    assert "monitor > diagnose > hypothesize" in human
    assert "attempt 2: +0.100 (95 % +0.040 to +0.160) on 100 unseen items" in human
    assert "1: a protected clause is missing" in human
    assert "1 calls, 42 tokens, $0.0100" in human
    assert "not_proven: it is too close" in human
    assert max(map(len, human.splitlines())) <= 100


def test_an_unknown_run(degraded):
    assert "no such run" in degraded.fails("runs", "show", 9)
    assert "no such prompt" in degraded.fails("runs", "list", "--prompt", "nobody")
