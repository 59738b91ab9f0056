"""What every metric can be given: weight, direction, a name of its own, protection."""

from datetime import UTC, datetime
from typing import Any

import pytest

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement
from tools.metrics.opening import METRICS, open_metric, share_of
from tools.metrics.overlap import require
from tools.metrics.shape import Panel, panel_of, that_count

ITEM = Item(
    id="i-1",
    prompt="p",
    dataset="d",
    role="select",
    inputs={"message": "hello"},
    expected='{"a": 1}',
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def judge(spec: dict[str, Any], output: str) -> Judgement:
    said = open_metric(spec).judge(output, ITEM)
    assert isinstance(said, Judgement)
    return said


def panel(*specs: dict[str, Any]) -> Panel:
    return panel_of(specs, [open_metric(spec) for spec in specs])


def test_without_weights_the_first_metric_alone_counts() -> None:
    assert panel({"name": "exact_match"}, {"name": "length"}).weights == {"exact_match": 1.0}


def test_weights_add_up_to_one_and_the_rest_counts_nothing() -> None:
    made = panel({"name": "length"}, {"name": "exact_match", "weight": 3}, {"name": "answered", "weight": 1})
    assert made.weights == {"exact_match": 0.75, "answered": 0.25}
    assert [metric.name for metric in made.metrics] == ["length", "exact_match", "answered"]


def test_protected_scores_are_known_by_name() -> None:
    forbidden = {"name": "contains", "text": "sorry", "direction": "lower", "aspect": "no_sorry", "protected": True}
    made = panel({"name": "exact_match"}, forbidden, {"name": "length", "protected": False})
    assert made.protected == {"contains.no_sorry"}


def test_what_counts_and_what_is_protected_is_measured_by_default() -> None:
    first, other = {"name": "exact_match"}, {"name": "length"}
    guard = {"name": "answered", "protected": True}
    heavy = {"name": "regex", "pattern": "a", "weight": 2}
    assert that_count([first, other]) == [first]
    assert that_count([first, other, guard]) == [first, guard]
    assert that_count([first, other, heavy, guard]) == [heavy, guard]


@pytest.mark.parametrize(
    ("spec", "output", "score", "kind"),
    [
        ({"name": "contains", "text": "sorry", "direction": "lower"}, "Sorry.", 0.0, "scored"),
        ({"name": "contains", "text": "sorry", "direction": "lower"}, "Done.", 1.0, "scored"),
        ({"name": "regex", "pattern": r"\d{16}", "direction": "lower"}, "no number", 1.0, "scored"),
        ({"name": "regex", "pattern": r"(a|aa)+$", "direction": "lower"}, "a" * 60 + "b", None, "judge_error"),
        ({"name": "json_fields", "direction": "higher"}, "[]", 0.0, "format_error"),
    ],
)
def test_lower_turns_a_metric_round(spec: dict[str, Any], output: str, score: float | None, kind: str) -> None:
    said = judge(spec, output)
    assert (said.score, said.kind) == (score, kind)


def test_a_turned_metric_shares_no_trend_and_an_aspect_is_a_name() -> None:
    plain = open_metric({"name": "contains", "text": "a"})
    turned = open_metric({"name": "contains", "text": "a", "direction": "lower"})
    named = open_metric({"name": "contains", "text": "a", "aspect": "price"})
    assert turned.revision != plain.revision == named.revision
    assert (plain.name, named.name) == ("contains", "contains.price")
    assert named.needs_expected == plain.needs_expected is False


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        ([{"name": "contains", "text": "a"}, {"name": "contains", "text": "b"}], "two metrics are named 'contains'"),
        ([{"name": "exact_match", "weight": 0}], "no metric has a weight above 0"),
        ([{"name": "exact_match", "weight": -1}], "'weight' is -1"),
        ([{"name": "exact_match", "weight": True}], "'weight' is True"),
        ([{"name": "exact_match", "weight": float("nan")}], "'weight' is nan"),
        ([{"name": "exact_match", "direction": "down"}], "'direction' is 'down'"),
        ([{"name": "exact_match", "protected": "yes"}], "'protected' is not true or false"),
        ([{"name": "exact_match", "aspect": "two words"}], "is not a name"),
        ([{"name": "judge", "direction": "lower"}], "cannot be turned"),
        ([{"name": "judge", "context": ["message"]}], "belongs to the preset"),
        ([{"name": "latency", "good": 5, "bad": 5}], "good is 5 and bad is 5"),
        ([{"name": "number", "relative": -1}], "a tolerance is negative"),
        ([{"name": "similarity", "embedding": "openai/text-embedding-3-small"}], "does not run here"),
        ([{"name": "grounded_overlap", "context": []}], "no context"),
    ],
)
def test_wrong_words_are_named(specs: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InputError) as caught:
        panel(*specs)
    assert said in str(caught.value)


def test_the_grounded_judge_has_a_name_a_rubric_and_a_revision_of_its_own() -> None:
    usual = open_metric({"name": "judge"})
    grounded = open_metric({"name": "judge", "preset": "grounded", "context": ["document"]})
    assert (usual.name, grounded.name) == ("judge", "judge.grounded")
    assert usual.revision == "1" != grounded.revision
    assert "the input 'document'" in grounded.question  # type: ignore[attr-defined]


def test_traffic_is_not_sampled_by_metrics_that_only_an_evaluation_can_answer() -> None:
    assert share_of({"name": "latency", "sample": 1}, 1.0) == 0.0
    assert share_of({"name": "length", "sample": 0.5}, 1.0) == 0.5


def test_a_library_that_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(InputError, match=r"needs the library no_such_library.*Install promptkeeper\[metrics\]"):
        require("no_such_library", "rouge")
    assert {"rouge", "bleu"} <= set(METRICS)
