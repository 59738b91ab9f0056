"""Exact where it can be exact, and honest in the long run: p values by enumeration, intervals by their coverage."""

import itertools
import math
import random
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.significance import holm, margin_p, one_sided_p, paired_interval, pairs_needed, wilson

FLIPS = st.sampled_from([-1.0, 0.0, 1.0])
GRADED = st.integers(-20, 20).map(lambda n: n / 20)


def by_enumeration(differences):
    """Share of all sign patterns whose sum reaches the one that was seen."""
    size = [abs(d) for d in differences if d]
    seen = math.fsum(d for d in differences) - 1e-9
    patterns = list(itertools.product((-1, 1), repeat=len(size)))
    return sum(math.fsum(s * d for s, d in zip(p, size, strict=True)) >= seen for p in patterns) / len(patterns)


@given(st.lists(FLIPS, max_size=11))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_exact(differences):
    assert one_sided_p(differences) == pytest.approx(by_enumeration(differences))


@given(st.lists(GRADED, max_size=9))
@settings(max_examples=40, deadline=None)
def test_the_permutation_test_is_exact_for_few_pairs(differences):
    assert one_sided_p(differences) == pytest.approx(by_enumeration(differences))


def test_with_many_graded_pairs_the_drawn_p_is_near_the_normal_one():
    rng = random.Random(4)
    differences = [rng.choice([-0.4, -0.2, 0.2, 0.3, 0.6]) for _ in range(200)]
    z = math.fsum(differences) / math.sqrt(math.fsum(d * d for d in differences))

    assert one_sided_p(differences, seed=1) == pytest.approx(1 - NormalDist().cdf(z), abs=0.01)


def test_a_drawn_p_is_never_zero_and_depends_on_nothing_but_the_seed():
    differences = [0.5] * 40

    assert 0 < one_sided_p(differences, seed=3) < 0.001
    assert one_sided_p(differences, seed=3) == one_sided_p(differences, seed=3)


@given(st.lists(FLIPS, min_size=1, max_size=60))
@settings(deadline=None)
def test_an_interval_holds_its_estimate_and_stays_a_difference_of_scores(differences):
    interval = paired_interval(differences)

    mean = math.fsum(differences) / len(differences)
    assert -1 <= interval.low <= mean + 1e-9
    assert mean - 1e-9 <= interval.high <= 1


@given(st.lists(FLIPS, min_size=1, max_size=60))
@settings(deadline=None)
def test_swapping_the_sides_turns_the_interval_over(differences):
    one, other = paired_interval(differences), paired_interval([-d for d in differences])

    assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))


def coverage(draw, truth, *, rounds):
    """Share of intervals, over many samples, that hold the true mean."""
    hits = 0
    for seed in range(rounds):
        interval = paired_interval(draw(random.Random(seed)), seed=seed)
        hits += interval.low <= truth <= interval.high
    return hits / rounds


@pytest.mark.parametrize(
    ("win", "loss", "n"), [(0.15, 0.05, 120), (0.05, 0.05, 60), (0.3, 0.1, 40), (0.02, 0.0, 150), (0.6, 0.0, 25)]
)
def test_binary_intervals_cover_the_truth_as_often_as_they_say(win, loss, n):
    def draw(rng):
        return [1.0 if (u := rng.random()) < win else -1.0 if u < win + loss else 0.0 for _ in range(n)]

    assert coverage(draw, win - loss, rounds=2000) >= 0.94


def test_graded_intervals_cover_the_truth_nearly_as_often_as_they_say():
    # A percentile bootstrap of 60 items is a little short; 60 samples see only a gross mistake.
    def draw(rng):
        return [rng.choice([-0.3, 0.0, 0.1, 0.5]) for _ in range(60)]

    assert coverage(draw, 0.075, rounds=60) >= 0.87


def test_no_pairs_say_nothing_and_no_changes_say_little():
    assert (paired_interval([]).low, paired_interval([]).high) == (-1.0, 1.0)
    few, many = paired_interval([0.0] * 20), paired_interval([0.0] * 400)
    assert few.high > many.high > 0 > many.low > few.low


@pytest.mark.parametrize("hits", [0, 3, 10])
def test_wilson_solves_its_own_equation(hits):
    n, z = 10, 1.959964
    for bound in wilson(hits, n):
        assert abs(hits / n - bound) == pytest.approx(z * math.sqrt(max(0.0, bound * (1 - bound)) / n), abs=1e-6)


