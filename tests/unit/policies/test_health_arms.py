"""A canary beside its control: worse is found, a bad hour or another mix of traffic is not held against it."""

import numpy as np
import pytest

from library.trends import Delta, TrendState, delta_of, fold
from policies.health.arms import ArmsEvidence, compare_arms
from policies.health.scan import ScanSettings

SETTINGS = ScanSettings()
MEANS = {"account": 0.95, "billing": 0.7}


def run(seed: int, *, drop: float = 0.0, billing_drop: float = 0.0, hours: int = 100) -> ArmsEvidence:
    """A tenth of the traffic goes to the canary; both arms lose 0.2 every other day, the canary sees more billing."""
    rng = np.random.default_rng(seed)
    control: list[Delta] = []
    canary: list[Delta] = []
    for minute in range(60 * hours):
        to_canary = rng.random() < 0.1
        segment = "billing" if rng.random() < (0.6 if to_canary else 0.2) else "account"
        mean = MEANS[segment] - 0.2 * (minute // 1440 % 2)
        if to_canary:
            mean -= drop + (billing_drop if segment == "billing" else 0.0)
        score = delta_of(float(rng.random() < mean), epoch_seconds=60.0 * minute, segment=segment)
        (canary if to_canary else control).append(score)
    return compare_arms(fold(TrendState(), control), fold(TrendState(), canary), SETTINGS)


def test_an_equal_canary_is_not_worse() -> None:
    found = [run(seed) for seed in range(10)]
    assert not any(e.worse for e in found)
    inside = [
        e.effect_low <= 0 <= e.effect_high for e in found if e.effect_low is not None and e.effect_high is not None
    ]
    assert sum(inside) >= 8


def test_a_worse_canary_is_found_with_the_size_of_the_loss() -> None:
    found = [run(seed, drop=0.2) for seed in range(10)]
    assert sum(e.worse for e in found) >= 9
    assert np.median([e.effect for e in found if e.effect is not None]) == pytest.approx(0.2, abs=0.03)
    assert all(e.p_value < SETTINGS.alpha for e in found if e.worse)


def test_the_segment_that_lost_leads_the_table() -> None:
    found = run(3, billing_drop=0.3)
    assert found.worse
    assert found.segments[0].segment == "billing"
    account = found.segments[1]
    assert account.low is not None
    assert account.high is not None
    assert account.low <= 0.0 <= account.high


def test_a_better_canary_is_not_worse() -> None:
    found = run(4, drop=-0.05)
    assert not found.worse
    assert found.effect is not None
    assert found.effect < 0


def test_only_traffic_since_the_canary_began_is_compared() -> None:
    past = [delta_of(1.0, epoch_seconds=60.0 * i, segment="account") for i in range(3_000)]
    both = [delta_of(float(i % 2), epoch_seconds=60.0 * i, segment="account") for i in range(6_000, 8_000)]
    found = compare_arms(fold(TrendState(), past + both), fold(TrendState(), both), SETTINGS)
    assert found.n_canary == 2_000
    assert 1_900 <= found.n_control <= 2_000  # a bucket that reaches back before the canary is left out
    assert found.effect == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("empty", ["control", "canary", "both"])
def test_without_shared_traffic_nothing_is_claimed(empty: str) -> None:
    some = fold(TrendState(), [delta_of(0.5, epoch_seconds=60.0 * i, segment=None) for i in range(100)])
    found = compare_arms(
        TrendState() if empty in ("control", "both") else some,
        TrendState() if empty in ("canary", "both") else some,
        SETTINGS,
    )
    assert (found.worse, found.T, found.p_value, found.effect) == (False, 0.0, 1.0, None)
