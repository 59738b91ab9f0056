"""What a sweep needs of the store: incidents in bulk, states rewritten, the fleet without its states."""

from dataclasses import replace
from datetime import timedelta

import pytest

from library.errors import NotFound, Refused
from library.incidents import AlsoDegraded, Upstream
from library.operations import call_scores, factor
from library.traces import TraceError
from library.trends import reset_before, step_of
from tests.recorded import START, folded, score, sums_of_scores, sums_of_trends, sweep, trace


@pytest.fixture
def rich(degradation):
    """A degradation with everything that may stand in one."""
    return replace(
        degradation,
        first_onset=degradation.onset - timedelta(hours=1),
        floor=True,
        also=(
            AlsoDegraded(
                metric="politeness", evaluator="judge", revision="2", onset=degradation.onset, before=0.9, after=0.8,
                effect=0.1, effect_low=0.05, effect_high=0.15, segment=None,
            ),
        ),
        upstream=Upstream(
            model="acme/large", prompts=("a", "b"), of=4, onset=degradation.onset, effect=0.1, evidence=12.0,
            threshold=9.5,
        ),
    )  # fmt: skip


def test_everything_that_stands_in_a_degradation_comes_back(library, triage, rich, now):
    opened = library.incidents.open(triage.name, 1, rich, now=now)
    assert library.incidents.get(opened.id).degradation == rich
    assert rich.known_by == rich.first_onset
    assert rich.fallen == ("billing",)


def test_a_degradation_written_before_there_were_such_fields_is_read(library, triage, degradation, now):
    """Older rows lack them; the onset is then the one at detection."""
    opened = library.incidents.open(triage.name, 1, degradation, now=now)
    assert library.incidents.get(opened.id).degradation.known_by == degradation.onset


def test_incidents_are_opened_and_refreshed_all_or_none(library, triage, degradation, now):
    with pytest.raises(NotFound):
        library.incidents.open_all([(triage.name, 1, degradation), ("nobody", 1, degradation)], now=now)
    assert library.incidents.list() == ()
    first, second = library.incidents.open_all([(triage.name, 1, degradation), (triage.name, 2, degradation)], now=now)
    worse = replace(degradation, after=0.5, effect=0.4)
    with pytest.raises(NotFound):
        library.incidents.refresh_all({first.id: worse, 99: worse})
    assert library.incidents.get(first.id) == first
    refreshed = library.incidents.refresh_all({second.id: worse, first.id: degradation})
    assert [i.id for i in refreshed] == [first.id, second.id]
    assert library.incidents.get(second.id).degradation == worse
    assert [e.action for e in library.audit.events()][-2:] == ["incident.opened", "incident.opened"]


def test_incidents_of_some_prompts_newest_first(library, triage, reviewer, degradation, now):
    library.prompts.create("other", actor=reviewer, now=now)
    ids = [library.incidents.open(name, 1, degradation, now=now).id for name in (triage.name, "other", triage.name)]
    assert [i.id for i in library.incidents.of([triage.name, "none"])] == [ids[2], ids[0]]
    assert library.incidents.of([]) == ()


def test_only_a_resolved_incident_comes_back(library, incident, degradation, now):
    with pytest.raises(Refused, match="open cannot become regressed"):
        library.incidents.come_back(incident.id, degradation, now=now)
    library.incidents.move(incident.id, "resolved", actor="monitor", now=now)
    worse = replace(degradation, after=0.5)
    back = library.incidents.come_back(incident.id, worse, now=now + timedelta(days=1))
    assert (back.state, back.degradation, back.note) == ("regressed", worse, "the scores fell again")
    event = library.audit.events()[-1]
    assert (event.actor, event.detail["from"], event.detail["to"]) == ("monitor", "resolved", "regressed")


def add(library, *values, prefix="t", **where):
    traces = [trace(f"{prefix}-{i}", **where) for i in range(len(values))]
    library.traces.add(traces, [score(t.id, v) for t, v in zip(traces, values, strict=True)])


def test_a_state_is_rewritten_as_it_stands_and_waiting_deltas_are_folded_later(library):
    add(library, 0.0, 1.0)
    sweep(library)
    add(library, 1.0, prefix="u", minutes=60)
    (one,) = [s for s, _ in library.trends.series(metric="exact_match")]
    library.trends.rewrite([one], lambda state: reset_before(state, step_of(START.timestamp()) + 1))
    assert folded(library).count == 0
    sweep(library)
    assert (folded(library).count, folded(library).total) == (1, 1.0)


def test_parts_are_all_changes_and_leave_good_calls_for_later_when_told(library):
    add(library, 1.0)
    assert {c.series.metric for part in library.trends.parts(postpone=True) for c in part} == {"error", "exact_match"}
    library.trends.commit(
        [(c.series.id, c.state, c.upto) for c in library.trends.changed()],
        p_values={c.series.id: 1.0 for c in library.trends.changed()},
    )
    add(library, 1.0, prefix="u")

    def waiting(**options):
        return {c.series.metric for part in library.trends.parts(**options) for c in part}

    assert waiting(postpone=True) == {"exact_match"}
    assert waiting() == {"error", "exact_match"} == {c.series.metric for c in library.trends.changed()}
    library.traces.add([trace("bad", error=TraceError(type="timeout", message="60 s"))])
    assert waiting(postpone=True) == {"error", "exact_match"}