def test_more_pairs_are_needed_for_smaller_effects():
    differences = [1.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0, 0.0]

    small, large = (pairs_needed(differences, e, alpha=0.025) for e in (0.02, 0.2))

    assert small > 50 * large
    assert pairs_needed([0.0] * 8, 0.1, alpha=0.025) is None
    assert pairs_needed(differences, 0.0, alpha=0.025) is None


def test_the_number_of_pairs_needed_gives_the_promised_power():
    rng = random.Random(8)
    win, loss = 0.2, 0.1
    population = [1.0] * 20 + [-1.0] * 10 + [0.0] * 70
    n = pairs_needed(population, win - loss, alpha=0.025)
    found = sum(one_sided_p([rng.choice(population) for _ in range(n)]) <= 0.025 for _ in range(400))

    assert 0.72 <= found / 400 <= 0.88


def test_groups_are_flipped_as_one_and_lone_items_by_themselves():
    differences = [0.5, 0.5, -0.25, 0.1, 0.3]
    keys = ["a", "a", "b", None, ""]

    assert one_sided_p(differences, groups=keys) == pytest.approx(by_enumeration([1.0, -0.25, 0.1, 0.3]))
    assert one_sided_p(differences, groups=list("vwxyz")) == one_sided_p(differences)


def test_an_interval_over_groups_is_wider_by_what_they_share():
    rng = random.Random(3)
    changes = [rng.choice([-1.0, 0.0, 0.0, 1.0]) for _ in range(50)]
    repeated = [c for c in changes for _ in range(4)]
    alone = paired_interval(repeated)
    together = paired_interval(repeated, groups=[n // 4 for n in range(200)])

    assert together.high - together.low == pytest.approx(2 * (alone.high - alone.low), rel=0.15)


def test_intervals_over_groups_cover_the_truth_nearly_as_often_as_they_say():
    def one(rng):
        shift = rng.choice([-0.4, 0.0, 0.0, 0.2, 0.4])
        return [shift + rng.choice([-0.1, 0.1]) for _ in range(4)]

    hits = 0
    for seed in range(100):
        rng = random.Random(seed)
        sample = [d for _ in range(25) for d in one(rng)]
        interval = paired_interval(sample, groups=[n // 4 for n in range(100)], seed=seed)
        hits += interval.low <= 0.04 <= interval.high

    assert hits >= 88


def test_graded_scores_that_hardly_change_leave_room_for_doubt():
    interval = paired_interval([0.0] * 60 + [0.4])

    assert interval.low < 0 < interval.high


@pytest.mark.parametrize(("losses", "n"), [(0, 124), (0, 125), (3, 250), (10, 600), (10, 700)])
def test_the_margin_is_tested_as_an_exact_count_of_losses_would(losses, n):
    """Where only losses can happen, the question is how likely so few are if 3 % are lost: a binomial tail."""
    exact = sum(math.comb(n, k) * 0.03**k * 0.97 ** (n - k) for k in range(losses + 1))

    assert margin_p([-1.0] * losses + [0.0] * (n - losses), 0.03) == pytest.approx(exact, rel=0.35)


def test_the_margin_of_graded_scores_is_tested_like_a_mean():
    rng = random.Random(6)
    differences = [rng.gauss(0.0, 0.1) for _ in range(100)]
    mean, error = math.fsum(differences) / 100, 0.1 / 10

    assert margin_p(differences, 0.02 - mean) == pytest.approx(1 - NormalDist().cdf(0.02 / error), abs=0.015)
    assert margin_p(differences, 0.2) < 0.001
    assert margin_p([-0.1, -0.2] * 40, 0.05) == 0.5
    assert margin_p([], 0.03) == 1.0
    assert margin_p([0.2, 0.1], 0.03, groups=["a", "a"]) == 1.0


def test_several_p_values_are_adjusted_step_by_step():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, 0.9]) == pytest.approx((1.0, 1.0))
    assert holm([]) == ()


def test_pairs_needed_counts_related_items_as_they_are():
    changes = [1.0, 0.0, 0.0, -1.0, 1.0, 0.0, 1.0, 0.0] * 5
    repeated = [c for c in changes for _ in range(3)]
    alone = pairs_needed(repeated, 0.1, alpha=0.025)
    together = pairs_needed(repeated, 0.1, alpha=0.025, groups=[n // 3 for n in range(120)])

    assert together == pytest.approx(3 * alone, rel=0.03)
