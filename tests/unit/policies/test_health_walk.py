"""Looks happen on the clock of the stream: one sweep after an import is worth many during live traffic."""

import numpy as np
import pytest

from library.trends import Delta, TrendState, delta_of, fold
from policies.health.fleet import walk_many
from policies.health.scan import ScanSettings, scan, walk

SETTINGS = ScanSettings()
LOOK = 3


def stream(seed: int, drop_at: int = 2_000, scores: int = 3_000) -> list[Delta]:
    rng = np.random.default_rng(seed)
    clock = 1.7e9 + np.cumsum(rng.exponential(45, scores))
    return [
        delta_of(float(rng.random() < (0.9 if i < drop_at else 0.75)), epoch_seconds=float(t), segment="ab"[i % 2])
        for i, t in enumerate(clock)
    ]


@pytest.mark.parametrize("batch", [1, 23, 400])
def test_one_sweep_after_an_import_equals_many_during_live_traffic(batch: int) -> None:
    deltas = stream(1)
    bulk, evidence = walk(TrendState(), deltas, SETTINGS, look_steps=LOOK)
    live, seen = TrendState(), None
    for at in range(0, len(deltas), batch):
        live, seen = walk(live, deltas[at : at + batch], SETTINGS, look_steps=LOOK)
    assert evidence.status == "alarm"
    assert live == bulk
    assert seen == evidence


def test_bytes_between_sweeps_change_nothing() -> None:
    deltas = stream(2)
    bulk, _ = walk(TrendState(), deltas, SETTINGS, look_steps=LOOK)
    live = TrendState()
    for at in range(0, len(deltas), 200):
        live, _ = walk(TrendState.from_blob(live.to_blob()), deltas[at : at + 200], SETTINGS, look_steps=LOOK)
    assert live == bulk


def test_the_clock_of_the_caller_completes_a_group() -> None:
    deltas = stream(3)
    cut = next(i for i, d in enumerate(deltas) if d.step >= deltas[2_400].step + 1)
    last = deltas[cut - 1].step
    open_state, _ = walk(TrendState(), deltas[:cut], SETTINGS, look_steps=LOOK)
    end = (last // LOOK + 1) * LOOK
    waiting, _ = walk(open_state, [], SETTINGS, look_steps=LOOK, until_step=end - 1)
    looked, _ = walk(open_state, [], SETTINGS, look_steps=LOOK, until_step=end)
    again, _ = walk(looked, [], SETTINGS, look_steps=LOOK, until_step=end + 50)
    assert waiting == open_state
    assert looked.looks.count == open_state.looks.count + 1
    assert again == looked


def test_nothing_alarms_between_looks() -> None:
    deltas = stream(4)
    state, evidence = walk(TrendState(), deltas, SETTINGS, look_steps=10**6)
    assert (state.looks.count, state.latch) == (0, None)
    assert evidence.status == "watch"
    assert evidence.detected_step is None
    assert scan(state, SETTINGS).status == "alarm"


def test_the_first_alarm_keeps_its_onset_while_the_size_of_the_drop_is_refreshed() -> None:
    deltas = stream(5, scores=8_000)
    state, first = walk(TrendState(), deltas[:2_600], SETTINGS, look_steps=LOOK)
    end, last = walk(state, deltas[2_600:], SETTINGS, look_steps=LOOK)
    assert first.status == last.status == "alarm"
    assert state.latch == end.latch
    for name in ("onset_step", "onset_low", "onset_high", "detected_step", "segment"):
        assert getattr(last, name) == getattr(first, name)
    assert last.n_after > first.n_after + 5_000
    assert last.effect == pytest.approx(0.15, abs=0.03)
    assert first.effect_high is not None
    assert last.effect_high is not None
    assert first.effect_low is not None
    assert last.effect_low is not None
    assert last.effect_high - last.effect_low < first.effect_high - first.effect_low
    assert sum(row.n_before + row.n_after for row in last.segments) == 8_000


def test_an_alarm_stays_after_a_recovery() -> None:
    bad = stream(6)
    good = stream(7, drop_at=10**6)
    shift = bad[-1].step + 1 - good[0].step
    later = [delta_of(d.sum, epoch_seconds=(d.step + shift) * 300.0, segment=d.segment) for d in good]
    state, _ = walk(TrendState(), bad, SETTINGS, look_steps=LOOK)
    _, evidence = walk(state, later, SETTINGS, look_steps=LOOK)
    assert evidence.status == "alarm"
    assert evidence.p_value < SETTINGS.alpha


def test_late_scores_alone_are_looked_at_too() -> None:
    deltas = stream(8, scores=2_200)
    on_time = [d for i, d in enumerate(deltas) if i < 2_000 or i % 2 or i == 2_199]
    late = [d for i, d in enumerate(deltas) if not (i < 2_000 or i % 2 or i == 2_199)]
    state, _ = walk(TrendState(), on_time, SETTINGS, look_steps=LOOK, until_step=deltas[-1].step + LOOK)
    after, _ = walk(state, late, SETTINGS, look_steps=LOOK)
    assert after.count == 2_200
    assert after.looks.count == state.looks.count + 1
    assert after.latch is not None


def test_many_series_walk_as_each_would_alone() -> None:
    streams = [stream(seed, drop_at=1_000 + 500 * seed, scores=1_500 + 200 * seed) for seed in range(6)] + [[]]
    together = walk_many([(TrendState(), d) for d in streams], SETTINGS, look_steps=LOOK)
    assert together == [walk(TrendState(), d, SETTINGS, look_steps=LOOK) for d in streams]


def test_a_corrected_score_is_taken_out_of_the_evidence() -> None:
    deltas = stream(9)
    wrong = [delta_of(0.0, epoch_seconds=deltas[-1].step * 300.0, segment="a") for _ in range(400)]
    undone = [delta_of(0.0, epoch_seconds=deltas[-1].step * 300.0, segment="a", sign=-1) for _ in range(400)]
    state = fold(TrendState(), deltas)
    assert pytest.approx(scan(state, SETTINGS).T) == scan(fold(fold(state, wrong), undone), SETTINGS).T
    assert scan(fold(state, wrong), SETTINGS).T > scan(state, SETTINGS).T
