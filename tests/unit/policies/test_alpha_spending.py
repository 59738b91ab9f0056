"""A prompt that is tested for ever: the error of all its looks together stays where the rulebook says."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from policies.alpha_spending import Look, grant, look_from
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance
START = datetime(2026, 1, 1, tzinfo=UTC)


def look(day, verdict="inconclusive", p=0.4):
    return Look(at=START + timedelta(days=day), p=p, verdict=verdict, alpha=0.01)


def spent(verdicts):
    """The alphas of a life of looks with these verdicts, one after the other."""
    looks, alphas = [], []
    for day, verdict in enumerate(verdicts):
        alphas.append(grant(looks, RULES).alpha)
        looks.append(look(day, verdict))
    return alphas


def test_the_first_look_may_spend_what_a_single_one_could():
    first = grant([], RULES)

    assert first.alpha == RULES.alpha
    assert first.look == 1
    assert "first look" in first.sentence
    # 12 fixed of 40 and none broken: a gain of 30 points is shown on the first look, and on the tenth.
    assert 2**-12 < spent(["inconclusive"] * 10)[-1] < first.alpha


def test_fruitless_looks_raise_the_bar_and_a_success_lowers_it_again():
    alphas = spent(["inconclusive", "worse", "inconclusive", "better", "inconclusive"])

    assert alphas[0] > alphas[1] > alphas[2] > alphas[3]
    assert alphas[4] > 8 * alphas[3]
    assert grant([look(0), look(1, "better")], RULES).confirmed == 1
    assert "1 of 2 earlier ones" in grant([look(0), look(1, "better")], RULES).sentence


def test_however_many_looks_nothing_but_the_start_is_spent_while_nothing_is_found():
    alphas = spent(["inconclusive"] * 500)

    assert sum(alphas) <= RULES.life_error / 2
    assert min(alphas) > 0


@pytest.mark.parametrize("seed", range(8))
def test_what_is_spent_never_exceeds_the_share_of_what_was_found(seed):
    rng = random.Random(seed)
    verdicts = rng.choices(["better", "non_inferior", "inconclusive", "worse"], [rng.random() / 2, 0.1, 1, 1], k=120)
    alphas = spent(verdicts)

    for until in range(1, 121):
        found = sum(v in {"better", "non_inferior"} for v in verdicts[:until])
        assert sum(alphas[:until]) <= RULES.life_error * max(1, found) + 1e-12
    assert max(alphas) <= RULES.alpha


def test_a_void_look_costs_nothing_and_the_order_of_the_list_does_not_matter():
    looks = [look(0), look(1, "better"), look(2), look(3)]

    assert grant([*looks, look(4, "void")], RULES) == grant(looks, RULES)
    assert grant(looks[::-1], RULES) == grant(looks, RULES)


def test_over_many_lives_the_promises_hold():
    """60 looks a life; when none is truly better few lives see a false one; with some, few of the found are false."""
    rng = random.Random(5)
    lives, fooled, false, found = 400, 0, 0, 0
    for life in range(lives):
        looks, share = [], 0.0 if life % 2 else 0.3
        for day in range(60):
            truly = rng.random() < share
            p = rng.random() ** (6 if truly else 1)
            said = "better" if p <= grant(looks, RULES).alpha else "inconclusive"
            looks.append(look(day, said, p))
            found += said == "better" and share > 0
            false += said == "better" and share > 0 and not truly
        fooled += share == 0 and any(one.confirmed for one in looks)

    assert fooled / (lives / 2) <= RULES.life_error / 2 + 3 * (0.05 * 0.95 / 200) ** 0.5
    assert found > 200
    assert false / found <= RULES.life_error


def test_looks_are_read_from_what_attempts_remember():
    said = {"gate": {"verdict": "better", "p": 0.001, "alpha": 0.02}, "gate_sample": ["i-1", "i-2"]}

    assert look_from(said, START) == Look(at=START, p=0.001, verdict="better", alpha=0.02, items=("i-1", "i-2"))
    assert look_from({"reason": "blocked"}, START) is None
    assert look_from({"gate": {"verdict": "void"}}, START).counts is False
