"""Who goes on in a race."""

import random

import pytest

from policies.racing import call, most_to_gain, shuffled, standing, within_reach


def stand(leader, challenger, confidence=0.6):
    return standing(leader, challenger, confidence=confidence, seed=1)


LEADER = {f"i{n}": 0.0 if n < 6 else 1.0 for n in range(24)}


def test_a_challenger_that_repairs_nothing_is_out_before_it_is_run_on_what_works():
    mine = dict.fromkeys([f"i{n}" for n in range(6)], 0.0)
    ahead = most_to_gain(LEADER, mine)
    assert ahead == 0
    assert call(stand(LEADER, mine), ahead=ahead, min_gain=1, finished=False) == "out"


def test_a_challenger_that_repairs_and_breaks_nothing_wins_on_the_items_that_are_open():
    mine = {**LEADER, "i0": 1.0}
    assert call(stand(LEADER, mine), ahead=1, min_gain=1, finished=False) == "wins"


def test_items_that_disagree_call_for_more_of_them():
    mine = {**LEADER, "i0": 1.0, "i1": 1.0, "i20": 0.0}
    now = stand(LEADER, mine)
    assert (now.fixed, now.broken) == (("i0", "i1"), ("i20",))
    assert call(now, ahead=5, min_gain=1, finished=False) == "on"
    assert call(now, ahead=1, min_gain=1, finished=True) == "wins"


def test_what_an_outage_left_open_counts_on_neither_side():
    now = stand({"a": None, "b": 0.0, "c": 1.0}, {"a": 1.0, "b": 1.0, "c": None})
    assert (now.n, now.total) == (1, 1.0)


def test_a_wider_interval_needs_more_items_to_be_clear():
    mine = {**LEADER, "i0": 1.0, "i1": 1.0}
    assert stand(LEADER, mine, 0.6).low > 0 > stand(LEADER, mine, 0.99).low


def test_every_prefix_of_the_order_holds_about_its_share_of_each_stratum():
    items = [(f"{kind}{n}", kind) for kind, count in (("a", 40), ("b", 20), ("c", 4)) for n in range(count)]
    order = shuffled(items, 3)
    assert sorted(order) == sorted(i for i, _ in items)
    first = order[:16]
    assert 8 <= sum(i[0] == "a" for i in first) <= 12
    assert sum(i[0] == "c" for i in first) >= 1
    random.Random(1).shuffle(items)
    assert shuffled(items, 3) == order
    assert shuffled(items, 4) != order


def test_a_lost_answer_may_still_be_a_gain():
    assert most_to_gain({"a": 0.0, "b": 1.0}, {"a": None, "b": 1.0}) == 1
    assert most_to_gain({"a": 0.0, "b": 1.0}, {"a": 0.0, "b": 1.0}) == 0
    assert most_to_gain({"a": None, "b": 1.0}, {}) == 0


@pytest.mark.parametrize(
    ("right", "items", "reached"),
    [
        (40, 40, True),
        (39, 40, True),
        (37, 40, False),
        (17, 18, False),
        (18, 18, True),
        (230, 240, False),
        (0, 0, False),
    ],
)
def test_a_score_is_within_reach_of_its_target_when_chance_may_be_what_is_missing(right, items, reached):
    score = right / items if items else 0.0
    assert within_reach(score, items, target=0.98, confidence=0.8) is reached


def test_a_target_that_is_met_is_within_reach_without_any_doubt():
    assert within_reach(1.0, 1, target=1.0, confidence=0.99)
    assert not within_reach(0.5, 1, target=1.0, confidence=0.6)
