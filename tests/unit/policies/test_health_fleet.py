"""Many prompts: alarms stay rare, and a sweep of all says what a scan of each would."""

from dataclasses import replace

import numpy as np
import pytest

from library.trends import TrendState, delta_of, fold
from policies.health.fleet import benjamini_hochberg, scan_many, tiers
from policies.health.scan import Evidence, ScanSettings, scan

SETTINGS = ScanSettings()
BASE = Evidence(status="healthy", T=0.0, h=10.0, p_value=1.0)


def found(p: float, effect: float = 0.1) -> Evidence:
    return replace(BASE, status="alarm" if p <= 0.01 else "watch", p_value=p, effect=effect)


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [
        ([], ()),
        ([0.2, 0.9], (False, False)),
        ([0.04, 0.01], (True, True)),  # 0.04 <= 5 % once the other is in the set
        ([0.04, 0.2, 0.01, 0.9], (False, False, True, False)),
        ([0.01, 0.01, 0.01], (True, True, True)),
    ],
)
def test_benjamini_hochberg(p_values: list[float], rejected: tuple[bool, ...]) -> None:
    assert benjamini_hochberg(p_values, 0.05) == rejected


def test_the_share_of_false_alarms_is_kept() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        p = np.concatenate([rng.random(90), rng.random(10) * 1e-4])
        hits = np.flatnonzero(benjamini_hochberg(p.tolist(), 0.05))
        shares.append(float(np.mean(hits < 90)))
    assert 0.02 < np.mean(shares) <= 0.06


def test_in_a_small_fleet_one_percent_is_asked_for() -> None:
    assert tiers([found(0.009)], SETTINGS) == ("alarm",)
    assert tiers([found(0.02)], SETTINGS) == ("watch",)
    assert tiers([found(0.009), *[BASE] * 8], SETTINGS)[0] == "watch"


def test_in_a_large_fleet_what_alarms_alone_is_only_watched() -> None:
    fleet = [found(0.009), found(1e-6), *[BASE] * 98]
    assert tiers(fleet, SETTINGS)[:3] == ("watch", "alarm", "healthy")


def test_a_common_cause_lowers_the_bar() -> None:
    assert tiers([*[found(0.009)] * 40, *[BASE] * 60], SETTINGS)[0] == "alarm"


def test_what_does_not_alarm_alone_is_not_promoted() -> None:
    fleet = [replace(found(1e-9), status="healthy"), replace(found(1e-9), status="watch"), *[BASE] * 30]
    assert tiers(fleet, SETTINGS)[:2] == ("healthy", "watch")


def test_a_sweep_says_what_a_scan_of_each_would() -> None:
    rng = np.random.default_rng(1)
    states, floors = [], []
    for i in range(300):
        n, segments = int(rng.integers(0, 900)), int(rng.integers(1, 5))
        drop = 0.4 if i % 7 == 0 else 0.0
        values = rng.random(n) < np.where(np.arange(n) > 500, 0.9 - drop, 0.9)
        states.append(
            fold(
                TrendState(),
                [
                    delta_of(float(v), epoch_seconds=60.0 * k, segment=str(int(rng.integers(segments))))
                    for k, v in enumerate(values)
                ],
            )
        )
        floors.append(0.85 if i % 3 == 0 else None)
    together = scan_many(states, SETTINGS, floors=floors)
    alone = [scan(state, SETTINGS, floor=floor) for state, floor in zip(states, floors, strict=True)]
    assert [e.status for e in together] == [e.status for e in alone]
    assert [e.T for e in together] == pytest.approx([e.T for e in alone])
    assert {e.status for e in together} >= {"learning", "healthy", "alarm"}
