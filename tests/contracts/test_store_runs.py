"""Runs: one cycle per prompt, stale writers refused, unfinished work taken over; and what was tried is remembered."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

import pytest

from library.calls import Call
from library.errors import ClaimHeld, ClaimLost, NotFound
from library.failures import Failure
from library.runs import Charge, RunOptions
from library.store.runs import hold
from library.store.tables import claims

NAME = "support/triage"
LEASE = timedelta(minutes=5)


def claim(library, owner, now, **more):
    wanted = {"trigger": "force", "incident_id": None, "base_version": 1, "seed": 7, "lease": LEASE} | more
    return library.runs.claim(NAME, owner=owner, now=now, **wanted)


def failure(run_id, now, id="f-1", **more):
    said = {"prompt": NAME, "incident_id": None, "name": "refunds", "text": "refunds: where is it", "count": 12}
    said |= {"share": 0.4, "trace_ids": ("t-1", "t-2")} | more
    return Failure(id=id, run_id=run_id, created_at=now, **said)


def test_a_free_prompt_starts_a_new_run(library, triage, now):
    held, run, resumed = claim(library, "worker-1", now, trigger="revision", comment="shorter", seed=11)
    assert (held.prompt, held.owner, held.fence, held.lease_until, resumed) == (NAME, "worker-1", 1, now + LEASE, False)
    assert (run.state, run.trigger, run.comment, run.seed, run.path) == ("running", "revision", "shorter", 11, ())
    assert library.runs.get(run.id) == run
    assert library.runs.holder(NAME) == held


def test_a_held_prompt_names_owner_and_end_of_the_lease(library, triage, now):
    _, run, _ = claim(library, "worker-1", now)
    with pytest.raises(ClaimHeld, match=f"run {run.id} of worker-1 works on it until 2026-09-15 12:05:00 UTC"):
        claim(library, "worker-2", now + timedelta(minutes=4))
    assert library.runs.list() == (run,)


@pytest.mark.parametrize(("after", "dead"), [(LEASE, None), (timedelta(0), "worker-1")])
def test_an_unfinished_run_goes_on_when_its_lease_has_ended_or_its_owner_is_dead(library, triage, now, after, dead):
    old, first, _ = claim(library, "worker-1", now, seed=7)
    library.runs.follow(old, ["monitor"])
    new, run, resumed = claim(library, "worker-2", now + after, dead_owner=dead, seed=8, trigger="incident")
    assert resumed
    assert (new.run_id, new.fence, new.owner) == (old.run_id, old.fence + 1, "worker-2")
    assert run == replace(first, path=("monitor",))
    assert library.runs.list() == (run,)


def test_another_dead_owner_does_not_free_a_living_one(library, triage, now):
    claim(library, "worker-1", now)
    with pytest.raises(ClaimHeld):
        claim(library, "worker-2", now, dead_owner="worker-3")


def test_every_write_under_an_old_number_is_refused(library, triage, incident, make_attempt, now):
    old, _, _ = claim(library, "worker-1", now)
    attempt = make_attempt(old)
    new, _, _ = claim(library, "worker-2", now + LEASE)
    writes = (
        lambda: library.runs.renew(old, lease=LEASE, now=now),
        lambda: library.runs.follow(old, ["monitor"]),
        lambda: library.runs.save_attempt(old, attempt),
        lambda: library.runs.finish(old, state="finished", stop_reason="healthy", detail="", now=now),
        lambda: library.failures.add(old, [failure(old.run_id, now)]),
        lambda: library.incidents.diagnose(incident.id, {}, claim=old, now=now),
    )
    for write in writes:
        with pytest.raises(ClaimLost, match="no longer holds"):
            write()
    assert library.runs.holder(NAME) == new
    assert library.runs.get(new.run_id).path == ()
    assert library.runs.attempts() == ()
    assert library.failures.list() == ()
    library.runs.follow(new, ["monitor"])
    assert library.runs.get(new.run_id).path == ("monitor",)


def test_an_attempt_of_another_run_is_refused(library, triage, make_attempt, now):
    held, run, _ = claim(library, "worker-1", now)
    with pytest.raises(ClaimLost, match="attempt of run"):
        library.runs.save_attempt(held, replace(make_attempt(held), run_id=run.id + 1))


def test_a_renewed_lease_holds_longer(library, triage, now):
    held, _, _ = claim(library, "worker-1", now)
    renewed = library.runs.renew(held, lease=LEASE, now=now + timedelta(minutes=4))
    assert renewed == replace(held, lease_until=now + timedelta(minutes=9)) == library.runs.holder(NAME)
    with pytest.raises(ClaimHeld):
        claim(library, "worker-2", now + timedelta(minutes=6))
    library.runs.follow(held, ["monitor"])  # the number, not the lease end, is what counts


def test_the_path_is_kept_in_order(library, triage, now):
    held, run, _ = claim(library, "worker-1", now)
    nodes = ("monitor", "diagnose", "hypothesize", "rewrite", "test", "hypothesize")
    for upto in range(1, len(nodes) + 1):
        library.runs.follow(held, nodes[:upto])
    assert library.runs.get(run.id).path == nodes


def test_a_finished_run_frees_the_prompt_and_its_claim_is_worth_nothing(library, triage, now):
    held, run, _ = claim(library, "worker-1", now)
    later = now + timedelta(minutes=2)
    done = library.runs.finish(
        held, state="finished", stop_reason="not_proven", detail="n was 12", proposal_id=3, now=later
    )
    assert (done.id, done.state, done.stop_reason, done.stop_detail) == (run.id, "finished", "not_proven", "n was 12")
    assert (done.finished_at, done.proposal_id) == (later, 3)
    assert library.runs.holder(NAME) is None
    event = library.audit.events()[-1]
    assert (event.action, event.actor, event.subject) == ("run.finished", "worker-1", f"run {run.id}")
    assert event.detail["stop_reason"] == "not_proven"
    with pytest.raises(ClaimLost):
        library.runs.follow(held, ["monitor"])
    again, second, resumed = claim(library, "worker-1", later)
    assert (resumed, again.fence) == (False, held.fence + 1)
    assert second.id != run.id
    assert [r.id for r in library.runs.list(prompt=NAME)] == [second.id, run.id]
    assert [r.id for r in library.runs.list(limit=1)] == [second.id]


def test_unknown_prompts_and_runs_are_not_found(library, triage, now):
    with pytest.raises(NotFound, match="support/triage"):
        library.runs.claim(
            "support/triag", owner="w", trigger="force", incident_id=None, base_version=1, seed=1, lease=LEASE, now=now
        )
    with pytest.raises(NotFound, match="run 5"):
        library.runs.get(5)
    assert library.runs.holder("no/such") is None


@pytest.mark.parametrize("state", ["never claimed", "free", "expired"])
def test_of_many_who_claim_at_once_exactly_one_wins(library, triage, now, state):
    when = now
    if state != "never claimed":
        held, _, _ = claim(library, "first", now)
        when = now + LEASE
        if state == "free":
            library.runs.finish(held, state="finished", stop_reason="healthy", detail="", now=now)

    def attempt(index):
        try:
            return claim(library, f"worker-{index}", when)[0]
        except ClaimHeld as error:
            return error

    with ThreadPoolExecutor(5) as pool:
        with library.db.write() as connection:  # all of them arrive while the row is busy
            connection.execute(claims.update().values(owner=claims.c.owner))
            arrived = [pool.submit(attempt, index) for index in range(5)]
            assert not wait(arrived, timeout=0.3).done or state == "never claimed"
        results = [one.result() for one in arrived]
    winners = [r for r in results if not isinstance(r, ClaimHeld)]
    assert len(winners) == 1
    assert library.runs.holder(NAME) == winners[0]
    assert len(library.runs.list()) == (2 if state == "free" else 1)


def test_a_takeover_waits_for_the_write_that_is_under_way(library, triage, now):
    old, _, _ = claim(library, "worker-1", now)
    with ThreadPoolExecutor(1) as pool:
        with library.db.write() as connection:
            hold(connection, old)
            takeover = pool.submit(claim, library, "worker-2", now + LEASE)
            with pytest.raises(TimeoutError):
                takeover.result(timeout=0.3)
        assert takeover.result()[0].fence == old.fence + 1


def test_an_attempt_is_saved_once_and_updated_in_place(library, triage, make_attempt, now):
    held, _, _ = claim(library, "worker-1", now)
    first, second = make_attempt(held, 1, state="drafted"), make_attempt(held, 2, text="Other {{mail}}")
    for attempt in (first, second):
        library.runs.save_attempt(held, attempt)
    tested = replace(first, state="tested", reason="better", result={"gain": 1e-17, "n": 3})
    library.runs.save_attempt(held, tested)
    assert library.runs.attempts() == (tested, second)
    assert library.runs.attempts(prompt=NAME, run_id=held.run_id, content_hash=second.content_hash) == (second,)
    assert library.runs.attempts(prompt="other") == ()
    assert library.runs.attempts(run_id=held.run_id + 1) == ()


def test_failures_are_kept_once_by_id(library, triage, now):
    held, _, _ = claim(library, "worker-1", now)
    first, second = failure(held.run_id, now), failure(held.run_id, now, "f-2", incident_id=4)
    library.failures.add(held, [second, first])
    library.failures.add(held, [replace(first, name="renamed")])
    library.failures.add(held, [])
    assert library.failures.list() == library.failures.list(NAME) == (first, second)
    assert library.failures.list("other") == ()
    assert library.failures.get_many(["f-2", "unknown", "f-2"]) == {"f-2": second}


def test_past_fixes_say_what_became_of_each_attempt(library, triage, incident, make_attempt, now):
    first, _, _ = claim(library, "worker-1", now, incident_id=incident.id)
    library.failures.add(first, [failure(first.run_id, now, incident_id=incident.id)])
    told = {
        "tested": ({"gain": -0.02}, "not_fixed"),
        "failed_gate": ({"gain": 0.1}, "not_fixed"),
        "rejected": ({}, "not_fixed"),
        "proposed": ({"gain": 0.1}, "undecided"),
        "blocked": ({}, None),
        "duplicate": ({}, None),
        "drafted": ({}, None),
    }
    for number, (state, (result, _)) in enumerate(told.items(), start=1):
        library.runs.save_attempt(
            first, make_attempt(first, number, state=state, result=result, hypothesis=state, reason=f"why {state}")
        )
    library.runs.finish(first, state="finished", stop_reason="not_proven", detail="", now=now)
    second, _, _ = claim(library, "worker-1", now, incident_id=incident.id)
    library.runs.save_attempt(second, make_attempt(second, 1, state="approved", hypothesis="later run"))
    library.runs.save_attempt(second, make_attempt(second, 2, hypothesis="a gain that was not chosen"))
    library.runs.finish(second, state="finished", stop_reason="proposed", detail="", now=now)
    other, _, _ = claim(library, "worker-1", now)
    library.runs.save_attempt(other, make_attempt(other, 1, hypothesis="of no incident"))

    fixes = library.failures.past_fixes(["f-1", "unknown"])
    expected = {state: outcome for state, (_, outcome) in told.items() if outcome is not None}
    expected |= {"later run": "fixed", "a gain that was not chosen": "undecided"}
    assert {fix.hypothesis: fix.outcome for fix in fixes} == expected
    assert [fix.hypothesis for fix in fixes] == list(expected)
    assert {(fix.failure_id, fix.prompt, fix.name) for fix in fixes} == {("f-1", NAME, "refunds")}
    assert fixes[0].detail == "why tested"
    assert library.failures.past_fixes([]) == ()


ASKED = RunOptions(dataset="golden", strategy="surgical", rounds=2, usd=0.1, calls=300)


def test_what_was_asked_of_a_run_is_kept_with_it(library, triage, now):
    _, run, _ = claim(library, "worker-1", now, trigger="optimize", options=ASKED)

    assert library.runs.get(run.id).options == ASKED
    assert library.runs.list()[0].options == ASKED


def test_a_run_that_nothing_was_asked_of_has_no_options(library, triage, now):
    _, run, _ = claim(library, "worker-1", now)

    assert library.runs.get(run.id).options == RunOptions()


def test_the_same_order_goes_on_with_the_unfinished_run(library, triage, now):
    _, first, _ = claim(library, "worker-1", now, trigger="optimize", options=ASKED, seed=5)
    _, run, resumed = claim(library, "worker-2", now + LEASE, trigger="optimize", options=ASKED, seed=6)

    assert resumed
    assert (run.id, run.seed, run.options) == (first.id, 5, ASKED)


@pytest.mark.parametrize(
    "other",
    [
        {"options": replace(ASKED, rounds=3)},
        {"options": RunOptions()},
        {"trigger": "force"},
        {"seed": 6, "own_seed": True},
    ],
)
def test_another_order_is_told_of_the_unfinished_run_and_changes_nothing(library, triage, now, other):
    held, first, _ = claim(library, "worker-1", now, trigger="optimize", options=ASKED, seed=5)

    with pytest.raises(ClaimHeld, match=f"run {first.id} is unfinished and was started otherwise") as told:
        claim(library, "worker-2", now + LEASE, **{"trigger": "optimize", "options": ASKED, "seed": 5} | other)

    assert "dataset golden" in str(told.value)
    assert library.runs.holder(NAME) == held


def test_who_asks_for_nothing_of_its_own_takes_the_unfinished_run_as_it_is(library, triage, now):
    claim(library, "worker-1", now, trigger="optimize", options=ASKED)
    _, run, resumed = claim(library, "worker-2", now + LEASE, trigger="incident")

    assert (resumed, run.trigger, run.options) == (True, "optimize", ASKED)


def test_the_bill_of_a_run_lists_its_own_calls_in_the_order_of_their_commits(library, triage, now):
    _, run, _ = claim(library, "worker-1", now)

    def call(key, minutes, role, scope=None, cost=0.5):
        return Call(
            scope=scope or f"run:{run.id}", key=key, role=role, model="m", response_model="m", output="", cost=cost,
            finish_reason="stop", tokens_in=10, tokens_out=3, latency_ms=1.0, at=now + timedelta(minutes=minutes),
        )  # fmt: skip

    other = call("d", 1, "student", scope="run:999")
    library.calls.settle([call("b", 3, "teacher", cost=None), call("a", 2, "student"), other])

    assert library.runs.bill(run.id) == (
        Charge(at=now + timedelta(minutes=2), role="student", tokens_in=10, tokens_out=3, cost=0.5),
        Charge(at=now + timedelta(minutes=3), role="teacher", tokens_in=10, tokens_out=3, cost=None),
    )
    assert library.runs.bill(run.id + 1) == ()
