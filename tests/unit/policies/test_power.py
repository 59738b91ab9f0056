"""What so many items can show: the promised chances are those that simulation finds, and the words say them."""

import random

import pytest

from policies.acceptance import Pair, compare
from policies.power import Spread, power_statement, spread_of
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance


def binary(share):
    return Spread(discordance=share, deviation=share**0.5)


def pairs(changes):
    return [
        Pair(item_id=f"i-{k}", segment=None, baseline=max(0.0, -c), candidate=max(0.0, c))
        for k, c in enumerate(changes)
    ]


def found(draw, goal="gain", alpha=None, rounds=400):
    """Share of simulated gates that `compare` confirms."""
    verdicts = [
        compare(pairs(draw(random.Random(seed))), RULES, seed=seed, goal=goal, alpha=alpha).verdict
        for seed in range(rounds)
    ]
    return sum(v in {"better", "non_inferior"} for v in verdicts) / rounds


def flips(n, win, loss):
    return lambda rng: [1.0 if (u := rng.random()) < win else -1.0 if u < win + loss else 0.0 for _ in range(n)]


@pytest.mark.parametrize(
    ("n", "win", "loss", "alpha"), [(40, 0.3, 0.05, None), (100, 0.16, 0.06, 0.005), (60, 0.2, 0.0, None)]
)
def test_the_chance_of_a_gain_is_the_one_that_the_gate_has(n, win, loss, alpha):
    said = power_statement(n, win - loss, binary(win + loss), RULES, alpha=alpha)

    assert found(flips(n, win, loss), alpha=alpha) == pytest.approx(said.chance, abs=0.075)


def test_the_chance_of_showing_that_nothing_is_lost_is_the_one_that_the_gate_has():
    said = power_statement(150, 0.0, binary(0.06), RULES, goal="non_inferior")

    assert found(flips(150, 0.03, 0.03), goal="non_inferior") == pytest.approx(said.chance, abs=0.075)


def test_graded_scores_are_weighed_by_their_deviation():
    def draw(rng):
        return [rng.choice([-0.3, 0.0, 0.1, 0.5]) for _ in range(60)]

    said = power_statement(60, 0.075, Spread(discordance=None, deviation=0.286), RULES)

    assert found(draw, rounds=100) == pytest.approx(said.chance, abs=0.15)


@pytest.mark.parametrize("goal", ["gain", "non_inferior"])
def test_the_pairs_needed_are_enough_and_far_fewer_are_not(goal):
    gain = 0.05 if goal == "gain" else 0.0
    needed = power_statement(40, gain, binary(0.15), RULES, goal=goal).needed

    assert power_statement(needed, gain, binary(0.15), RULES, goal=goal).chance >= RULES.power
    assert power_statement(int(needed * 0.9), gain, binary(0.15), RULES, goal=goal).chance < RULES.power


def test_the_smallest_gain_is_seen_with_the_promised_power():
    said = power_statement(100, 0.05, binary(0.2), RULES)

    assert power_statement(100, said.smallest, binary(0.2), RULES).chance >= RULES.power
    assert power_statement(100, said.smallest - 0.015, binary(0.2), RULES).chance < RULES.power


def test_a_person_reads_that_forty_items_cannot_confirm_five_points():
    said = power_statement(40, 0.05, binary(0.1), RULES)

    assert said.chance < 0.1
    assert 300 <= said.needed <= 400
    assert said.sentence.startswith("40 items cannot confirm a gain of 5 points")
    assert f"{said.needed} could" in said.sentence
    large = power_statement(40, 0.3, binary(0.3), RULES)
    assert large.chance > 0.95
    assert large.sentence.startswith("40 items confirm a gain of 30 points")


def test_a_stricter_bar_and_fewer_items_show_less():
    usual = power_statement(100, 0.1, binary(0.2), RULES)

    assert power_statement(100, 0.1, binary(0.2), RULES, alpha=0.001).chance < usual.chance
    assert power_statement(50, 0.1, binary(0.2), RULES).chance < usual.chance
    assert power_statement(RULES.min_pairs - 1, 0.9, binary(0.9), RULES).chance == 0


def test_a_gain_that_is_not_worth_a_change_is_confirmed_by_no_number_of_items():
    said = power_statement(100, RULES.min_effect / 2, binary(0.1), RULES)

    assert said.needed is None
    assert "no number of items could" in said.sentence


@pytest.mark.parametrize(("gain", "goal"), [(0.02, "gain"), (0.025, "gain"), (-0.005, "non_inferior")])
def test_the_normal_approximation_takes_over_without_a_step(gain, goal):
    below, above = (power_statement(n, gain, binary(0.2), RULES, goal=goal).chance for n in (3000, 3001))

    assert above == pytest.approx(below, abs=0.03)


def test_the_spread_is_read_from_other_pairs_and_never_promises_certainty():
    assert spread_of(pairs([1.0] * 3 + [-1.0] + [0.0] * 36)).discordance == pytest.approx(5 / 42)
    assert spread_of(pairs([0.0] * 40)).discordance > 0
    assert spread_of([]).discordance == 0.5
    graded = spread_of(pairs([0.5, 0.1, 0.0, 0.2]))
    assert graded.discordance is None
    assert graded.deviation == pytest.approx(0.2160, abs=1e-3)
