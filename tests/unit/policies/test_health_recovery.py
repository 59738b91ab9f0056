"""An incident is over when the newest scores are back, in the scope that was blamed."""

import random
from collections.abc import Callable

import pytest

from library.trends import TrendState, delta_of
from policies.health.recovery import recovery
from policies.health.scan import ScanSettings, walk

SETTINGS = ScanSettings()
MINUTES = 60.0


def run(mean: Callable[[int, str], float], scores: int = 6_000) -> TrendState:
    rng = random.Random(11)
    deltas = []
    for i in range(scores):
        segment = rng.choice(["account", "account", "account", "billing"])
        deltas.append(delta_of(float(rng.random() < mean(i, segment)), epoch_seconds=i * MINUTES, segment=segment))
    return walk(TrendState(), deltas, SETTINGS, look_steps=3, until_step=scores)[0]


def test_back_at_the_old_level() -> None:
    state = run(lambda i, s: 0.6 if 3_000 <= i < 4_000 else 0.9)
    found = recovery(state, SETTINGS, since_step=4_500 // 5)
    assert found.recovered
    assert found.n == pytest.approx(1_500, abs=100)
    assert found.effect_low is not None
    assert found.effect_high is not None
    assert found.effect_low < 0 < found.effect_high
    assert not recovery(state, SETTINGS, since_step=0).recovered


def test_still_down() -> None:
    found = recovery(run(lambda i, s: 0.6 if i >= 3_000 else 0.9), SETTINGS, since_step=4_500 // 5)
    assert not found.recovered
    assert found.effect == pytest.approx(0.3, abs=0.05)


def test_only_the_blamed_segment_counts() -> None:
    def mean(i: int, segment: str) -> float:
        if segment == "billing":
            return 0.4 if i >= 3_000 else 0.9
        return 0.99 if i >= 4_000 else 0.9

    state = run(mean)
    assert state.latch is not None
    assert state.latch.segment == "billing"
    assert not recovery(state, SETTINGS, since_step=4_500 // 5).recovered


@pytest.mark.parametrize("since", [10**6, 5_990 // 5])
def test_too_few_new_scores_prove_nothing(since: int) -> None:
    state = run(lambda i, s: 0.6 if 3_000 <= i < 4_000 else 0.9)
    assert not recovery(state, SETTINGS, since_step=since).recovered


def test_without_an_alarm_nothing_has_recovered() -> None:
    state = run(lambda i, s: 0.9, scores=1_000)
    assert state.latch is None
    assert not recovery(state, SETTINGS, since_step=0).recovered
