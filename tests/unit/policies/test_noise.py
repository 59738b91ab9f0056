"""What repeated readings of the same prompt tell: how often items flip, and what follows from it."""

import random

import pytest

from policies.noise import noise_of, worth_starting
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance


def items(steady_pass=0, steady_fail=0, flipping=0):
    return [[1.0, 1.0]] * steady_pass + [[0.0, 0.0]] * steady_fail + [[1.0, 0.0]] * flipping


def test_flips_are_counted_per_item():
    noise = noise_of(items(steady_pass=12, steady_fail=4, flipping=4))

    assert (noise.n, noise.flips, noise.mean) == (20, 0.2, 0.7)
    assert noise.flips_low < 0.2 < noise.flips_high
    assert noise.within == pytest.approx((4 * 0.5 / 20) ** 0.5)


def test_lost_readings_are_left_out_and_a_single_one_tells_nothing():
    assert noise_of([[1.0, None, 1.0], [None, 0.0], [1.0]]).n == 1
    assert noise_of([[1.0], [None, None], []]) is None


def test_without_noise_one_reading_is_enough_and_every_difference_counts():
    noise = noise_of(items(steady_pass=10, steady_fail=10))

    assert noise.repeats() == 1
    assert noise.tie_margin(40) == 0.0


def test_noise_asks_for_repeats_as_far_as_they_are_worth_it():
    little, much = noise_of(items(9, 9, 2)), noise_of(items(3, 3, 14))

    assert 1 <= little.repeats() < much.repeats() <= 5
    assert much.tie_margin(40) > little.tie_margin(40)
    assert much.tie_margin(160) == pytest.approx(much.tie_margin(40) / 2)
    assert much.tie_margin(40, repeats=4) == pytest.approx(much.tie_margin(40) / 2)


def test_chance_alone_exceeds_the_tie_margin_in_one_comparison_of_five():
    rng = random.Random(4)
    rates = [rng.choice([0.1, 0.5, 0.9]) for _ in range(60)]

    def read():
        return [float(rng.random() < rate) for rate in rates]

    noise = noise_of(list(zip(read(), read(), read(), read(), strict=True)))
    apart = [abs(sum(read()) - sum(read())) / 60 > noise.tie_margin(60) for _ in range(600)]

    assert 0.12 <= sum(apart) / 600 <= 0.28


def test_failures_that_never_come_back_are_not_worth_a_search():
    chance, real = (worth_starting(again, 0.1, RULES) for again in ([1.0] * 20, [0.0] * 15 + [1.0] * 5))

    assert not chance.worthwhile
    assert "the failures are chance: 0 of 20 failing items fail again" in chance.sentence
    assert "at most 1.6% of all items" in chance.sentence
    assert real.worthwhile
    assert real.sentence.startswith("15 of 20 failing items fail again")


@pytest.mark.parametrize(
    ("again", "failing", "worthwhile"),
    [
        ([1.0] * 20, 0.5, True),  # of so many failures a sixth may still have a reason
        ([1.0] * 5, 0.1, True),  # five say little
        ([1.0] * 19 + [0.4], 0.1, True),  # graded: less than full marks is a failure
        ([None] * 5 + [1.0] * 20, 0.1, False),
        ([None], 0.1, True),
        ([], 0.0, True),
    ],
)
def test_a_search_is_given_up_only_where_chance_is_shown(again, failing, worthwhile):
    assert worth_starting(again, failing, RULES).worthwhile == worthwhile
