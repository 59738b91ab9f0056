"""Evaluation results become scores, from events of spans and from log records."""

import pytest

from agent.entrypoints.web.otlp.body import JSON
from agent.entrypoints.web.otlp.reading import read
from tests.unit.agent.otlp.sending import FORMS, ID, decoded, record, records_body, span

CALL = {"gen_ai.operation.name": "chat", "gen_ai.prompt.name": "a"}
RESULT = {
    "gen_ai.evaluation.name": "relevance",
    "gen_ai.evaluation.score.value": 0.75,
    "gen_ai.evaluation.score.label": "good",
    "gen_ai.evaluation.explanation": "mostly right",
    "promptkeeper.evaluator.id": "grader",
    "promptkeeper.evaluator.revision": "7",
    "promptkeeper.score.source": "judge",
}
SCORE = {
    "trace_id": ID,
    "name": "relevance",
    "value": 0.75,
    "source": "judge",
    "evaluator": "grader",
    "revision": "7",
    "comment": "mostly right",
}


def logs(*records, form=JSON):
    return read("otlp-logs", records_body(records, form), form)


@pytest.mark.parametrize("form", FORMS)
def test_a_result_is_a_score_of_its_span(form):
    from_span = decoded(span(CALL, [("gen_ai.evaluation.result", RESULT)]), form=form)
    from_log = logs(record(RESULT), form=form)

    for found, ts in ((from_span, "2026-09-01T08:00:00.124456+00:00"), (from_log, "2026-09-01T08:00:00.123456+00:00")):
        assert found.scores == [{**SCORE, "ts": ts}]
        assert (found.rejected, found.reasons) == (0, [])


@pytest.mark.parametrize("form", FORMS)
def test_an_event_may_have_its_name_among_the_attributes(form):
    found = logs(record({**RESULT, "event.name": "gen_ai.evaluation.result"}, name=""), form=form)

    assert len(found.scores) == 1


@pytest.mark.parametrize(
    ("label", "value"), [("pass", 1.0), ("Passed", 1.0), ("fail", 0.0), ("incorrect", 0.0), ("TRUE", 1.0)]
)
def test_a_label_alone_is_worth_all_or_nothing(label, value):
    found = logs(record({"gen_ai.evaluation.name": "n", "gen_ai.evaluation.score.label": label}))

    assert found.scores[0]["value"] == value
    assert (found.scores[0]["evaluator"], found.scores[0]["revision"]) == ("otlp", "1")
    assert found.scores[0]["source"] == "programmatic"


BAD = [
    ({"gen_ai.evaluation.score.value": 4}, "not a number between 0 and 1"),
    ({"gen_ai.evaluation.score.value": -0.1}, "not a number between 0 and 1"),
    ({"gen_ai.evaluation.score.value": "0.5"}, "not a number between 0 and 1"),
    ({"gen_ai.evaluation.score.value": None, "gen_ai.evaluation.score.label": None}, "not a number"),
    ({"gen_ai.evaluation.score.value": None, "gen_ai.evaluation.score.label": "meh"}, "neither pass nor fail"),
    ({"gen_ai.evaluation.name": None}, "without a name"),
    ({"gen_ai.evaluation.name": "n" * 101}, "longer than 100"),
    ({"promptkeeper.evaluator.id": "n" * 101}, "longer than 100"),
    ({"promptkeeper.score.source": "rumour"}, "none of human, implicit"),
]


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_a_result_that_is_no_score_is_rejected_alone(bad, why):
    found = logs(record({**RESULT, **bad}), record(RESULT))

    assert (len(found.scores), found.rejected) == (1, 1)
    assert why in found.reasons[0]


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_a_bad_result_costs_no_span(bad, why):
    found = decoded(span(CALL, [("gen_ai.evaluation.result", {**RESULT, **bad})]))

    assert (len(found.rows), found.scores, found.rejected) == (1, [], 0)
    assert why in found.reasons[0]


def test_an_evaluation_that_failed_judges_nothing():
    found = logs(record({**RESULT, "gen_ai.evaluation.score.value": 0.0, "error.type": "timeout"}))

    assert (found.scores, found.rejected) == ([], 0)


def test_a_result_of_no_span_is_rejected():
    found = logs(record(RESULT, trace="00" * 16), record(RESULT, at=0))

    assert (found.scores, found.rejected) == ([], 2)
    assert "malformed" in found.reasons[0]


def test_other_records_are_taken_and_let_go():
    found = logs(record({"content": "hello"}, name="gen_ai.user.message"), record({}, name="", trace="", span=""))

    assert (found.rows, found.scores, found.rejected) == ([], [], 0)


def test_results_on_spans_that_are_no_calls_are_not_kept():
    found = decoded(span({"http.request.method": "GET"}, [("gen_ai.evaluation.result", RESULT)]))

    assert (found.rows, found.scores, found.reasons) == ([], [], [])
