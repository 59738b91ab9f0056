"""Gate items are worn by looking at them: counted over largely the same items, and said when it is enough."""

from datetime import UTC, datetime

import pytest

from policies.alpha_spending import Look
from policies.gate_wear import overlap, sample_of, wear

AT = datetime(2026, 1, 1, tzinfo=UTC)


def ids(start, end):
    return [f"i-{n:04}" for n in range(start, end)]


def looks(number, items, verdict="inconclusive"):
    return [Look(at=AT, p=0.5, verdict=verdict, alpha=0.01, items=sample_of(items))] * number


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        (ids(0, 40), ids(0, 40), 1.0),
        (ids(0, 40), ids(40, 80), 0.0),
        (ids(0, 30), ids(15, 45), 15 / 45),
        (ids(0, 400), ids(0, 400), 1.0),
        ([], ids(0, 4), 0.0),
    ],
)
def test_small_sets_are_compared_exactly(one, other, share):
    assert overlap(sample_of(one), sample_of(other)) == pytest.approx(share)


@pytest.mark.parametrize("shared", [100, 200, 320])
def test_large_sets_are_compared_by_their_samples(shared):
    one, other = ids(0, 400), ids(400 - shared, 800 - shared)

    assert overlap(sample_of(one), sample_of(other)) == pytest.approx(shared / (800 - shared), abs=0.17)
    assert len(sample_of(one)) == 64


def test_the_sample_does_not_depend_on_order_or_repetition():
    assert sample_of(ids(0, 200)) == sample_of(ids(0, 200)[::-1] * 2)


def test_looks_at_these_items_are_counted_and_others_are_not():
    mine = sample_of(ids(0, 100))
    history = [*looks(3, ids(0, 100)), *looks(5, ids(500, 600)), *looks(2, ids(0, 100), "void"), *looks(1, ids(0, 90))]

    worn = wear(history, mine, limit=20)

    assert (worn.looks, worn.limit, worn.worn, worn.advice) == (4, 20, False, "")


def test_a_worn_set_is_called_so():
    worn = wear(looks(20, ids(0, 100)), sample_of(ids(0, 100)), limit=20)

    assert worn.worn
    assert "opened 20 times" in worn.advice
    assert "Add fresh gate items" in worn.advice
