"""Sweeps on a real library: which series alarm, what becomes one incident, what a young version is held against."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from agent.incident_life import accept
from agent.steps.monitor import sweep
from library.errors import Refused
from library.prompts import PRODUCTION, Actor, Content
from library.scores import Score
from library.store.stores import open_library
from library.traces import Trace, TraceError
from policies.rulebook import read_rulebook

START = datetime(2026, 6, 1, tzinfo=UTC)
RITA = Actor(name="rita", kind="local", reviewer=True)
RULES = read_rulebook(None, "shipped").health


class Production:
    """A library with prompts in production, and calls that come in one a minute."""

    def __init__(self, url: str) -> None:
        self.library = open_library(url)
        self.minutes = 0
        self.random = random.Random(1)
        self.count = 0

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.minutes)

    def add(self, name: str = "support/triage") -> None:
        """A prompt with one version in production."""
        self.library.prompts.create(name, actor=RITA, now=START, metrics=[{"name": "exact_match"}])
        self.release(name, 1, None)

    def release(self, name: str, number: int, before: int | None) -> None:
        """Put a new version into production."""
        self.library.prompts.add_version(name, Content(text=f"Sort {{{{mail}}}}, {number}"), actor=RITA, now=self.now)
        self.library.prompts.move_label(
            name, PRODUCTION, number, expected=before, actor=RITA, reason="release", now=self.now
        )

    def serve(self, count: int, good: float, *, names=("support/triage",), version=1, metrics=("exact_match",), **call):
        """Calls of each prompt, judged by each metric; good: share of right answers, or a function of the segment."""
        traces, scores = [], []
        for _ in range(count):
            self.minutes += 1
            for name in names:
                self.count += 1
                segment = self.random.choice(("cards", "money", "account"))
                said = {key: value(self.count) if callable(value) else value for key, value in call.items()}
                trace = Trace(id=f"t-{self.count}", ts=self.now, prompt=name, version=version, segment=segment, **said)
                traces.append(trace)
                share = good(segment) if callable(good) else good
                if trace.error is None:
                    scores += [self.judged(trace, metric, share) for metric in metrics]
        self.library.traces.add(traces, scores)

    def judged(self, trace: Trace, metric: str, share: float) -> Score:
        value = 1.0 if self.random.random() < share else 0.0
        return Score(
            trace_id=trace.id, name=metric, value=value, source="programmatic", evaluator="test", revision="1",
            ts=trace.ts,
        )  # fmt: skip

    def sweep(self):
        """Look at everything that is complete."""
        return sweep(self.library, RULES, now=self.now, until=self.now)

    def incidents(self):
        """All incidents, oldest first."""
        return sorted(self.library.incidents.list(), key=lambda i: i.id)


@pytest.fixture
def production(tmp_path):
    made = Production(f"sqlite:///{tmp_path}/library.db")
    yield made
    made.library.db.close()


def test_a_healthy_prompt_has_no_incident(production):
    production.add()
    production.serve(2_000, 0.9)
    assert {r.status for r in production.sweep()} == {"healthy"}
    assert production.incidents() == []


def test_a_drop_opens_one_incident_that_later_sweeps_refresh(production):
    production.add()
    production.serve(1_500, 0.9)
    began = production.now
    production.serve(200, 0.6)
    production.sweep()
    (first,) = production.incidents()
    assert first.state == "open"
    assert abs(first.degradation.onset - began) < timedelta(minutes=45)
    assert first.degradation.known_by == first.degradation.onset
    production.serve(300, 0.6)
    production.sweep()
    (later,) = production.incidents()
    assert later.id == first.id
    assert later.degradation.n_after > first.degradation.n_after + 200
    assert later.degradation.known_by == first.degradation.known_by
    seen = first.degradation
    assert seen.onset_earliest <= later.degradation.onset <= seen.onset_latest
    assert set(later.degradation.fallen) == {"cards", "money", "account"}


def test_one_sweep_at_the_end_says_what_many_would_have_said(production, tmp_path):
    other = Production(f"sqlite:///{tmp_path}/other.db")
    for one, every in ((production, 50), (other, 10_000)):
        one.add()
        for at in range(0, 2_000, 50):
            one.serve(50, 0.9 if at < 1_500 else 0.7)
            if (at + 50) % every == 0:
                one.sweep()
        one.sweep()
    ((live,), (bulk,)) = production.incidents(), other.incidents()
    other.library.db.close()
    assert bulk.degradation == live.degradation


def test_segments_that_fell_are_named_and_the_others_are_not(production):
    production.add()
    production.serve(1_500, 0.9)
    production.serve(700, lambda segment: 0.9 if segment == "account" else 0.6)
    production.sweep()
    (incident,) = production.incidents()
    assert set(incident.degradation.fallen) == {"cards", "money"}


def test_a_release_that_made_it_worse_is_seen_although_it_has_no_past(production):
    production.add()
    production.serve(900, 0.9)
    production.sweep()
    production.release("support/triage", 2, 1)
    production.serve(150, 0.6, version=2)
    production.sweep()
    (incident,) = production.incidents()
    assert (incident.version, incident.degradation.floor) == (2, True)
    assert incident.degradation.before > incident.degradation.after + 0.1


def test_a_release_as_good_as_the_one_before_is_left_alone(production):
    production.add()
    production.serve(900, 0.85)
    production.sweep()
    production.release("support/triage", 2, 1)
    production.serve(1_500, 0.85, version=2)
    production.sweep()
    assert production.incidents() == []


def test_a_release_is_not_held_against_a_level_that_was_lost_before_it(production):
    production.add()
    production.serve(900, 0.9)
    production.serve(600, 0.7)
    production.sweep()
    production.release("support/triage", 2, 1)
    production.serve(400, 0.72, version=2)
    production.sweep()
    assert [i.version for i in production.incidents()] == [1]


def test_a_change_of_the_mix_alone_is_no_degradation_of_a_young_version(production):
    def usual(segment):
        return {"cards": 0.95, "money": 0.95, "account": 0.5}[segment]

    production.add()
    production.serve(1_200, usual)
    production.sweep()
    production.release("support/triage", 2, 1)
    production.random.choice = lambda options: "account" if production.random.random() < 0.8 else "cards"
    production.serve(600, usual, version=2)
    production.sweep()
    assert production.incidents() == []


def test_failed_calls_are_an_incident_of_their_own_metric(production):
    production.add()
    production.serve(600, 0.9)
    production.serve(60, 0.9, error=TraceError(type="timeout", message="60 s"))
    production.sweep()
    (incident,) = production.incidents()
    assert incident.degradation.series == ("error", "system", "1")
    assert incident.degradation.after < 0.1


def test_answers_that_are_cut_off_are_an_incident(production):
    production.add()
    production.serve(600, 0.9, finish_reason="stop")
    production.serve(200, 0.9, finish_reason=lambda n: "length" if n % 3 == 0 else "stop")
    production.sweep()
    (incident,) = production.incidents()
    assert incident.degradation.metric == "truncation"


@pytest.mark.parametrize(("field", "metric"), [("latency_ms", "latency"), ("cost", "cost")])
def test_calls_three_times_slower_or_dearer_are_an_incident(production, field, metric):
    usual = {"latency_ms": 2_000.0, "cost": 0.004}[field]
    production.add()
    production.serve(600, 0.9, **{field: lambda n: usual * (1 + n % 5)})
    production.serve(200, 0.9, **{field: lambda n: 3 * usual * (1 + n % 5)})
    production.sweep()
    (incident,) = production.incidents()
    assert incident.degradation.metric == metric
    assert incident.degradation.effect == pytest.approx(0.05 * 1.585, abs=0.03)


def test_calls_a_third_slower_are_not(production):
    production.add()
    production.serve(600, 0.9, latency_ms=lambda n: 2_000.0 * (1 + n % 5))
    production.serve(400, 0.9, latency_ms=lambda n: 2_660.0 * (1 + n % 5))
    production.sweep()
    assert production.incidents() == []


def test_another_metric_that_falls_joins_the_incident_and_the_first_metric_leads(production):
    production.add()
    metrics = ("politeness", "exact_match")
    production.serve(900, 0.9, metrics=metrics)
    began = production.now
    production.serve(400, 0.6, metrics=metrics)
    production.sweep()
    (incident,) = production.incidents()
    assert incident.degradation.metric == "exact_match"
    (other,) = incident.degradation.also
    assert other.metric == "politeness"
    assert abs(other.onset - began) < timedelta(minutes=45)


def test_a_judgement_takes_the_lead_from_a_slowness_that_was_seen_first(production):
    production.add()
    production.serve(600, 0.9, latency_ms=1_000.0)
    production.serve(150, 0.9, latency_ms=8_000.0)
    production.sweep()
    assert [i.degradation.metric for i in production.incidents()] == ["latency"]
    production.serve(200, 0.4, latency_ms=8_000.0)
    production.sweep()
    (incident,) = production.incidents()
    assert incident.degradation.metric == "exact_match"
    assert [a.metric for a in incident.degradation.also] == ["latency"]


def test_scores_that_come_back_close_the_incident_and_leave_the_baseline(production):
    production.add()
    production.serve(1_500, 0.9)
    production.serve(300, 0.6)
    production.sweep()
    for _ in range(10):
        production.serve(300, 0.9)
        production.sweep()
    (incident,) = production.incidents()
    assert (incident.state, incident.note) == ("resolved", "the scores came back")
    ((_, state),) = production.library.trends.series("support/triage", metric="exact_match")
    assert state.latch is None
    assert state.total / state.count == pytest.approx(0.9, abs=0.02)
    assert state.count < 1_500 + 300 + 3_000


def test_the_same_failure_after_that_is_a_regression_and_not_a_new_incident(production):
    production.add()
    production.serve(1_500, 0.9)
    for good in (0.6, 0.9, 0.6):
        for _ in range(8 if good == 0.9 else 1):
            production.serve(400, good)
            production.sweep()
    (incident,) = production.incidents()
    assert incident.state == "regressed"
    assert incident.degradation.n_before > 2_000


def test_an_incident_somebody_works_on_is_not_closed_under_their_hands(production):
    production.add()
    production.serve(1_500, 0.9)
    production.serve(300, 0.6)
    production.sweep()
    (incident,) = production.incidents()
    production.library.incidents.move(incident.id, "diagnosing", actor="cycle", now=production.now)
    for _ in range(10):
        production.serve(300, 0.9)
        production.sweep()
    assert production.library.incidents.get(incident.id).state == "diagnosing"


def test_a_new_normal_is_the_baseline_from_then_on(production):
    production.add()
    production.serve(1_500, 0.9)
    production.serve(400, 0.7)
    production.sweep()
    (incident,) = production.incidents()
    closed = accept(production.library, incident.id, actor=RITA, now=production.now)
    assert (closed.state, closed.note) == ("dismissed", "accepted as the new normal")
    production.serve(1_500, 0.7)
    production.sweep()
    assert len(production.incidents()) == 1
    production.serve(400, 0.4)
    production.sweep()
    latest = production.incidents()[-1]
    assert latest.id != incident.id
    assert latest.degradation.before == pytest.approx(0.7, abs=0.05)
    with pytest.raises(Refused, match="dismissed"):
        accept(production.library, incident.id, actor=RITA, now=production.now)


def test_a_dismissed_drop_stays_dismissed(production):
    production.add()
    production.serve(1_500, 0.9)
    production.serve(300, 0.6)
    production.sweep()
    (incident,) = production.incidents()
    production.library.incidents.move(incident.id, "dismissed", actor="rita", note="a test", now=production.now)
    production.serve(600, 0.6)
    production.sweep()
    assert [i.state for i in production.incidents()] == ["dismissed"]


def test_prompts_that_fall_together_bear_witness_against_their_model(production):
    names = [f"support/p{i}" for i in range(5)]
    for name in names:
        production.add(name)
    production.serve(600, 0.9, names=names, model="acme/large")
    production.serve(200, 0.6, names=names, model="acme/large")
    production.sweep()
    incidents = production.incidents()
    assert {i.prompt for i in incidents} == set(names)
    for incident in incidents:
        shared = incident.degradation.upstream
        assert shared is not None
        assert shared.model == "acme/large"
        assert incident.prompt not in shared.prompts
        assert len(shared.prompts) >= 2
        assert shared.evidence > shared.threshold


def test_one_prompt_that_falls_alone_does_not(production):
    names = [f"support/p{i}" for i in range(5)]
    for name in names:
        production.add(name)
    production.serve(600, 0.9, names=names, model="acme/large")
    for _ in range(4):
        production.serve(50, 0.5, names=names[:1], model="acme/large")
        production.serve(50, 0.9, names=names[1:], model="acme/large")
    production.sweep()
    (incident,) = production.incidents()
    assert incident.prompt == names[0]
    assert incident.degradation.upstream is None


def test_old_versions_get_no_incidents(production):
    production.add()
    production.serve(900, 0.9)
    production.release("support/triage", 2, 1)
    production.serve(300, 0.3, version=1)
    readings = production.sweep()
    assert "alarm" in {r.status for r in readings}
    assert production.incidents() == []


def test_calls_that_all_went_well_may_wait_without_changing_what_is_said(production, tmp_path):
    """A sweep of everything leaves them; one of this prompt folds them; a failure brings them all in."""
    production.add()
    production.serve(100, 0.9)
    production.sweep()
    production.serve(40, 0.9)
    swept = {r.series.metric for r in production.sweep()}
    assert swept == {"exact_match"}
    production.serve(1, 0.9, error=TraceError(type="timeout", message="60 s"))
    production.serve(20, 0.9)
    assert "error" in {r.series.metric for r in production.sweep()}
    ((_, state),) = production.library.trends.series("support/triage", metric="error")
    assert (state.count, state.total) == (161, 160.0)
