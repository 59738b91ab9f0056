"""What must not be harmed: shown to hold, or the change does not pass."""

import random

import pytest

from policies.acceptance import Pair
from policies.protected_metrics import protected_metrics
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance


def pairs(fixed=0, broken=0, same=0, lost=0):
    scores = [(0.0, 1.0)] * fixed + [(1.0, 0.0)] * broken + [(1.0, 1.0)] * same + [(1.0, None)] * lost
    return [Pair(item_id=f"i-{n}", segment=None, baseline=a, candidate=b) for n, (a, b) in enumerate(scores)]


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ({"same": 40}, "held"),
        ({"broken": 1, "same": 99}, "held"),
        ({"fixed": 5, "same": 60}, "held"),
        ({"same": 30}, "unproven"),  # 30 items cannot rule out a loss of ten points
        ({"broken": 3, "same": 57}, "unproven"),
        ({"broken": 8, "same": 392}, "fell"),  # within the margin, and yet a loss that is shown
        ({"broken": 12, "same": 48}, "fell"),
        ({"same": 80, "lost": 20}, "void"),
        ({}, "unproven"),
    ],
)
def test_states(counts, state):
    (one,) = protected_metrics({"safety": pairs(**counts)}, RULES, seed=1)

    assert one.state == state
    assert one.vetoes == (state != "held")
    assert one.reason.startswith("protected metric safety ")
    assert one.comparison.margin == RULES.protected_margin


def test_every_metric_is_looked_at_and_named_in_order():
    judged = protected_metrics({"tone": pairs(same=100), "safety": pairs(broken=15, same=85)}, RULES, seed=1)

    assert [(one.metric, one.vetoes) for one in judged] == [("safety", True), ("tone", False)]
    assert "falls by 0.150 on 100 items" in judged[0].reason
    assert protected_metrics({}, RULES, seed=1) == ()


def test_a_loss_is_held_against_the_number_of_metrics():
    alone = protected_metrics({"a": pairs(broken=6, same=294)}, RULES, seed=1)
    four = {name: pairs(same=300) for name in "bcd"} | {"a": pairs(broken=6, same=294)}
    several = protected_metrics(four, RULES, seed=1)

    assert alone[0].state == "fell"
    assert several[0].state == "held"
    assert several[0].p_loss == pytest.approx(4 * alone[0].p_loss)


def test_metrics_that_do_not_change_are_rarely_said_to_fall():
    rng = random.Random(2)
    rounds, fell = 150, 0
    for seed in range(rounds):
        scored = {
            name: [
                Pair(
                    item_id=str(n),
                    segment=None,
                    baseline=float(rng.random() < 0.9),
                    candidate=float(rng.random() < 0.9),
                )
                for n in range(120)
            ]
            for name in "abc"
        }
        fell += any(one.state == "fell" for one in protected_metrics(scored, RULES, seed=seed))

    assert fell / rounds <= RULES.alpha + 3 * (RULES.alpha * (1 - RULES.alpha) / rounds) ** 0.5
