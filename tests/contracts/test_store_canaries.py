"""Canaries in the database: every deed is one transaction, along legal moves, and takes its followers along."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from library.canaries import Canary
from library.errors import InputError, NotFound, Refused, Stale
from library.prompts import Actor, Content
from library.scores import Score
from library.store.release_tables import arm_deltas, arm_sums
from library.traces import Trace
from library.trends import MAX_SEGMENTS, step_of

NAME = "support/triage"
STEPS = (5, 25, 50, 100)
AGENT = Actor(name="promptkeeper", kind="agent", reviewer=True)
GUEST = Actor(name="gus", kind="token", reviewer=False)
READING = {"metric": "exact_match", "gain": 0.04, "low": 0.01, "high": 0.07, "n_control": 900, "n_canary": 300}


def audited(library):
    return [e.action for e in library.audit.events() if e.action.startswith(("canary.", "label.", "proposal.app"))]


@pytest.fixture
def second(library, triage, reviewer, now):
    """Version 3, in no label's hands."""
    return library.prompts.add_version(NAME, Content(text="Sort {{mail}} well."), actor=reviewer, now=now)


@pytest.fixture
def canary(library, second, reviewer, now) -> Canary:
    """Version 3 under way beside version 1."""
    return library.canaries.start(second, label="production", steps=STEPS, actor=reviewer, now=now)


@pytest.fixture
def staged(library, triage, incident, propose, reviewer, now):
    """(canary, proposal) of an approval that is released in steps."""
    proposal = propose(incident_id=incident.id)
    done, _ = library.proposals.approve(
        proposal.id, content_hash=proposal.content_hash, actor=reviewer, now=now, steps=STEPS, release="in steps"
    )
    return library.canaries.of_proposal(proposal.id), done


def test_a_canary_begins_at_its_first_step_and_the_label_stays(library, canary, second, reviewer, now):
    assert (canary.state, canary.percent, canary.next_percent) == ("running", 5, 25)
    assert (canary.base_version, canary.version, canary.content_hash) == (1, 3, second.content_hash)
    assert (canary.started_by, canary.proposal_id, canary.reason) == (reviewer.name, None, "")
    assert library.prompts.get(NAME).labels["production"] == 1
    assert library.canaries.get(canary.id) == canary == library.canaries.active(NAME, "production")
    assert library.canaries.list(prompt=NAME, active=True) == (canary,)
    assert audited(library)[-1] == "canary.started"
    assert library.audit.events()[-1].detail["content_hash"] == second.content_hash


def test_subjects_get_their_arm_and_whoever_names_none_gets_the_base(library, canary, second):
    subjects = [f"user-{n}" for n in range(4000)]
    with ThreadPoolExecutor(2) as pool:
        served = list(pool.map(lambda s: library.canaries.served(NAME, "production", s), subjects[:400]))
    assert [s.arm for s in served] == [canary.arm(s) for s in subjects[:400]]
    for one in served:
        assert one.version.number == (3 if one.arm.name == "canary" else 1)
        assert one.canary == canary
    share = Counter(canary.arm(s).name for s in subjects)["canary"] / len(subjects)
    assert share == pytest.approx(0.05, abs=0.012)
    for nobody in (None, ""):
        plain = library.canaries.served(NAME, "production", nobody)
        assert (plain.version.number, plain.canary, plain.arm) == (1, None, None)
    assert library.canaries.served(NAME, "latest", "user-1").version == second


def test_a_share_grows_and_nobody_who_had_the_canary_loses_it(library, canary, now):
    before = {s for n in range(2000) if canary.arm(s := f"user-{n}").name == "canary"}
    at = now + timedelta(days=1)
    second = library.canaries.advance(canary.id, seen=canary, reading=READING, reason="no harm seen", now=at)
    after = {s for n in range(2000) if second.arm(s := f"user-{n}").name == "canary"}
    assert before < after
    assert [(s.percent, s.since) for s in second.history] == [(5, now), (25, at)]
    event = library.audit.events()[-1]
    assert (event.action, event.actor) == ("canary.advanced", "release")
    assert event.detail["from"] == 5
    assert event.detail["percent"] == 25
    assert event.detail["gain"] == 0.04
    with pytest.raises(Stale, match="moved on"):
        library.canaries.advance(canary.id, seen=canary, reading=READING, reason="again", now=at)


