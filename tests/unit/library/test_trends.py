"""Sums of scores on a grid of trace time: nothing is lost, order does not matter, bytes come back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.errors import InputError
from library.trends import (
    GRID_SECONDS,
    MAX_SEGMENTS,
    OTHER,
    Delta,
    Latch,
    Looks,
    TrendState,
    delta_of,
    fold,
    reset_before,
    reset_between,
    step_of,
)

SCORES = st.builds(
    lambda value, step, segment: delta_of(value / 8, epoch_seconds=step * GRID_SECONDS, segment=segment),
    st.integers(0, 8),
    st.integers(0, 400),
    st.sampled_from(["billing", "account", None]),
)


def negative(delta: Delta) -> Delta:
    return Delta(
        segment=delta.segment, step=delta.step, n=-delta.n, sum=-delta.sum, sumsq=-delta.sumsq, low=delta.low,
        high=delta.high,
    )  # fmt: skip


def totals(state: TrendState) -> dict[str, tuple[float, float, float]]:
    """Eighths are exact in binary, so equality is exact here."""
    sums = {name: (sum(s.n), sum(s.total), sum(s.squares)) for name, s in state.segments.items()}
    return {name: values for name, values in sums.items() if values != (0, 0, 0)}


def stream(seed: int, scores: int) -> list[Delta]:
    rng = random.Random(seed)
    clock, deltas = 1.7e9, []
    for _ in range(scores):
        clock += rng.expovariate(1 / 40)
        segment = rng.choice(["a", "b", "c"])
        deltas.append(delta_of(float(rng.random() < 0.9), epoch_seconds=clock, segment=segment))
    return deltas


@given(st.lists(SCORES, max_size=80), st.randoms(use_true_random=False))
def test_the_order_within_a_fold_does_not_matter(deltas: list[Delta], rng: random.Random) -> None:
    shuffled = list(deltas)
    rng.shuffle(shuffled)
    assert fold(TrendState(), shuffled) == fold(TrendState(), deltas)


@given(st.lists(SCORES, max_size=60), st.lists(SCORES, max_size=20))
def test_a_delta_and_its_negative_leave_the_sums_as_they_were(kept: list[Delta], removed: list[Delta]) -> None:
    before = fold(TrendState(), kept)
    after = fold(fold(before, removed), [negative(d) for d in removed])
    assert totals(after) == totals(before)
    assert (after.count, after.total) == (before.count, before.total)


@given(st.lists(st.lists(SCORES, max_size=30), max_size=6))
def test_nothing_is_lost_whatever_the_batches(batches: list[list[Delta]]) -> None:
    state = TrendState()
    for batch in batches:
        state = fold(state, batch)
    everything = fold(TrendState(), [d for batch in batches for d in batch])
    assert totals(state) == totals(everything)
    assert state.count == sum(len(batch) for batch in batches)
    assert list(state.starts) == sorted(set(state.starts))


@given(st.lists(SCORES, max_size=80))
def test_bytes_come_back(deltas: list[Delta]) -> None:
    state = fold(TrendState(), deltas)
    assert TrendState.from_blob(state.to_blob()) == state


def test_what_looks_have_found_comes_back_too() -> None:
    latch = Latch(detected_step=9, onset_step=7, onset_low=6, onset_high=8, evidence=12.5, segment="billing")
    state = TrendState(looks=Looks(count=3, until=12, sup=1.25, spread=4.0), latch=latch)
    assert TrendState.from_blob(state.to_blob()) == state


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02abc", b"\x01not compressed", TrendState().to_blob()[:-3]])
def test_other_bytes_are_refused_with_a_mend(blob: bytes) -> None:
    with pytest.raises(InputError, match="Rebuild the series"):
        TrendState.from_blob(blob)


def test_a_long_history_stays_small() -> None:
    state = fold(TrendState(), stream(1, 20_000))
    assert len(state.starts) < 200
    assert state.count == 20_000
    assert len(state.to_blob()) < 3 * 2048
    # The newest steps are kept one by one, the oldest buckets span many.
    assert state.starts[-1] - state.starts[-2] < 3 < state.starts[1] - state.starts[0]


def test_a_bulk_import_gives_the_same_state_as_live_traffic() -> None:
    deltas = stream(2, 5_000)
    live = TrendState()
    for at in range(0, len(deltas), 37):
        live = fold(live, deltas[at : at + 37])
    assert live == fold(TrendState(), deltas)


def test_a_late_score_finds_the_bucket_of_its_own_time() -> None:
    state = fold(TrendState(), [delta_of(1.0, epoch_seconds=s * GRID_SECONDS, segment=None) for s in (10, 20, 30)])
    late = fold(state, [delta_of(0.0, epoch_seconds=25 * GRID_SECONDS, segment=None)])
    assert list(late.segments[OTHER].n) == [1, 2, 1]
    assert (late.steps, late.last_step) == (3, 30)
    earlier = fold(state, [delta_of(0.0, epoch_seconds=2 * GRID_SECONDS, segment=None)])
    assert list(earlier.starts) == [2, 10, 20, 30]
    assert list(earlier.segments[OTHER].total) == [0, 1, 1, 1]


def test_the_onset_of_a_latched_alarm_stays_an_edge() -> None:
    deltas = stream(3, 6_000)
    early = fold(TrendState(), deltas[:3_000])
    onset = early.starts[-5]
    latch = Latch(detected_step=early.starts[-1], onset_step=onset, onset_low=onset, onset_high=onset, evidence=11.0)
    pinned = TrendState(
        starts=early.starts, segments=early.segments, count=early.count, total=early.total, steps=early.steps,
        last_step=early.last_step, latch=latch,
    )  # fmt: skip
    assert onset not in fold(early, deltas[3_000:]).starts
    assert onset in fold(pinned, deltas[3_000:]).starts


def test_segments_beyond_the_limit_and_scores_without_one_share_other() -> None:
    deltas = [delta_of(0.5, epoch_seconds=i * GRID_SECONDS, segment=f"s{i:02}") for i in range(40)]
    state = fold(TrendState(), [*deltas, delta_of(1.0, epoch_seconds=0, segment=None)])
    assert len(state.segments) == MAX_SEGMENTS
    assert sum(state.segments[OTHER].n) == 40 - (MAX_SEGMENTS - 1) + 1
    assert state.segments["s03"].low == state.segments["s03"].high == 0.5


def test_steps_are_five_minutes_of_trace_time() -> None:
    assert [step_of(t) for t in (0, 299.9, 300, -1)] == [0, 0, 1, -1]


def test_a_new_normal_forgets_everything_before_a_step() -> None:
    latch = Latch(detected_step=30, onset_step=20, onset_low=20, onset_high=20, evidence=11.0)
    scores = [delta_of(s / 40, epoch_seconds=s * GRID_SECONDS, segment="a") for s in (10, 20, 30)]
    state = fold(TrendState(looks=Looks(count=4, until=33, sup=11.0), latch=latch), scores)
    fresh = reset_before(state, 20)
    assert list(fresh.starts) == [20, 30]
    assert (fresh.count, fresh.total) == (2, 1.25)
    assert fresh.latch is None
    assert fresh.looks == Looks(until=33, seen_n=2, seen_sum=1.25, looked_n=2, looked_until=33)
    assert list(reset_before(state, 99).starts) == []
    assert fold(reset_before(state, 99), scores).count == 3


def test_an_incident_that_is_over_is_cut_out() -> None:
    scores = [delta_of(1.0, epoch_seconds=s * GRID_SECONDS, segment="a") for s in (10, 20, 30, 40)]
    assert list(reset_between(fold(TrendState(), scores), 20, 30).starts) == [10, 40]
