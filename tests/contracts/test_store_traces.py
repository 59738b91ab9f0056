"""Traces and scores, on both databases."""

import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from library.errors import InputError, NotFound
from library.store.traces import Added
from library.traces import TraceError
from tests.recorded import START, ids, score, sums_of_scores, sums_of_trends, trace


def full_trace(id: str):
    return trace(
        id,
        minutes=7.123456,
        label="production",
        inputs={"message": "Wo ist mein Geld? 💶", "language": "de"},
        output="billing",
        expected="transfer",
        expected_source="human",
        segment="billing",
        model="embedded/student",
        response_model="embedded/student-1",
        latency_ms=81.25,
        tokens_in=120,
        tokens_out=3,
        cost=0.000125,
        tool_calls=({"name": "look_up", "arguments": {"account": 7, "deep": [1.5, None, True]}},),
        session="s-1",
        finish_reason="stop",
        error=TraceError(type="timeout", message="no answer in 30 s"),
    )


def test_a_trace_and_its_scores_come_back_as_they_were_given(library):
    given = full_trace("t-1")
    judged = (score("t-1", 0.25, comment="close"), score("t-1", 1.0, name="schema", source="judge", revision="3"))

    assert library.traces.add([given, trace("t-2")], judged) == Added(traces=2, scores=2)

    assert library.traces.get("t-1") == given
    assert library.traces.get("t-2") == trace("t-2")
    assert library.traces.scores("t-1") == judged
    assert library.traces.scores("t-2") == ()


def test_times_in_another_zone_are_the_same_moment(library):
    east = timezone(timedelta(hours=5, minutes=30))
    given = trace("t-1")
    library.traces.add([type(given)(id="t-1", ts=START.astimezone(east), prompt="support/triage", version=1)])

    assert library.traces.get("t-1").ts == START
    assert ids(library.traces.list(since=START, until=START + timedelta(seconds=1))) == ["t-1"]


def test_a_time_without_a_zone_is_refused(library):
    given = trace("t-1")
    with pytest.raises(InputError, match=r"trace 't-1'.*no time zone"):
        library.traces.add([type(given)(id="t-1", ts=datetime(2026, 6, 1), prompt="support/triage", version=1)])


def test_an_unknown_trace_is_not_found(library):
    with pytest.raises(NotFound, match="there is no trace 't-9'"):
        library.traces.get("t-9")


def test_a_trace_seen_before_is_skipped_and_never_overwritten(library):
    library.traces.add([trace("t-1", output="first")])

    added = library.traces.add([trace("t-1", output="second"), trace("t-2"), trace("t-2", output="twin")])

    assert added == Added(traces=1, scores=0)
    assert library.traces.get("t-1").output == "first"
    assert library.traces.get("t-2").output is None
    assert sums_of_trends(library) == sums_of_scores(library)


def test_a_score_given_again_counts_once_and_a_changed_one_replaces_what_it_counted(library):
    library.traces.add([trace("t-1", segment="billing")], [score("t-1", 0.2)])
    assert library.traces.add_scores([score("t-1", 0.2)]) == 0
    assert library.traces.add_scores([score("t-1", 0.5), score("t-1", 0.9)]) == 1
    assert library.traces.add_scores([score("t-1", 0.4, revision="2")]) == 1

    assert [s.value for s in library.traces.scores("t-1")] == [0.9, 0.4]
    assert sums_of_trends(library) == sums_of_scores(library)


def test_a_new_comment_with_the_same_value_is_kept_and_changes_no_trend(library):
    library.traces.add([trace("t-1")], [score("t-1", 0.2)])
    before = sums_of_trends(library)

    assert library.traces.add_scores([score("t-1", 0.2, comment="wrong queue")]) == 1

    assert library.traces.scores("t-1")[0].comment == "wrong queue"
    assert sums_of_trends(library) == before


