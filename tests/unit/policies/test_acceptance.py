"""Better, worse, unproven or void: what pairs of scores allow to say."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.acceptance import Pair, broken_anchors, compare, golden_loss, mean_score, to_json
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance


def pairs(*scores):
    """(baseline, candidate) of as many items."""
    return [Pair(item_id=f"i-{n}", segment="ab"[n % 2], baseline=a, candidate=b) for n, (a, b) in enumerate(scores)]


def run(fixed=0, broken=0, same=0, lost=0):
    return pairs(*[(0.0, 1.0)] * fixed, *[(1.0, 0.0)] * broken, *[(1.0, 1.0)] * same, *[(1.0, None)] * lost)


def verdict(*, goal="gain", alpha=None, **counts):
    return compare(run(**counts), RULES, seed=1, goal=goal, alpha=alpha)


def in_groups(size, **counts):
    """The same pairs, every `size` of them in one conversation."""
    return [replace(p, group=f"g-{n // size}") for n, p in enumerate(run(**counts))]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"fixed": 12, "same": 88}, "better"),
        ({"fixed": 14, "broken": 2, "same": 84}, "better"),
        ({"fixed": 4, "same": 96}, "inconclusive"),  # 4 to 0 may be luck
        ({"fixed": 9, "broken": 8, "same": 80}, "inconclusive"),
        ({"broken": 12, "same": 88}, "worse"),
        ({"same": 100}, "inconclusive"),
        ({"fixed": 12, "same": 3}, "inconclusive"),  # too few pairs, however clear
        ({}, "inconclusive"),
        ({"fixed": 12, "same": 80, "lost": 8}, "void"),
        ({"fixed": 14, "same": 83, "lost": 3}, "better"),
    ],
)
def test_verdicts(counts, said):
    comparison = verdict(**counts)

    assert comparison.verdict == said
    assert comparison.reason


def test_a_gain_that_is_sure_but_too_small_for_a_persons_time_is_not_better():
    comparison = verdict(fixed=8, same=992)

    assert comparison.p <= RULES.alpha
    assert comparison.gain < RULES.min_effect
    assert comparison.verdict == "inconclusive"


def test_every_figure_comes_with_its_interval_its_n_and_what_was_excluded():
    comparison = verdict(fixed=14, broken=2, same=80, lost=4)

    assert comparison.low < comparison.gain < comparison.high
    assert (comparison.n, comparison.excluded) == (96, 4)
    assert comparison.candidate - comparison.baseline == pytest.approx(comparison.gain)
    assert (len(comparison.fixed), len(comparison.broken)) == (14, 2)
    assert sum(s.n for s in comparison.segments) == 96
    assert "96 pairs" in comparison.reason


def test_pairs_lost_on_either_side_are_excluded_on_both():
    one, other = pairs(*[(None, 1.0)] * 2, *[(1.0, 1.0)] * 98), pairs(*[(1.0, None)] * 2, *[(1.0, 1.0)] * 98)

    for given_pairs in (one, other):
        comparison = compare(given_pairs, RULES, seed=1)
        assert (comparison.n, comparison.excluded, comparison.gain) == (98, 2, 0.0)


def test_an_unproven_gain_says_how_many_pairs_would_settle_it():
    comparison = verdict(fixed=6, broken=1, same=93)

    assert comparison.needed_n > 100
    assert f"about {comparison.needed_n} pairs in all" in comparison.reason
    assert verdict(fixed=12, same=88).needed_n is None


def test_when_nothing_is_better_it_is_rarely_called_better():
    rng = random.Random(12)
    rounds, called = 2000, 0
    for seed in range(rounds):
        scores = [(float(rng.random() < 0.8), float(rng.random() < 0.8)) for _ in range(100)]
        called += compare(pairs(*scores), RULES, seed=seed).verdict == "better"

    assert called / rounds <= RULES.alpha + 3 * (RULES.alpha * (1 - RULES.alpha) / rounds) ** 0.5


def test_a_true_gain_of_fifteen_points_is_mostly_seen_in_two_hundred_pairs():
    rng = random.Random(13)
    called = 0
    for seed in range(200):
        scores = [(float(rng.random() < 0.7), float(rng.random() < 0.85)) for _ in range(200)]
        called += compare(pairs(*scores), RULES, seed=seed).verdict == "better"

    assert called / 200 >= 0.85


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), max_size=40))
def test_better_and_worse_are_each_others_mirror(scores):
    there = compare(pairs(*scores), RULES, seed=1)
    back = compare(pairs(*[(b, a) for a, b in scores]), RULES, seed=1)

    assert there.gain == pytest.approx(-back.gain)
    assert (there.fixed, there.broken) == (back.broken, back.fixed)
    if there.verdict == "better":
        assert back.verdict == "worse"


def test_golden_data_may_lose_a_little_and_no_more():
    assert golden_loss(run(broken=1, same=99), RULES) is None
    assert "falls by 0.020 on 100 items" in golden_loss(run(broken=2, same=98), RULES)
    assert golden_loss(run(fixed=1, broken=2, same=97), RULES) is None  # a mean loss of 1 in 100 is within the rule
    assert golden_loss([], RULES) is None
    assert "lost to outages" in golden_loss(run(same=80, lost=20), RULES)


def test_an_anchor_must_pass_or_have_failed_before():
    given_pairs = pairs((1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, None), (None, 0.0))

    assert broken_anchors(given_pairs) == ("i-1", "i-4", "i-5")


def test_a_comparison_is_plain_json():
    said = to_json(verdict(fixed=12, same=88))

    assert json.loads(json.dumps(said)) == said
    assert {"gain", "low", "high", "n", "excluded", "p", "fixed", "broken", "segments"} <= set(said)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"same": 125}, "non_inferior"),  # 3 points are ruled out from 125 unchanged items on
        ({"same": 118}, "inconclusive"),
        ({"fixed": 3, "broken": 3, "same": 394}, "non_inferior"),
        ({"fixed": 2, "broken": 6, "same": 392}, "non_inferior"),
        ({"broken": 9, "same": 391}, "worse"),
        ({"fixed": 8, "broken": 20, "same": 372}, "worse"),
        ({"fixed": 20, "same": 180}, "non_inferior"),
        ({"same": 19}, "inconclusive"),
        ({"same": 90, "lost": 10}, "void"),
    ],
)
def test_a_change_that_need_not_gain_must_be_shown_to_lose_less_than_the_margin(counts, said):
    comparison = verdict(goal="non_inferior", **counts)

    assert comparison.verdict == said
    assert comparison.goal == "non_inferior"
    assert comparison.margin == RULES.margin


def test_what_must_be_ruled_out_and_how_many_pairs_would_do_it_are_said():
    unproven = verdict(goal="non_inferior", fixed=3, broken=3, same=100)

    assert "a loss of 0.03 is not ruled out" in unproven.reason
    assert f"about {unproven.needed_n} pairs in all" in unproven.reason
    assert "a loss of 0.03 is ruled out" in verdict(goal="non_inferior", same=300).reason


def test_a_stricter_look_asks_for_more_and_says_why():
    comparison = verdict(fixed=6, same=94, alpha=0.002)

    assert verdict(fixed=6, same=94).verdict == "better"
    assert comparison.verdict == "inconclusive"
    assert comparison.alpha == 0.002
    assert "this one asks for a p of at most 0.002" in comparison.reason


def test_a_gain_in_two_conversations_is_not_a_gain_in_twelve_questions():
    together = compare(in_groups(6, fixed=12, same=150), RULES, seed=1)
    alone = compare(in_groups(1, fixed=12, same=150), RULES, seed=1)

    assert alone.verdict == "better"
    assert (together.n, together.groups, together.verdict) == (162, 27, "inconclusive")
    assert together.low < 0 < together.gain == alone.gain


def test_few_groups_prove_nothing_however_many_their_items():
    comparison = compare(in_groups(20, fixed=60, same=240), RULES, seed=1)

    assert comparison.verdict == "inconclusive"
    assert "300 pairs in 15 groups prove nothing" in comparison.reason


def test_related_items_are_rarely_called_better_when_nothing_is():
    """30 conversations of four turns that are fixed or broken as a whole."""
    rng = random.Random(21)
    rounds, called = 100, 0
    for seed in range(rounds):
        scores = []
        for _ in range(30):
            scores += [rng.choice([(0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (1.0, 1.0)])] * 4
        grouped = [replace(p, group=str(n // 4)) for n, p in enumerate(pairs(*scores))]
        called += compare(grouped, RULES, seed=seed).verdict == "better"

    assert called / rounds <= RULES.alpha + 3 * (RULES.alpha * (1 - RULES.alpha) / rounds) ** 0.5


@pytest.mark.parametrize(
    ("scores", "mean"),
    [([1.0, 0.0, 1.0], 2 / 3), ([1.0, None], 1.0), ([None, None, 1.0], None), ([None], None), ([], None)],
)
def test_repetitions_of_an_item_become_one_score(scores, mean):
    assert mean_score(scores) == (mean if mean is None else pytest.approx(mean))
