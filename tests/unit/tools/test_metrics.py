"""Metrics: what they accept, what they call a format error, and what they refuse to be opened with."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement
from tools.metrics.opening import METRICS, open_metric
from tools.metrics.refusal import is_refusal

PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def item(expected: str | None = None) -> Item:
    return Item(
        id="i-1",
        prompt="p",
        dataset="d",
        role="select",
        inputs={"message": "hello"},
        expected=expected,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def judge(spec: dict[str, Any], output: str, expected: str | None = None) -> Judgement:
    said = open_metric(spec).judge(output, item(expected))
    assert isinstance(said, Judgement)
    return said


@pytest.mark.parametrize(
    ("spec", "output", "expected", "score", "kind"),
    [
        ({"name": "exact_match"}, " Billing\n", "billing", 1.0, "scored"),
        ({"name": "exact_match"}, "billing.", "billing", 0.0, "scored"),
        ({"name": "exact_match"}, "STRASSE", "straße", 1.0, "scored"),
        ({"name": "exact_match", "case_sensitive": True}, "Billing", "billing", 0.0, "scored"),
        ({"name": "contains"}, "It goes to Billing.", "billing", 1.0, "scored"),
        ({"name": "contains"}, "It goes to sales.", "billing", 0.0, "scored"),
        ({"name": "contains", "text": "sales"}, "It goes to sales.", None, 1.0, "scored"),
        ({"name": "contains", "text": "Sales", "case_sensitive": True}, "to sales", None, 0.0, "scored"),
        ({"name": "regex", "pattern": "[a-z]+"}, "42 cats", None, 1.0, "scored"),
        ({"name": "regex", "pattern": "[a-z]+", "match": "full"}, "42 cats", None, 0.0, "format_error"),
        ({"name": "regex", "pattern": "[a-z]+", "match": "full"}, " cats\n", None, 1.0, "scored"),
        ({"name": "json_schema", "schema": PERSON}, '{"name": "Ada"}', None, 1.0, "scored"),
        ({"name": "json_schema", "schema": PERSON}, '{"name": 3}', None, 0.0, "format_error"),
        ({"name": "json_schema", "schema": PERSON}, 'Sure: {"name": "Ada"}', None, 0.0, "format_error"),
        ({"name": "json_schema", "schema": PERSON}, '```json\n{"name": "Ada"}\n```', None, 0.0, "format_error"),
        (
            {"name": "json_schema", "schema": PERSON, "fenced": True},
            '```json\n{"name": "Ada"}\n```',
            None,
            1.0,
            "scored",
        ),
        ({"name": "json_schema", "schema": PERSON}, '{"name": "Ada"', None, 0.0, "format_error"),
        ({"name": "json_schema", "schema": {"type": "number"}}, "NaN", None, 0.0, "format_error"),
        ({"name": "json_schema", "schema": PERSON}, "[" * 100_000, None, 0.0, "format_error"),
        ({"name": "json_match"}, '{"b": 1.0, "a": [true]}', '{"a": [true], "b": 1}', 1.0, "scored"),
        ({"name": "json_match"}, '{"a": 1}', '{"a": true}', 0.0, "scored"),
        ({"name": "json_match"}, '{"a": 1, "c": 2}', '{"a": 1}', 0.0, "scored"),
        ({"name": "json_match"}, '{"a": null}', "{}", 0.0, "scored"),
        ({"name": "json_match", "keys": ["a"]}, '{"a": 1, "c": 2}', '{"a": 1}', 1.0, "scored"),
        ({"name": "json_match"}, "[1]", '{"a": 1}', 0.0, "format_error"),
        ({"name": "length", "most": 5}, "12345 ", None, 1.0, "scored"),
        ({"name": "length", "most": 5}, "123456", None, 0.0, "format_error"),
        ({"name": "length"}, "  ", None, 0.0, "format_error"),
        ({"name": "answered"}, "It is blue.", None, 1.0, "scored"),
        ({"name": "answered"}, "I'm sorry, but I can't help with that.", None, 0.0, "refused"),
    ],
)
def test_a_metric_judges_one_answer(
    spec: dict[str, Any], output: str, expected: str | None, score: float, kind: str
) -> None:
    said = judge(spec, output, expected)
    assert (said.score, said.kind) == (score, kind)


def test_a_pattern_that_never_ends_judges_nothing() -> None:
    said = judge({"name": "regex", "pattern": "(a|aa)+$"}, "a" * 60 + "b")
    assert (said.score, said.kind) == (None, "judge_error")


def test_a_schema_that_refers_to_a_missing_part_judges_nothing() -> None:
    said = judge({"name": "json_schema", "schema": {"$ref": "#/$defs/nothing"}}, "1")
    assert (said.score, said.kind) == (None, "judge_error")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"properties": {"a": {"anyOf": [{"$ref": "file:///etc/hostname"}]}}},
    ],
)
def test_a_schema_never_fetches_anything(schema: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="nothing is fetched"):
        open_metric({"name": "json_schema", "schema": schema})


def test_a_schema_may_refer_to_its_own_parts() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    assert judge({"name": "json_schema", "schema": schema}, "[1, 2]").score == 1.0
    assert judge({"name": "json_schema", "schema": schema}, '[1, "2"]').score == 0.0


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"name": "exact"}, ", ".join(sorted(METRICS))),
        ({}, "there is no metric 'None'"),
        ({"name": ["exact_match"]}, "there is no metric"),
        ({"name": "exact_match", "strict": True}, "no parameter 'strict'. It takes case_sensitive"),
        ({"name": "exact_match", "case_sensitive": "yes"}, "'case_sensitive'"),
        ({"name": "regex"}, "'pattern'"),
        ({"name": "regex", "pattern": "("}, "cannot be read"),
        ({"name": "json_schema", "schema": {"type": "thing"}}, "not valid"),
        ({"name": "length", "least": 5, "most": 4}, "no answer has 5 to 4"),
        ({"name": "answered", "language": "en"}, "It takes no parameters"),
    ],
)
def test_opening_is_strict_and_says_what_exists(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        open_metric(spec)
    assert said in str(caught.value)


def test_a_metric_that_compares_needs_an_expected_answer() -> None:
    for name in ("exact_match", "contains", "json_match"):
        assert open_metric({"name": name}).needs_expected
        with pytest.raises(InputError, match="i-1"):
            judge({"name": name}, "{}")
    assert not open_metric({"name": "contains", "text": "x"}).needs_expected


def test_an_expected_answer_must_fit_its_metric() -> None:
    with pytest.raises(InputError, match="i-1 is not a JSON object"):
        judge({"name": "json_match"}, "{}", "billing")


def test_revisions_follow_the_parameters() -> None:
    plain = open_metric({"name": "exact_match"})
    assert plain.revision == open_metric({"name": "exact_match", "case_sensitive": False}).revision == "1"
    strict = open_metric({"name": "exact_match", "case_sensitive": True})
    assert strict.revision != plain.revision
    one, other = ({"name": "regex", "pattern": p} for p in ("a", "b"))
    assert open_metric(one).revision != open_metric(other).revision


def test_every_metric_opens_from_json() -> None:
    needed: dict[str, dict[str, Any]] = {
        "regex": {"pattern": "a"},
        "json_schema": {"schema": {}},
        "grounded_overlap": {"context": ["message"]},
        "latency": {"good": 100, "bad": 1000},
        "cost": {"good": 0, "bad": 0.01},
        "function": {"function": "own"},
    }
    for name in METRICS:
        spec = json.loads(json.dumps({"name": name, **needed.get(name, {})}))
        assert open_metric(spec).name == name


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot assist with this request.",
        "Sorry, I am unable to provide that information.",
        "I cannot comply with this.",
        "As an AI language model, I can't discuss that.",
        "Unfortunately, we won't share customer data.",
    ],
)
def test_refusals_are_recognised(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "billing",
        "I'm sorry to hear that your card was stolen. I have blocked it.",
        "I can help with that.",
        "The customer says: I can't do this any more.",
        "I can't believe how well this went!",
        "I can't help but notice that you were charged twice: " + "here is what to do. " * 40,
        "",
    ],
)
def test_answers_are_not_taken_for_refusals(text: str) -> None:
    assert not is_refusal(text)