def test_late_scores_count_at_the_time_and_in_the_segment_of_their_trace(library):
    library.traces.add([trace("t-1", minutes=61, version=3, segment="cards"), trace("t-2", minutes=61, version=3)])
    library.traces.add_scores([score("t-1", 1.0, ts=START + timedelta(days=9)), score("t-2", 0.5)])

    step = int((START + timedelta(minutes=61)).timestamp()) // 300
    series = ("support/triage", 3, "exact_match", "exact_match", "1")
    found = sums_of_trends(library)
    assert found[(*series, "cards", step)] == (1, 1.0)
    assert found[(*series, "other", step)] == (1, 0.5)


def test_every_new_trace_counts_under_the_metric_error(library):
    failed = TraceError(type="rate_limit", message="429")
    library.traces.add([trace("t-1"), trace("t-2", error=failed), trace("t-3")])
    library.traces.add([trace("t-1"), trace("t-2")])

    step = int(START.timestamp()) // 300
    assert sums_of_trends(library) == {("support/triage", 1, "error", "system", "1", "other", step): (3, 2.0)}


def test_a_score_of_an_unknown_trace_stores_nothing_of_the_batch(library):
    with pytest.raises(InputError, match=r"score 'exact_match': there is no trace 't-9'"):
        library.traces.add([trace("t-1")], [score("t-1", 1.0), score("t-9", 1.0)])

    assert library.traces.list() == ()
    assert sums_of_trends(library) == {}


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_a_score_outside_its_range_is_refused_by_name(library, value):
    with pytest.raises(InputError, match="score 'exact_match' of trace 't-1'"):
        library.traces.add([trace("t-1")], [score("t-1", value)])
    assert library.traces.list() == ()


def test_characters_that_a_database_cannot_hold_do_not_refuse_the_batch(library):
    odd = {"message": "a\x00b\ud83d\ude00c\ud800d"}
    calls = ({"name": "look_up", "arguments": {"x\x00": float("inf"), "y": ["\x00"]}},)
    library.traces.add([trace("t-1", inputs=odd, output="\x00", tool_calls=calls), trace("t-2", output="fine")])

    stored = library.traces.get("t-1")
    assert stored.inputs == {"message": "a\ufffdb😀c\ufffdd"}
    assert stored.output == "\ufffd"
    assert stored.tool_calls == ({"name": "look_up", "arguments": {"x\ufffd": None, "y": ["\ufffd"]}},)
    assert library.traces.get("t-2").output == "fine"


def test_a_batch_larger_than_any_limit_of_variables(library):
    many = [trace(f"t-{i:05}", minutes=i) for i in range(2500)]
    assert library.traces.add(many, [score(t.id, 1.0) for t in many]) == Added(traces=2500, scores=2500)
    assert library.traces.add_scores([score(t.id, 0.0) for t in many]) == 2500
    assert len(library.traces.list(limit=None)) == 2500
    assert {s.value for t in many[::500] for s in library.traces.scores(t.id)} == {0.0}


def test_listing_filters_orders_and_limits(library):
    library.traces.add(
        [
            trace("t-1", minutes=0, segment="billing"),
            trace("t-2", minutes=10, version=2),
            trace("t-3", minutes=20, version=2, segment="billing"),
            trace("t-4", minutes=20, segment="other"),
            trace("t-5", minutes=30, prompt="support/reply", segment=""),
        ]
    )
    found = library.traces.list
    assert ids(found()) == ["t-5", "t-4", "t-3", "t-2", "t-1"]
    assert ids(found(newest_first=False, limit=2)) == ["t-1", "t-2"]
    assert ids(found("support/triage", limit=2)) == ["t-4", "t-3"]
    assert ids(found("support/triage", version=2)) == ["t-3", "t-2"]
    assert ids(found(segment="billing")) == ["t-3", "t-1"]
    assert ids(found(segment="other")) == ["t-5", "t-4", "t-2"]
    since, until = START + timedelta(minutes=10), START + timedelta(minutes=20)
    assert ids(found(since=since)) == ["t-5", "t-4", "t-3", "t-2"]
    assert ids(found(since=since, until=until)) == ["t-2"]


