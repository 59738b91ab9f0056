"""A replayed stream is cut where its own clock passes a multiple of the interval, and nowhere else."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.replay import BATCH, Replayed, batches

START = datetime(2026, 6, 1, tzinfo=UTC)
SIX_HOURS = timedelta(hours=6)


def row(number, minutes):
    return Replayed(
        id=f"r-{number}", ts=START + timedelta(minutes=minutes), inputs={"m": "x"}, expected="a", segment=None
    )


def test_rows_come_in_order_of_time_and_the_clock_ends_each_span():
    rows = [row(0, 30), row(1, 400), row(2, 10), row(3, 401), row(4, 1500)]

    cut = [(clock, [r.id for r in some]) for clock, some in batches(rows, SIX_HOURS)]

    assert cut == [
        (START + timedelta(hours=6), ["r-2", "r-0"]),
        (START + timedelta(hours=12), ["r-1", "r-3"]),
        (START + timedelta(hours=30), ["r-4"]),
    ]


def test_without_an_interval_there_is_no_clock():
    assert [(clock, len(some)) for clock, some in batches([row(n, n) for n in range(5)], None)] == [(None, 5)]


def test_a_long_span_is_cut_into_batches_and_its_clock_comes_last():
    cut = list(batches([row(n, n / 100) for n in range(BATCH + 7)], SIX_HOURS))

    assert [(clock, len(some)) for clock, some in cut] == [(None, BATCH), (START + SIX_HOURS, 7)]


def test_nothing_to_replay():
    assert list(batches([], SIX_HOURS)) == []


@given(st.lists(st.integers(0, 10_000), max_size=80))
def test_no_row_is_lost_doubled_or_ahead_of_its_clock(minutes):
    rows = [row(n, m) for n, m in enumerate(minutes)]
    cut = list(batches(rows, SIX_HOURS))

    assert sorted(r.id for _, some in cut for r in some) == sorted(r.id for r in rows)
    clocks = [clock for clock, _ in cut]
    assert clocks == sorted(clocks)
    assert len(set(clocks)) == len(clocks)
    for clock, some in cut:
        assert all(clock - SIX_HOURS <= r.ts < clock for r in some)
