"""The life of a canary and the arms of subjects: legal moves pass, others are refused, and arms are exact."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.canaries import (
    ACTIVE,
    MOVES,
    Arm,
    Canary,
    CanaryState,
    Step,
    check_move,
    check_steps,
    place_of,
    read_arm,
)
from library.errors import InputError, Stale

NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)
STATES = get_args(CanaryState)
STEPS = (5, 25, 50, 100)
CANARY = Canary(
    id=7,
    prompt="support/triage",
    label="production",
    base_version=1,
    version=2,
    content_hash="sha256:x",
    proposal_id=None,
    incident_id=None,
    state="running",
    steps=STEPS,
    history=(Step(percent=5, since=NOW),),
    reading=None,
    realised=None,
    started_at=NOW,
    started_by="rita",
    updated_at=NOW,
)


def at(percent, state="running"):
    history = tuple(Step(percent=p, since=NOW) for p in STEPS if p <= percent)
    return replace(CANARY, history=history, state=state)


@pytest.mark.parametrize(("state", "to"), list(product(STATES, STATES)))
def test_a_move_passes_exactly_when_the_table_has_it(state, to):
    canary = replace(CANARY, state=state, ended_by=None if state in ACTIVE else "rita")
    if to in MOVES[state]:
        check_move(canary, to)
        return
    who = "" if state in ACTIVE else " by rita"
    with pytest.raises(Stale, match=f"already {state.replace('_', ' ')}{who}"):
        check_move(canary, to)


def test_what_has_ended_stays_ended_and_every_active_state_can_end_in_every_way():
    ends = set(STATES) - ACTIVE
    assert set(MOVES) == set(STATES)
    assert all(MOVES[state] == frozenset() for state in ends)
    assert all(ends <= MOVES[state] for state in ACTIVE)


def test_the_share_is_that_of_the_last_step_and_nothing_or_all_after_the_end():
    assert [(at(p).percent, at(p).next_percent) for p in (5, 25, 50)] == [(5, 25), (25, 50), (50, 100)]
    assert {state: at(25, state).percent for state in STATES} == {
        "running": 25,
        "paused": 25,
        "waiting": 25,
        "promoted": 100,
        "rolled_back": 0,
        "superseded": 0,
    }


def test_subjects_fall_evenly_into_the_arms_whatever_their_names_look_like():
    for names in (range(20_000), (f"user-{n}@example.org" for n in range(20_000))):
        places = [place_of("support/triage", 7, str(name)) for name in names]
        assert min(places) >= 0
        assert max(places) < 10_000
        tenths = Counter(place // 1000 for place in places)
        # Twenty thousand in ten places: a standard deviation is 42.
        assert all(abs(tenths[i] - 2000) < 200 for i in range(10))


@given(subject=st.text(max_size=50))
def test_a_subject_keeps_its_arm_and_once_canary_stays_canary_as_the_share_grows(subject):
    arms = [at(p).arm(subject) for p in (5, 25, 50)]
    assert arms == [at(p).arm(subject) for p in (5, 25, 50)]
    assert [arm.percent for arm in arms] == [5, 25, 50]
    assert all(later.name == "canary" for now, later in pairwise(arms) if now.name == "canary")


def test_every_canary_draws_anew():
    other = replace(CANARY, id=8, steps=(50, 100), history=(Step(percent=50, since=NOW),))
    first = {s for n in range(4000) if at(50).arm(s := str(n)).name == "canary"}
    second = {s for n in range(4000) if other.arm(s := str(n)).name == "canary"}
    assert abs(len(first & second) - 1000) < 150


@given(
    id=st.integers(min_value=1, max_value=10**17),
    percent=st.integers(min_value=1, max_value=99),
    name=st.sampled_from(["control", "canary"]),
)
def test_an_arm_is_read_back_as_it_was_given_out(id, percent, name):
    arm = Arm(id, percent, name)
    assert read_arm(str(arm)) == arm


@pytest.mark.parametrize(
    "text", ["", "canary", "7:canary", "0:5:canary", "7:0:canary", "7:5:base", "7:5:canary ", "٧:5:canary"]
)
def test_other_texts_are_no_arms(text):
    with pytest.raises(InputError, match="not an arm"):
        read_arm(text)


def test_steps_rise_and_end_at_a_hundred():
    assert check_steps(STEPS, "x") == STEPS
    assert check_steps((100,), "x") == (100,)
    for steps in ((), (5, 50), (50, 5, 100), (5, 5, 100), (0, 100), (-1, 100), (100, 101)):
        with pytest.raises(InputError, match="not a release"):
            check_steps(steps, "x")