def test_scored_traces_come_oldest_first_with_their_scores(library):
    library.traces.add(
        [trace("t-b", minutes=5), trace("t-a", minutes=9, segment="cards"), trace("t-c", minutes=1, version=2)],
        [score("t-a", 0.1), score("t-b", 0.2), score("t-c", 0.3), score("t-b", 0.9, name="schema")],
    )
    library.traces.add_scores([score("t-b", 0.4, revision="2")])

    def seen(**filters):
        pairs = library.traces.scored("support/triage", metric="exact_match", **filters)
        assert all(t == library.traces.get(t.id) and s in library.traces.scores(t.id) for t, s in pairs)
        return [(t.id, s.value) for t, s in pairs]

    assert seen() == [("t-c", 0.3), ("t-b", 0.2), ("t-b", 0.4), ("t-a", 0.1)]
    assert seen(version=1, limit=2) == [("t-b", 0.2), ("t-b", 0.4)]
    assert seen(segment="cards") == [("t-a", 0.1)]
    assert seen(since=START + timedelta(minutes=5), until=START + timedelta(minutes=9)) == [("t-b", 0.2), ("t-b", 0.4)]
    assert library.traces.scored("support/reply", metric="exact_match") == ()


def test_points_are_the_means_of_their_intervals(library):
    draw = random.Random(5)
    traces, judged = [], []
    for i in range(300):
        # Fractions of a second just before an interval ends must not be rounded into the next one.
        minutes = draw.choice([draw.uniform(0, 300), 60 * draw.randint(1, 5) - 1e-6 / 60])
        segment = draw.choice([None, "billing", "cards"])
        error = TraceError(type="timeout", message="") if draw.random() < 0.2 else None
        traces.append(trace(f"t-{i}", minutes=minutes, version=draw.randint(1, 2), segment=segment, error=error))
        judged.append(score(f"t-{i}", round(draw.random(), 3), revision=draw.choice("12")))
    library.traces.add(traces, judged)

    expected = defaultdict(list)
    for t, s in zip(traces, judged, strict=True):
        interval = int(t.ts.timestamp() // 3600)
        expected[(interval, t.version, t.segment or "other", "exact_match", s.revision)].append(s.value)
    found = library.traces.points("support/triage", metric="exact_match", width_seconds=3600)

    def key(p):
        return (p.start.timestamp() / 3600, p.version, p.segment, p.evaluator, p.revision)

    assert [key(p) for p in found] == sorted(expected)
    for p in found:
        values = expected[key(p)]
        assert (p.n, p.mean) == (len(values), pytest.approx(sum(values) / len(values)))

    errors = library.traces.points("support/triage", metric="error", width_seconds=86_400, segment="cards")
    cards = [t for t in traces if t.segment == "cards"]
    assert sum(p.n for p in errors) == len(cards)
    assert sum(p.n * p.mean for p in errors) == pytest.approx(sum(t.error is None for t in cards))
    late = library.traces.points(
        "support/triage", metric="error", width_seconds=60, since=START + timedelta(minutes=299)
    )
    assert {p.start for p in late} <= {START + timedelta(minutes=299)}


def test_writers_of_the_same_traces_and_scores_at_once_leave_trends_that_agree(library):
    """Four writers, one set of ids in four orders, scores corrected against each other: nothing lost, nothing twice."""
    names = [f"t-{i:03}" for i in range(120)]

    def write(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(6):
            some = draw.sample(names, 40)
            given = [trace(id, minutes=int(id[2:]), segment=draw.choice(["a", "b"])) for id in some]
            library.traces.add(given, [score(id, draw.choice([0.0, 0.5, 1.0])) for id in some])
            library.traces.add_scores([score(id, draw.choice([0.0, 0.5, 1.0])) for id in draw.sample(some, 20)])

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(write, range(4)))

    assert len(library.traces.list(limit=None)) == len(names)
    assert sums_of_trends(library) == sums_of_scores(library)