def test_many_good_calls_are_folded_at_last(library):
    add(library, 1.0)
    changes = library.trends.changed()
    library.trends.commit(
        [(c.series.id, c.state, c.upto) for c in changes], p_values={c.series.id: 1.0 for c in changes}
    )
    for i in range(100):
        library.traces.add([trace(f"good-{i}", minutes=5 * i)])
    assert [c.series.metric for part in library.trends.parts(postpone=True) for c in part] == ["error"]


def test_what_is_live_and_what_it_replaced(library, triage, reviewer, now):
    assert library.fleet.live() == {triage.name: 1}
    assert library.fleet.live([triage.name, "none"]) == {triage.name: 1}
    assert library.fleet.live(label="staging") == {triage.name: 2}
    assert library.fleet.replaced([(triage.name, 1)]) == {}
    library.prompts.move_label(triage.name, "production", 2, expected=1, actor=reviewer, reason="better", now=now)
    assert library.fleet.replaced([(triage.name, 2)]) == {triage.name: 1}
    library.prompts.move_label(triage.name, "production", 1, expected=2, actor=reviewer, reason="back", now=now)
    assert library.fleet.replaced([(triage.name, 1)]) == {triage.name: 2}


def test_the_rest_of_the_fleet_is_counted_and_its_small_p_values_are_read(library, triage):
    add(library, 1.0, 0.0)
    add(library, 1.0, prefix="old", version=2)
    changes = library.trends.changed()
    small = {c.series.id: 0.001 for c in changes}
    library.trends.commit([(c.series.id, c.state, c.upto) for c in changes], p_values=small)
    live = [c.series.id for c in changes if c.series.version == 1 and c.series.metric == "exact_match"]
    rest = library.fleet.resting([], below=0.05, system=False)
    assert (rest.count, rest.p_values) == (1, (0.001,))
    assert library.fleet.resting(live, below=0.05, system=False).p_values == ()
    assert library.fleet.resting(live, below=0.05, system=False).count == 0
    assert library.fleet.resting([], below=0.0001, system=False).p_values == ()
    assert library.fleet.resting([], below=0.05, system=True).count == 1


def test_states_of_versions_asked_for(library):
    add(library, 1.0)
    add(library, 0.0, prefix="u", version=2)
    sweep(library)
    found = {(s.version, s.metric): state.total for s, state in library.fleet.states([("support/triage", 2)])}
    assert found == {(2, "exact_match"): 0.0, (2, "error"): 1.0}
    assert library.fleet.states([]) == ()


def test_scores_are_pooled_by_model_with_every_prompt_a_segment(library):
    add(library, 1.0, 0.0, model="acme/large")
    add(library, 1.0, prefix="u", prompt="support/reply", model="acme/large")
    add(library, 1.0, prefix="v")
    sweep(library)
    ((series, state),) = library.fleet.pooled()
    assert (series.prompt, series.version, series.metric) == ("model:acme/large", 0, "exact_match")
    assert {name: (sum(s.n), sum(s.total)) for name, s in state.segments.items()} == {
        "support/triage": (2, 1.0),
        "support/reply": (1, 1.0),
    }


def test_trends_of_calls_agree_with_what_is_stored_through_correction_and_erasure(library, now):
    said = {"model": "acme/large", "latency_ms": 4_000.0, "cost": 0.001024, "finish_reason": "stop"}
    add(library, 1.0, 0.0, 1.0, **said)
    add(library, 1.0, prefix="cut", model="acme/large", finish_reason="length")
    library.traces.add_scores([score("t-1", 1.0)])
    assert sums_of_trends(library) == sums_of_scores(library)
    library.traces.erase(["t-0", "cut-0"], actor="rita", now=now)
    assert sums_of_trends(library) == sums_of_scores(library)
    assert {c.series.metric for c in library.trends.changed()} >= {"latency", "cost", "truncation", "error"}


def test_every_doubling_of_time_or_money_costs_the_same():
    def scored(**said):
        known = {"failed": False, "latency_ms": None, "cost": None, "finish_reason": None} | said
        return call_scores(**known)

    assert scored() == {"error": 1.0}
    assert scored(failed=True, latency_ms=60_000.0, cost=0.1, finish_reason="length") == {"error": 0.0}
    assert scored(latency_ms=5.0)["latency"] == scored(latency_ms=1_000.0)["latency"] == 1.0
    lost = scored(latency_ms=3_000.0)["latency"] - scored(latency_ms=6_000.0)["latency"]
    assert lost == pytest.approx(0.05)
    assert scored(cost=0.001)["cost"] - scored(cost=0.002)["cost"] == pytest.approx(lost)
    assert factor(lost) == pytest.approx(2.0)
    assert scored(cost=0.0)["cost"] == 1.0
    assert scored(latency_ms=1e300)["latency"] == 0.0
    assert scored(finish_reason="length")["truncation"] == 0.0
