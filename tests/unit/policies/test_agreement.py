"""Two readings of the same answers: known figures, sensible ends, and a sentence that names the judge."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.agreement import agreement, trust
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance
GRADES = st.lists(st.tuples(*[st.integers(0, 4).map(lambda g: g / 4)] * 2), min_size=2, max_size=30)


def table(both, first_only, second_only, neither):
    """Two readings with so many answers passed by both, by the first or the second only, or by neither."""
    rows = [(1.0, 1.0)] * both + [(1.0, 0.0)] * first_only + [(0.0, 1.0)] * second_only + [(0.0, 0.0)] * neither
    return [a for a, _ in rows], [b for _, b in rows]


@pytest.mark.parametrize(
    ("counts", "kappa", "ac"),
    [
        ((20, 5, 10, 15), 0.4, 0.4059),  # the usual textbook table
        ((118, 5, 2, 0), -0.0234, 0.9409),  # Gwet 2008: nearly all alike, kappa collapses though 94 % agree
        ((10, 0, 0, 10), 1.0, 1.0),
        ((0, 10, 10, 0), -1.0, -1.0),
    ],
)
def test_known_tables(counts, kappa, ac):
    found = agreement(*table(*counts))

    assert found.kappa == pytest.approx(kappa, abs=1e-3)
    assert found.ac == pytest.approx(ac, abs=2e-3)
    assert found.same == pytest.approx((counts[0] + counts[3]) / sum(counts))


def test_kappa_decides_where_grades_vary_and_gwets_figure_where_they_do_not():
    assert agreement(*table(10, 1, 1, 8)).by == "kappa"
    assert agreement(*table(38, 1, 1, 0)).by == "ac"
    assert agreement([1.0] * 10, [1.0] * 10).figure == 1.0
    assert agreement([1.0] * 10, [1.0] * 10).kappa is None


def test_grades_that_miss_by_one_count_less_than_those_that_miss_by_four():
    grades = [0.0, 0.25, 0.5, 0.75, 1.0] * 4
    near = [min(1.0, g + 0.25) if n % 3 == 0 else g for n, g in enumerate(grades)]
    far = [1.0 - g if n % 3 == 0 else g for n, g in enumerate(grades)]

    assert agreement(grades, near).figure > 0.9
    assert agreement(grades, near).figure > agreement(grades, far).figure + 0.3


@given(GRADES)
@settings(deadline=None, max_examples=50)
def test_figures_do_not_depend_on_which_reading_came_first_and_are_at_most_one(rows):
    one, two = [a for a, _ in rows], [b for _, b in rows]
    there, back = agreement(one, two), agreement(two, one)

    assert there.figure == pytest.approx(back.figure)
    assert there.figure <= 1 + 1e-9
    assert agreement(one, one).figure == pytest.approx(1.0)


def test_the_interval_covers_what_many_answers_would_show():
    rng = random.Random(9)

    def readings(n):
        truth = [float(rng.random() < 0.6) for _ in range(n)]
        return [[t if rng.random() < 0.85 else 1 - t for t in truth] for _ in range(2)]

    same, passing = 0.85**2 + 0.15**2, 0.6 * 0.85 + 0.4 * 0.15
    by_chance = passing**2 + (1 - passing) ** 2
    long_run = (same - by_chance) / (1 - by_chance)
    hits = sum((found := agreement(*readings(40), seed=s)).low <= long_run <= found.high for s in range(40))

    assert hits >= 34


def test_a_judge_that_throws_dice_is_named_as_the_problem():
    rng = random.Random(1)
    said = trust(*[[float(rng.random() < 0.5) for _ in range(20)] for _ in range(2)], RULES, "judge/dice")

    assert not said.trusted
    assert "the judge is the problem, not the prompt" in said.sentence
    assert "judge/dice" in said.sentence
    assert f"at least {RULES.judge_agreement:g} is needed" in said.sentence


def test_a_steady_judge_is_trusted():
    steady = [1.0] * 9 + [0.0] * 11

    assert trust(steady, [0.0, *steady[1:]], RULES, "judge").trusted
    assert "19 of them the same grade" in trust(steady, [0.0, *steady[1:]], RULES, "judge").sentence


def test_too_few_answers_are_held_against_nobody():
    said = trust([1.0, None, 0.0, 1.0], [0.0, 1.0, None, 0.0], RULES, "judge")

    assert said.trusted
    assert said.agreement is None
    assert "2 answers" in said.sentence