def test_the_last_step_is_no_advance_but_a_promotion(library, canary, now):
    at_fifty = canary
    for _ in range(2):
        at_fifty = library.canaries.advance(at_fifty.id, seen=at_fifty, reading=READING, reason="fine", now=now)
    assert (at_fifty.percent, at_fifty.next_percent) == (50, 100)
    with pytest.raises(Stale, match="no next step"):
        library.canaries.advance(canary.id, seen=at_fifty, reading=READING, reason="fine", now=now)


def test_a_promotion_moves_the_label_resolves_the_incident_and_keeps_what_came_of_it(
    library, staged, incident, reviewer, now
):
    canary, proposal = staged
    assert (proposal.state, proposal.version, canary.proposal_id) == ("approved", 3, proposal.id)
    assert library.incidents.get(incident.id).state == "proposed"
    assert library.runs.attempts()[0].state == "proposed"
    done = library.canaries.promote(canary.id, by=reviewer, reason="looks good", now=now, realised=READING)
    assert (done.state, done.percent, done.ended_by, done.realised) == ("promoted", 100, reviewer.name, READING)
    assert library.prompts.get(NAME).labels["production"] == 3
    move = library.prompts.moves(NAME)[-1]
    assert (move.actor, move.proposal_id, move.to_version) == (reviewer.name, proposal.id, 3)
    assert library.incidents.get(incident.id).state == "resolved"
    assert library.runs.attempts()[0].state == "approved"
    assert audited(library)[-2:] == ["label.moved", "canary.promoted"]
    assert library.audit.verify().ok


def test_an_automatic_promotion_moves_the_label_in_the_name_of_who_approved_the_content(library, staged, now):
    canary, _ = staged
    done = library.canaries.promote(canary.id, by=None, reason="no harm seen", now=now)
    assert done.ended_by == "release"
    assert library.prompts.moves(NAME)[-1].actor == canary.started_by


def test_a_rollback_serves_the_base_to_all_and_tells_incident_and_attempt_why(library, staged, incident, now):
    canary, _ = staged
    done = library.canaries.roll_back(canary.id, by=None, reason="it lost 0.08", now=now, realised=READING)
    assert (done.state, done.percent, done.reason, done.ended_by) == ("rolled_back", 0, "it lost 0.08", "release")
    assert library.prompts.get(NAME).labels["production"] == 1
    assert {library.canaries.served(NAME, "production", f"u{n}").version.number for n in range(60)} == {1}
    back = library.incidents.get(incident.id)
    assert (back.state, back.note) == ("regressed", f"canary {canary.id} was rolled back: it lost 0.08")
    attempt = library.runs.attempts()[0]
    assert (attempt.state, attempt.reason) == ("rejected", "rolled back in production: it lost 0.08")
    assert audited(library)[-1] == "canary.rolled_back"


def test_what_was_tried_and_rolled_back_is_told_as_a_fix_that_did_not_help(library, staged, incident, now):
    from library.failures import Failure

    canary, _ = staged
    run_id = library.runs.attempts()[0].run_id
    failure = Failure(
        id="f1",
        prompt=NAME,
        incident_id=incident.id,
        run_id=run_id,
        name="urgent mail",
        text="urgent mail is misread",
        count=9,
        share=0.5,
        trace_ids=("t1",),
        created_at=now,
    )
    claim = library.runs.claim(
        NAME, owner="w", trigger="force", base_version=1, seed=1, incident_id=None, now=now, lease=timedelta(minutes=5)
    )[0]
    library.failures.add(claim, [failure])
    assert [f.outcome for f in library.failures.past_fixes(["f1"])] == ["undecided"]
    library.canaries.roll_back(canary.id, by=None, reason="it lost 0.08", now=now)
    (told,) = library.failures.past_fixes(["f1"])
    assert (told.outcome, told.detail) == ("not_fixed", "rolled back in production: it lost 0.08")
    assert library.failures.held_fixes(["f1"]) == ()


@pytest.mark.parametrize("ended", ["promoted", "rolled_back"])
def test_what_has_ended_stays_ended(library, canary, reviewer, now, ended):
    if ended == "promoted":
        library.canaries.promote(canary.id, by=reviewer, reason="fine", now=now)
    else:
        library.canaries.roll_back(canary.id, by=reviewer, reason="bad", now=now)
    before = library.canaries.get(canary.id)
    for deed in (
        lambda: library.canaries.promote(canary.id, by=reviewer, reason="x", now=now),
        lambda: library.canaries.roll_back(canary.id, by=reviewer, reason="x", now=now),
        lambda: library.canaries.move(canary.id, "paused", by=reviewer, reason="x", now=now),
        lambda: library.canaries.move(canary.id, "running", by=reviewer, reason="x", now=now),
        lambda: library.canaries.advance(canary.id, seen=canary, reading=READING, reason="x", now=now),
    ):
        with pytest.raises(Stale):
            deed()
    assert library.canaries.read(canary.id, READING) == before
    assert library.canaries.get(canary.id) == before
    assert library.canaries.active(NAME, "production") is None


