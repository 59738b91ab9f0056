"""Promised gains: drawn in by what gains use to be, and checked against what production showed."""

import random

import pytest

from policies.acceptance import Pair, compare, to_json
from policies.calibration import Measured, Promise, expected_gain, measured_in, promise_record
from policies.rulebook import read_rulebook


def measured(gain, error=0.03):
    return Measured(gain=gain, low=gain - 1.959964 * error, high=gain + 1.959964 * error)


def test_few_earlier_looks_change_nothing():
    said = expected_gain(measured(0.1), [measured(0.0)] * 4)

    assert (said.gain, said.kept, said.looks) == (0.1, 1.0, 4)
    assert (said.low, said.high) == (measured(0.1).low, measured(0.1).high)


def test_a_large_gain_among_many_small_ones_is_mostly_luck():
    earlier = [measured(g) for g in (0.01, -0.02, 0.0, 0.03, 0.02, -0.01, 0.01, 0.0)]

    said = expected_gain(measured(0.1), earlier)

    assert said.usual < said.gain < 0.05
    assert said.kept < 0.4
    assert said.low < said.gain < said.high


def test_where_true_gains_differ_much_the_measured_one_stands():
    earlier = [measured(g) for g in (0.3, 0.0, 0.2, -0.1, 0.4, 0.1, 0.0, 0.25)]

    assert expected_gain(measured(0.2), earlier).kept > 0.95


def test_a_surer_figure_is_drawn_in_less():
    earlier = [measured(g) for g in (0.05, 0.0, 0.1, -0.03, 0.12, 0.02)]

    assert expected_gain(measured(0.2, 0.01), earlier).kept > expected_gain(measured(0.2, 0.06), earlier).kept


def test_winners_keep_their_promise_after_it_was_drawn_in():
    """Many proposals with known true gains, of which only those that looked good are released."""
    rng = random.Random(7)
    truths = [rng.gauss(0.02, 0.03) for _ in range(400)]
    looks = [measured(rng.gauss(t, 0.04), 0.04) for t in truths]
    winners = [n for n, look in enumerate(looks) if look.low > 0]
    told = [expected_gain(looks[n], looks[:n] + looks[n + 1 :]) for n in winners]

    true = sum(truths[n] for n in winners) / len(winners)
    raw = sum(looks[n].gain for n in winners) / len(winners)
    drawn = sum(t.gain for t in told) / len(told)
    assert raw > true + 0.03
    assert drawn == pytest.approx(true, abs=0.012)
    assert sum(t.low <= truths[n] <= t.high for n, t in zip(winners, told, strict=True)) / len(told) >= 0.88


def test_promises_are_counted_as_kept_within_what_both_errors_allow():
    kept = Promise(promised=measured(0.1), realised=measured(0.03))
    broken = Promise(promised=measured(0.2), realised=measured(0.0))

    record = promise_record([kept] * 3 + [broken])

    assert (record.n, record.kept) == (4, 0.75)
    assert record.kept_low < 0.75 < record.kept_high
    assert (record.promised, record.realised) == (pytest.approx(0.125), pytest.approx(0.0225))
    assert "3 of 4 as promised" in record.sentence
    assert promise_record([]).sentence == "nothing was released yet"


def test_honest_promises_are_kept_in_nineteen_of_twenty_cases():
    rng = random.Random(3)
    promises = [
        Promise(promised=measured(rng.gauss(0.1, 0.03), 0.03), realised=measured(rng.gauss(0.1, 0.02), 0.02))
        for _ in range(1000)
    ]

    assert promise_record(promises).kept == pytest.approx(0.95, abs=0.025)


def test_gains_are_read_from_what_attempts_remember():
    pairs = [Pair(item_id=str(n), segment=None, baseline=float(n > 8), candidate=1.0) for n in range(60)]
    comparison = compare(pairs, read_rulebook(None, "test").acceptance, seed=1)

    assert measured_in({"gate": to_json(comparison)}) == Measured(
        gain=comparison.gain, low=comparison.low, high=comparison.high
    )
    assert measured_in({"reason": "blocked"}) is None
    assert measured_in({"gate": {"verdict": "void", "n": 3, "gain": 0.1, "low": 0.0, "high": 0.2}}) is None
