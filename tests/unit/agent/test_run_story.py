"""The story of a run: scores that can be compared, the best after every round, the cost up to there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.run_story import story
from library.prompts import Content
from library.runs import Attempt, Charge

START = datetime(2026, 6, 1, tzinfo=UTC)


def attempt(number, turn, *, parent=0, state="tested", minute=0, **result):
    content = Content(text=f"attempt {number}")
    return Attempt(
        run_id=1,
        number=number,
        round=turn,
        prompt="shop/sort",
        strategy="surgical",
        hypothesis="words are missing",
        content=content,
        content_hash=content.hash,
        state=state,
        reason="",
        result={"parent": parent, **result},
        created_at=START + timedelta(minutes=minute),
    )


def charge(minute, role="student", *, cost=0.01, tokens=10):
    return Charge(at=START + timedelta(minutes=minute), role=role, tokens_in=tokens, tokens_out=1, cost=cost)


TWO_ROUNDS = (
    attempt(1, 1, minute=10, baseline=0.5, gain=0.2, n=40),
    attempt(2, 1, minute=10, baseline=0.25, gain=0.5, n=12),
    attempt(3, 1, minute=10, state="blocked"),
    attempt(4, 2, parent=1, minute=20, state="proposed", baseline=0.7, gain=0.1, n=40),
    attempt(5, 2, parent=1, minute=20, baseline=0.7, gain=-0.1, n=40),
)
BILL = (charge(1), charge(2, "teacher"), charge(12), charge(13), charge(21), charge(22, "teacher"))


def test_the_best_after_a_round_is_what_the_next_one_was_held_against_and_at_the_end_the_winner():
    told = story(TWO_ROUNDS, BILL)

    assert told.base == 0.5
    assert [r.number for r in told.rounds] == [1, 2]
    assert [r.best for r in told.rounds] == pytest.approx([0.7, 0.8])


def test_a_candidate_that_was_dropped_early_counts_with_what_it_had_gained_on_all_items():
    first = story(TWO_ROUNDS, BILL).rounds[0]

    scores = {t.number: t.score for t in first.tried}
    assert scores[1] == pytest.approx(0.7)
    assert scores[2] == pytest.approx(0.5 + 0.5 * 12 / 40)  # six of forty items gained, the rest as before
    assert scores[3] is None


def test_who_was_run_against_another_leader_than_its_parent_counts_from_that_one():
    raced = (
        attempt(1, 1, baseline=0.5, gain=0.25, n=24, against=0, of_items=24),
        attempt(2, 1, baseline=0.75, gain=-0.5, n=6, against=1, of_items=24),
        attempt(3, 1, baseline=0.75, gain=0.125, n=24, against=1, of_items=24),
        attempt(4, 2, parent=3, baseline=0.9, gain=0.1, n=40, against=3, of_items=40),
    )

    told = story(raced, ())

    assert told.base == 0.5
    scores = [t.score for r in told.rounds for t in r.tried]
    assert scores == pytest.approx([0.75, 0.75 - 0.5 * 6 / 24, 0.875, 1.0])


def test_the_cost_of_a_round_is_everything_up_to_the_next_ones_first_candidate():
    told = story(TWO_ROUNDS, BILL)

    assert (told.start.student_calls, told.start.other_calls) == (1, 1)
    assert [r.cost.calls for r in told.rounds] == [4, 6]
    assert told.rounds[0].cost.student_calls == 3
    assert told.end.tokens == 66
    assert told.end.usd == pytest.approx(0.06)


def test_one_call_without_a_price_makes_the_money_unknown_from_then_on():
    told = story(TWO_ROUNDS, (*BILL[:3], replace(BILL[3], cost=None), *BILL[4:]))

    assert told.start.usd is not None
    assert [r.cost.usd for r in told.rounds] == [None, None]


def test_a_run_that_tried_nothing_has_only_a_cost():
    told = story((), BILL[:2])

    assert (told.base, told.rounds, told.end.calls) == (None, (), 2)


def test_without_a_winner_the_best_is_what_the_last_round_was_held_against():
    lost = tuple(replace(a, state="tested") for a in TWO_ROUNDS)

    assert story(lost, BILL).rounds[-1].best == pytest.approx(0.7)