def test_paused_it_keeps_its_share_and_goes_no_further_until_a_person_resumes(library, canary, reviewer, now):
    paused = library.canaries.move(canary.id, "paused", by=reviewer, reason="holiday", now=now)
    assert (paused.state, paused.percent, paused.reason) == ("paused", 5, "holiday")
    with pytest.raises(Stale, match="no next step"):
        library.canaries.advance(canary.id, seen=paused, reading=READING, reason="x", now=now)
    with pytest.raises(Refused, match="not a person"):
        library.canaries.move(canary.id, "running", by=AGENT, reason="x", now=now)
    assert library.canaries.move(canary.id, "running", by=reviewer, reason="back", now=now).state == "running"
    assert audited(library)[-2:] == ["canary.paused", "canary.resumed"]
    with pytest.raises(Stale, match="already running"):
        library.canaries.move(canary.id, "running", by=reviewer, reason="back", now=now)


def test_who_may_not_move_the_label_neither_starts_nor_promotes_but_anybody_rolls_back(
    library, canary, second, reviewer, now
):
    for nobody in (AGENT, GUEST):
        with pytest.raises(Refused):
            library.canaries.start(second, label="production", steps=STEPS, actor=nobody, now=now)
        with pytest.raises(Refused):
            library.canaries.promote(canary.id, by=nobody, reason="x", now=now)
    assert library.prompts.get(NAME).labels["production"] == 1
    assert library.canaries.get(canary.id) == canary
    with pytest.raises(InputError, match="no reason"):
        library.canaries.roll_back(canary.id, by=AGENT, reason=" ", now=now)
    assert library.canaries.roll_back(canary.id, by=AGENT, reason="users complain", now=now).ended_by == AGENT.name


def test_a_label_moved_by_hand_ends_the_canary_that_ran_under_it(library, staged, incident, reviewer, now):
    canary, _ = staged
    other = library.prompts.add_version(NAME, Content(text="Other {{mail}}"), actor=reviewer, now=now)
    library.prompts.move_label(NAME, "production", other.number, expected=1, actor=reviewer, reason="x", now=now)
    gone = library.canaries.get(canary.id)
    assert (gone.state, gone.ended_by, gone.reason) == ("superseded", reviewer.name, "version 4 took its place")
    assert library.incidents.get(incident.id).state == "open"
    assert audited(library)[-2:] == ["label.moved", "canary.superseded"]
    assert library.canaries.served(NAME, "production", "u1").version == other


def test_a_label_moved_by_hand_to_the_canary_itself_promotes_it(library, staged, incident, reviewer, now):
    canary, _ = staged
    library.prompts.move_label(NAME, "production", 3, expected=1, actor=reviewer, reason="enough", now=now)
    assert library.canaries.get(canary.id).state == "promoted"
    assert library.incidents.get(incident.id).state == "resolved"
    assert library.runs.attempts()[0].state == "approved"


def test_a_later_approval_ends_the_canary_at_once_or_in_steps(library, staged, propose, reviewer, now):
    first, _ = staged
    second = propose(text="Second {{mail}}")
    library.proposals.approve(second.id, content_hash=second.content_hash, actor=reviewer, now=now, steps=STEPS)
    assert library.canaries.get(first.id).state == "superseded"
    running = library.canaries.active(NAME, "production")
    assert (running.proposal_id, running.base_version, running.version) == (second.id, 1, 4)
    third = propose(text="Third {{mail}}")
    library.proposals.approve(third.id, content_hash=third.content_hash, actor=reviewer, now=now)
    assert library.canaries.get(running.id).state == "superseded"
    assert library.prompts.get(NAME).labels["production"] == 5
    assert library.canaries.list(active=True) == ()


def test_labels_have_canaries_of_their_own(library, canary, second, reviewer, now):
    other = library.canaries.start(second, label="staging", steps=(50, 100), actor=reviewer, now=now)
    assert library.canaries.active(NAME, "production") == canary
    assert library.canaries.active(NAME, "staging") == other


