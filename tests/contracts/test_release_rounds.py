"""The rounds of a staged release on both databases: what the figures do, and what they leave to a person."""

import random
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from agent.entrypoints.scheduler import tick
from agent.release.advancing import advance_all
from agent.release.deeds import pause, promote, resume, roll_back, start
from agent.release.staging import deciding_names, plan
from library.canaries import FULL
from library.errors import NotFound, Refused
from library.prompts import Actor, Content
from library.scores import Score
from library.store.release_tables import canaries
from library.traces import Trace, TraceError
from policies.rulebook import read_rulebook

NAME = "support/triage"


def rules(**more):
    said = {"steps": "[20, 50, 100]", "min_scores": 60, "max_days": 14, **more}
    return read_rulebook("release: {" + ", ".join(f"{k}: {v}" for k, v in said.items()) + "}", "test").release


RULES = rules()


class World:
    """Calls of a prompt that goes out in steps, by a seeded stream of subjects."""

    def __init__(self, library):
        self.library, self.calls = library, 0

    def call(self, at, count, *, right, failing=None, **more):
        """right, failing: share of right answers and of failed calls, by arm."""
        traces, scores = [], []
        for _ in range(count):
            self.calls += 1
            served = self.library.canaries.served(NAME, "production", f"subject-{self.calls}")
            if served.arm is None:
                continue
            chance = random.Random(self.calls)
            failed = chance.random() < (failing or {}).get(served.arm.name, 0.0)
            trace = Trace(
                id=f"t{self.calls}",
                ts=at,
                prompt=NAME,
                version=served.version.number,
                arm=str(served.arm),
                segment="billing" if self.calls % 3 else "care",
                error=TraceError(type="timeout", message="late") if failed else None,
                **more,
            )
            traces.append(trace)
            value = float(chance.random() < right[served.arm.name])
            scores.append(
                Score(
                    trace_id=trace.id,
                    name="exact_match",
                    value=value,
                    source="programmatic",
                    evaluator="exact_match",
                    revision="1",
                    ts=at,
                )
            )
        self.library.traces.add(traces, scores)


@pytest.fixture
def world(library, triage):
    return World(library)


@pytest.fixture
def canary(library, triage, reviewer, now):
    version = library.prompts.add_version(NAME, Content(text="Sort {{mail}} well."), actor=reviewer, now=now)
    return start(library, RULES, version, label="production", actor=reviewer, now=now)


def looked(library, at, among=RULES):
    (one,) = advance_all(library, among, now=at)
    return one


SAME = {"control": 0.9, "canary": 0.9}


def test_from_step_to_step_to_the_second_signature_which_moves_the_label(library, world, canary, reviewer, now):
    assert looked(library, now).deed == "held"
    assert "0 of 60 scored calls on this step" in looked(library, now).said
    world.call(now + timedelta(hours=1), 450, right=SAME)
    assert looked(library, now + timedelta(hours=2)).deed == "advanced"
    assert looked(library, now + timedelta(hours=2)).deed == "held"
    world.call(now + timedelta(hours=3), 200, right=SAME)
    waiting = looked(library, now + timedelta(hours=4))
    assert (waiting.deed, waiting.canary.state) == ("waiting", "waiting")
    assert looked(library, now + timedelta(hours=5)).deed == "held"
    assert library.prompts.get(NAME).labels["production"] == 1
    for nobody in (Actor(name="bot", kind="agent", reviewer=True), Actor(name="gus", kind="token", reviewer=False)):
        with pytest.raises(Refused):
            promote(library, RULES, canary.id, actor=nobody, reason="", now=now)
    done = promote(library, RULES, canary.id, actor=reviewer, reason="", now=now + timedelta(hours=6))
    assert (done.state, library.prompts.get(NAME).labels["production"]) == ("promoted", 3)
    assert done.realised["low"] <= done.realised["gain"] <= done.realised["high"]
    assert "promised" not in done.realised  # nobody promised anything: it was started by hand
    assert advance_all(library, RULES, now=now) == ()


def test_a_loss_rolls_it_back_also_while_it_waits_for_a_signature(library, world, canary, now):
    world.call(now, 450, right=SAME)
    looked(library, now)
    world.call(now, 200, right=SAME)
    assert looked(library, now).deed == "waiting"
    for minute in range(60, 120, 6):
        world.call(now + timedelta(minutes=minute), 90, right={"control": 0.9, "canary": 0.5})
    gone = looked(library, now + timedelta(hours=2))
    assert gone.deed == "rolled_back"
    assert "exact_match is" in gone.canary.reason
    assert gone.canary.ended_by == "release"
    assert library.canaries.served(NAME, "production", "subject-1").version.number == 1


def test_a_guard_rolls_it_back_though_the_score_is_fine(library, world, canary, now):
    world.call(now, 900, right=SAME, failing={"control": 0.0, "canary": 0.4}, latency_ms=500.0)
    gone = looked(library, now)
    assert gone.deed == "rolled_back"
    assert "error is" in gone.canary.reason
    # What came of it is told by the score, not by the guard.
    assert gone.canary.realised["metric"] == "exact_match"
    assert gone.canary.realised["gain"] > -0.1


def test_a_late_score_counts_and_what_nobody_scored_does_not_carry_it_on(library, world, canary, now):
    world.call(now, 450, right=SAME)
    with library.db.write() as connection:
        connection.execute(sa.text("DELETE FROM arm_deltas WHERE metric = 'exact_match'"))
    assert looked(library, now).deed == "held"


