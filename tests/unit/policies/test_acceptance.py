"""Better, worse, unproven or void: what pairs of scores allow to say."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.acceptance import Pair, broken_anchors, compare, golden_loss, to_json
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance


def pairs(*scores):
    """(baseline, candidate) of as many items."""
    return [Pair(item_id=f"i-{n}", segment="ab"[n % 2], baseline=a, candidate=b) for n, (a, b) in enumerate(scores)]


def run(fixed=0, broken=0, same=0, lost=0):
    return pairs(*[(0.0, 1.0)] * fixed, *[(1.0, 0.0)] * broken, *[(1.0, 1.0)] * same, *[(1.0, None)] * lost)


def verdict(**counts):
    return compare(run(**counts), RULES, seed=1)


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
    assert str(comparison.needed_n) in comparison.reason
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
