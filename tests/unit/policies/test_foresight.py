"""Predictions of what a change will fix: scored by item, and added up per strategy and teacher."""

import pytest

from policies.foresight import foresight, score_prediction

FAILING = [f"i-{n}" for n in range(10)]


def prediction(predicted, fixed):
    return score_prediction(predicted, failing=FAILING, fixed=fixed)


def test_a_prediction_is_scored_by_what_it_named_and_what_it_missed():
    said = prediction(["i-0", "i-1", "i-2", "i-2"], ["i-1", "i-2", "i-3", "i-9"])

    assert (said.predicted, said.hits, said.fixed, said.failing) == (3, 2, 4, 10)
    assert said.precision == pytest.approx(2 / 3)
    assert said.recall == 0.5


def test_items_that_did_not_fail_cannot_be_fixed():
    said = prediction(["i-0", "i-77"], ["i-0", "i-77"])

    assert (said.predicted, said.hits, said.fixed) == (2, 1, 1)


def test_nothing_predicted_or_fixed_has_no_share():
    assert prediction([], ["i-1"]).precision is None
    assert prediction(["i-1"], []).recall is None


def test_records_are_added_up_per_strategy_and_teacher():
    good, blind = prediction(FAILING[:3], FAILING[:3]), prediction(FAILING[5:8], FAILING[:3])

    records = [("surgical", "b", good)] * 4 + [("clarify", "b", blind)] * 4 + [("surgical", "a", good)]
    said = foresight(records)

    named = [(f.strategy, f.teacher, f.attempts) for f in said]
    assert named == [("clarify", "b", 4), ("surgical", "a", 1), ("surgical", "b", 4)]
    clarify, once, surgical = said
    assert surgical.knows
    assert not clarify.knows
    assert surgical.guess == pytest.approx(0.3)
    assert surgical.precision[0] < 1 <= surgical.precision[1] + 1e-9
    assert once.precision[0] < surgical.precision[0]
    assert "12 of 12 predicted items were fixed" in surgical.sentence


def test_a_writer_that_predicts_nothing_knows_nothing():
    (said,) = foresight([("examples", "t", prediction([], FAILING))])

    assert not said.knows
    assert "no predictions in 1 attempts" in said.sentence