def test_without_a_step_for_long_it_is_paused_and_a_person_lets_it_go_on(library, world, canary, reviewer, now):
    late = now + timedelta(days=14, minutes=1)
    world.call(now, 40, right=SAME)
    assert looked(library, now + timedelta(days=13)).deed == "held"
    paused = looked(library, late)
    assert (paused.deed, paused.canary.state) == ("paused", "paused")
    assert re.fullmatch(r"no step for 14 days: \d+ of 60 scored calls on this step", paused.canary.reason)
    assert looked(library, late).deed == "held"
    assert resume(library, canary.id, actor=reviewer, reason="", now=late).state == "running"
    assert looked(library, late + timedelta(days=13)).deed == "held"
    world.call(late, 450, right=SAME)
    assert looked(library, late).deed == "advanced"


def test_when_nobody_fetches_it_for_a_subject_it_is_soon_paused_and_says_what_to_do(library, canary, now):
    assert looked(library, now + timedelta(hours=24)).deed == "held"
    paused = looked(library, now + timedelta(hours=24, minutes=1))
    assert (paused.deed, paused.canary.percent) == ("paused", 20)
    assert paused.canary.reason == (
        "no call has named its arm in 24 hours: fetch the prompt for a subject, and send the arm with the trace"
    )


def test_paused_by_a_person_it_waits_with_all_its_scores(library, world, canary, reviewer, now):
    pause(library, canary.id, actor=reviewer, reason="fair week", now=now)
    world.call(now, 450, right=SAME)
    assert looked(library, now + timedelta(days=30)).deed == "held"
    resume(library, canary.id, actor=reviewer, reason="", now=now + timedelta(days=30))
    assert looked(library, now + timedelta(days=30)).deed == "advanced"


def test_where_the_rulebook_says_automatic_the_approval_stands_for_the_last_step(library, world, canary, reviewer, now):
    automatic = rules(promote="automatic")
    for count in (450, 200):
        world.call(now, count, right=SAME)
        done = looked(library, now, automatic)
    assert (done.deed, library.prompts.get(NAME).labels["production"]) == ("promoted", 3)
    assert library.prompts.moves(NAME)[-1].actor == reviewer.name


def test_one_release_that_cannot_be_judged_stops_no_other(library, world, canary, reviewer, now):
    library.prompts.create("broken/one", actor=reviewer, now=now)
    for text in ("a {{x}}", "b {{x}}"):
        version = library.prompts.add_version("broken/one", Content(text=text), actor=reviewer, now=now)
        if text.startswith("a"):
            library.prompts.move_label(
                "broken/one", "production", 1, expected=None, actor=reviewer, reason="x", now=now
            )
    broken = start(library, RULES, version, label="production", actor=reviewer, now=now)
    with library.db.write() as connection:
        connection.execute(sa.update(canaries).where(canaries.c.id == broken.id).values(steps=[7, FULL]))
    world.call(now, 450, right=SAME)
    deeds = {look.canary.prompt: look.deed for look in advance_all(library, RULES, now=now)}
    assert deeds == {NAME: "advanced", "broken/one": "failed"}
    assert advance_all(library, RULES, now=now, prompts=["other"]) == ()
    gone = roll_back(library, RULES, canary.id, actor=reviewer, reason="enough", now=now)
    assert gone.state == "rolled_back"


def test_the_background_looks_at_releases_in_every_round(library, world, canary, now):
    world.call(now, 450, right=SAME)
    health = read_rulebook(None, "test").health
    ran = tick(library, health, lambda wish: None, now=now, release=RULES)
    (said,) = [r.said for r in ran if r.prompt == NAME]
    assert "goes on to 50 %" in said
    assert library.canaries.get(canary.id).percent == 50


def test_the_young_version_of_a_release_is_no_incident_of_its_own(library, world, canary, now):
    from agent.steps.monitor import sweep

    health = read_rulebook(None, "test").health
    for day in range(8):
        world.call(now + timedelta(days=day), 250, right={"control": 0.9, "canary": 0.9 if day < 4 else 0.2})
        sweep(library, health, now=now + timedelta(days=day, hours=1), until=now + timedelta(days=day, hours=1))
    assert library.incidents.list() == ()
    assert looked(library, now + timedelta(days=8)).deed == "rolled_back"


def test_how_a_version_goes_out_follows_wish_rulebook_and_traffic(library, world, triage, now):
    steps = (20, 50, 100)
    assert plan(library, RULES, NAME, wish="at_once", now=now).steps == ()
    assert plan(library, RULES, NAME, wish="staged", now=now).steps == steps
    assert plan(library, rules(staged="always"), NAME, now=now).steps == steps
    assert plan(library, rules(staged="never"), NAME, now=now).steps == ()
    none = plan(library, RULES, NAME, now=now)
    assert none.steps == ()
    assert none.said == (
        "released at once: no scored calls in the last 7 days; steps of 60 scored calls at 20 and 50 % could never be "
        "judged"
    )
    only = rules(steps="[100]")
    assert plan(library, only, NAME, now=now).steps == ()
    with pytest.raises(Exception, match="no step below 100"):
        plan(library, only, NAME, wish="staged", now=now)
    with pytest.raises(NotFound):
        plan(library, RULES, "no/such", now=now)


@pytest.mark.parametrize(
    ("metrics", "names"),
    [
        ([{"name": "exact_match"}, {"name": "answered"}], ["exact_match"]),
        ([{"name": "a", "weight": 1}, {"name": "b", "weight": 3}, {"name": "c"}], ["b", "a"]),
        ([{"name": "judge", "aspect": "tone"}], ["judge.tone"]),
        ([{"name": "judge", "preset": "grounded"}], ["judge.grounded"]),
    ],
)
def test_what_counts_for_the_prompt_decides_and_the_rest_guards(metrics, names):
    assert deciding_names(tuple(metrics)) == names