def test_a_start_that_compares_nothing_is_refused_whole(library, canary, second, reviewer, now):
    events = library.audit.events()
    first = library.prompts.version(NAME, 1)
    for version, label, error, words in (
        (second, "trial", Refused, "not set"),
        (first, "production", InputError, "already there"),
        (second, "production", InputError, f"canary {canary.id} releases this version already"),
    ):
        with pytest.raises(error, match=words):
            library.canaries.start(version, label=label, steps=STEPS, actor=reviewer, now=now)
    for steps in ((), (5, 50), (50, 5, 100), (0, 100)):
        with pytest.raises(InputError, match="not a release"):
            library.canaries.start(second, label="production", steps=steps, actor=reviewer, now=now)
    with pytest.raises(NotFound):
        library.canaries.get(99)
    assert library.audit.events() == events
    assert library.canaries.list() == (canary,)


def test_of_two_that_start_or_end_it_together_one_comes_first_and_nothing_is_half_done(library, second, reviewer, now):
    def attempt(deed):
        try:
            return deed()
        except (InputError, Stale):
            return None

    def start(_):
        return attempt(lambda: library.canaries.start(second, label="production", steps=STEPS, actor=reviewer, now=now))

    with ThreadPoolExecutor(2) as pool:
        (one,) = [c for c in pool.map(start, range(4)) if c is not None]
        deeds = [
            lambda: library.canaries.promote(one.id, by=reviewer, reason="a", now=now),
            lambda: library.canaries.roll_back(one.id, by=reviewer, reason="b", now=now),
        ]
        (won,) = [c for c in pool.map(attempt, deeds) if c is not None]
    assert library.prompts.get(NAME).labels["production"] == (3 if won.state == "promoted" else 1)
    assert library.audit.verify().ok


def test_a_deed_that_breaks_leaves_nothing_behind(library, staged, reviewer, now):
    canary, _ = staged
    before = (library.canaries.list(), library.prompts.moves(NAME), library.incidents.list(), library.runs.attempts())
    with library.db.write() as connection:
        connection.execute(sa.text("ALTER TABLE audit RENAME TO audit_away"))
    for deed in (
        lambda: library.canaries.promote(canary.id, by=reviewer, reason="x", now=now),
        lambda: library.canaries.roll_back(canary.id, by=reviewer, reason="x", now=now),
    ):
        with pytest.raises(Exception, match="audit"):
            deed()
    with library.db.write() as connection:
        connection.execute(sa.text("ALTER TABLE audit_away RENAME TO audit"))
    after = (library.canaries.list(), library.prompts.moves(NAME), library.incidents.list(), library.runs.attempts())
    assert after == before


def call(number, canary, side, ts, **more):
    version = canary.version if side == "canary" else canary.base_version
    said = {"arm": f"{canary.id}:5:{side}", "version": version, "segment": "billing", "latency_ms": 900.0}
    return Trace(id=f"t{number}", ts=ts, prompt=NAME, **said | more)


def score(number, value, ts):
    return Score(
        trace_id=f"t{number}",
        name="exact_match",
        value=value,
        source="programmatic",
        evaluator="exact_match",
        revision="1",
        ts=ts,
    )


def sums_of(library, canary, metric="exact_match"):
    _, sums = library.canaries.sums(canary.id)
    return {(s.arm, s.segment, s.bucket, s.percent): (s.n, s.sum, s.sumsq) for s in sums if s.metric == metric}


def test_arms_count_calls_and_scores_late_corrected_and_erased_ones_too(library, canary, now):
    bucket = step_of(now.timestamp())
    library.traces.add(
        [call(1, canary, "canary", now), call(2, canary, "control", now)], [score(1, 1.0, now), score(2, 0.5, now)]
    )
    assert sums_of(library, canary) == {
        ("canary", "billing", bucket, 5): (1, 1.0, 1.0),
        ("control", "billing", bucket, 5): (1, 0.5, 0.25),
    }
    assert {s.metric for s in library.canaries.sums(canary.id)[1]} == {"exact_match", "error", "latency"}
    library.traces.add_scores([score(1, 0.0, now)])
    library.traces.add([call(3, canary, "canary", now)], [])
    library.traces.add_scores([score(3, 1.0, now + timedelta(days=2))])
    assert sums_of(library, canary)["canary", "billing", bucket, 5] == (2, 1.0, 1.0)
    library.traces.erase(["t3"], actor="rita", now=now)
    assert sums_of(library, canary)["canary", "billing", bucket, 5] == (1, 0.0, 0.0)
    assert sums_of(library, canary, "latency")["canary", "billing", bucket, 5] == (1, 1.0, 1.0)


