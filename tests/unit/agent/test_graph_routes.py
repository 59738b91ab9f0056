"""Every way through the state machine, without running a step."""

import pytest

from agent.graph import after_diagnose, after_hypothesize, after_monitor, after_rewrite, after_test

STOP = {"reason": "healthy", "detail": ""}


@pytest.mark.parametrize(
    ("route", "onward"),
    [
        (after_monitor, "diagnose"),
        (after_diagnose, "hypothesize"),
        (after_hypothesize, "rewrite"),
        (after_rewrite, "test"),
        (after_test, "hypothesize"),
    ],
)
def test_a_step_goes_on_unless_it_says_why_not(route, onward):
    assert route({"stop": STOP}) == "__end__"
    assert route({"stop": None}) == onward
    assert route({}) == onward


def test_only_what_passed_the_gate_is_proposed():
    assert after_test({"accepted": True}) == "propose"
    assert after_test({"accepted": False}) == "hypothesize"
    assert after_test({"accepted": True, "stop": STOP}) == "__end__"