def test_a_call_counts_only_for_the_arm_that_it_can_be_of(library, canary, reviewer, now):
    wrong = [
        call(1, canary, "canary", now, version=1),
        call(2, canary, "control", now, version=3),
        call(3, canary, "canary", now, arm="77:5:canary"),
        call(4, canary, "canary", now, arm=None),
        call(5, canary, "canary", now, arm=f"{canary.id}:7:canary"),
    ]
    library.traces.add(wrong, [score(n, 1.0, now) for n in range(1, 6)])
    assert library.canaries.sums(canary.id)[1] == ()
    assert library.traces.get("t3").arm == "77:5:canary"
    with pytest.raises(InputError, match="not an arm"):
        library.traces.add([call(7, canary, "canary", now, arm="canary")])
    library.canaries.roll_back(canary.id, by=reviewer, reason="x", now=now)
    library.traces.add([call(6, canary, "canary", now)], [score(6, 1.0, now)])
    with library.db.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(arm_deltas)) == 0


def test_sums_are_kept_by_the_share_that_a_call_was_drawn_at_and_by_stretches_that_grow(library, canary, now):
    later = now + timedelta(days=2)
    times = [now, now + timedelta(minutes=10), now + timedelta(minutes=10), later, later + timedelta(minutes=50)]
    # The third call comes after the step, but from a cache that was filled before it.
    drawn = [5, 25, 5, 25, 25]
    library.traces.add(
        [
            call(n, canary, "canary", ts, arm=f"{canary.id}:{percent}:canary")
            for n, (ts, percent) in enumerate(zip(times, drawn, strict=True))
        ],
        [score(n, 1.0, ts) for n, ts in enumerate(times)],
    )
    found = {(bucket, percent): n for (_, _, bucket, percent), (n, _, _) in sums_of(library, canary).items()}
    first, last = step_of(now.timestamp()), step_of(later.timestamp())
    assert found == {(first, 5): 1, (first + 2, 25): 1, (first + 2, 5): 1, (last, 25): 2}


def test_a_look_reads_what_is_new_and_segments_beyond_the_limit_share_one_place(library, canary, now):
    many = [call(n, canary, "canary", now, segment=f"s{n:03}") for n in range(60)]
    library.traces.add(many, [score(n, 1.0, now) for n in range(60)])
    segments = Counter({segment: n for (_, segment, _, _), (n, _, _) in sums_of(library, canary).items()})
    assert len(segments) == MAX_SEGMENTS
    assert segments["other"] == 60 - (MAX_SEGMENTS - 1)
    with library.db.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(arm_deltas)) == 0
        rows = connection.scalar(sa.select(sa.func.count()).select_from(arm_sums))
    late = [call(100 + n, canary, "control", now, segment=f"s{n:03}") for n in range(60)]
    library.traces.add(late, [score(100 + n, 1.0, now) for n in range(60)])
    both = sums_of(library, canary)
    assert {key[1] for key in both if key[0] == "control"} == set(segments)
    with library.db.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(arm_sums)) == 2 * rows


def test_looks_and_writers_at_the_same_time_lose_nothing(library, canary, now):
    def write(part):
        numbers = range(part * 50, part * 50 + 50)
        for n in numbers:
            library.traces.add([call(n, canary, "canary", now)], [score(n, 1.0, now)])

    def look(_):
        for _ in range(20):
            library.canaries.sums(canary.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: job[0](job[1]), [(write, 0), (look, 0), (write, 1), (look, 1)]))
    assert sum(n for n, _, _ in sums_of(library, canary).values()) == 100


def test_live_scores_are_those_of_this_week_that_nobody_replayed(library, canary, now):
    def count(most=100):
        week = {"since": now - timedelta(days=7), "until": now}
        return library.canaries.live_scored(NAME, ["exact_match"], most=most, **week)

    hour = timedelta(hours=1)
    library.traces.add(
        [
            *(call(n, canary, "control", now - hour, arm=None) for n in range(5)),
            call(10, canary, "control", now - timedelta(days=8), arm=None),
            call(11, canary, "control", now + hour, arm=None),
            call(12, canary, "control", now - hour, arm=None, expected="x", expected_source="replay"),
            call(13, canary, "control", now - hour, arm=None, expected="x", expected_source="import"),
            call(14, canary, "control", now - hour, arm=None),
        ],
        [score(n, 1.0, now) for n in (*range(5), 10, 11, 12, 13)],
    )
    assert count() == 6
    assert count(most=3) == 3
