"""A slow decline is dated from its beginning; a sudden drop keeps the onset it has."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from library.trends import Delta, TrendState, fold
from policies.health.gradual import gradual_since
from policies.health.refine import refined
from policies.health.scan import Evidence, ScanSettings, walk

SETTINGS = ScanSettings()
# Grid steps, with ten scores in each.
PER_STEP, CHANGE, LENGTH = 10, 300, 500
SEEDS = range(8)

Mean = Callable[[int, str], float]


def step(at: int, segment: str) -> float:
    return 0.9 if at < CHANGE else 0.75


def slope(at: int, segment: str) -> float:
    return 0.9 - 0.2 * min(max(at - CHANGE, 0) / LENGTH, 1.0)


def stream(seed: int, steps: int, mean: Mean, segments: tuple[str, ...] = ("all",)) -> list[Delta]:
    rng = np.random.default_rng(seed)
    found = []
    for at in range(steps):
        for segment in segments:
            total = float(rng.binomial(PER_STEP, mean(at, segment)))
            low, high = float(total == PER_STEP), float(total > 0)
            found.append(Delta(segment=segment, step=at, n=PER_STEP, sum=total, sumsq=total, low=low, high=high))
    return found


def told(seed: int, steps: int, mean: Mean, segments: tuple[str, ...] = ("all",)) -> Evidence:
    state, _ = walk(TrendState(), stream(seed, steps, mean, segments), SETTINGS, look_steps=3, until_step=steps + 3)
    found = refined(state, SETTINGS)
    assert found is not None
    assert found.onset_step is not None
    return found


def first_alarm(seed: int, mean: Mean) -> tuple[TrendState, Evidence]:
    state = TrendState()
    for at in range(CHANGE, CHANGE + 4 * LENGTH, 3):
        state, _ = walk(TrendState(), stream(seed, at, mean), SETTINGS, look_steps=3, until_step=at)
        found = refined(state, SETTINGS)
        if found is not None:
            return state, found
    raise AssertionError("no alarm")


def test_a_sudden_drop_keeps_its_onset_and_is_not_called_gradual() -> None:
    found = [told(seed, CHANGE + 300, step) for seed in SEEDS]
    assert np.median([abs((one.onset_step or 0) - CHANGE) for one in found]) <= 3
    assert [one.gradual_since for one in found].count(None) >= len(SEEDS) - 1


def test_while_the_alarm_is_young_both_dates_are_told_and_the_gradual_one_is_earlier() -> None:
    early = [first_alarm(seed, step)[1] for seed in SEEDS[:4]]
    both = [one for one in early if one.gradual_since is not None]
    assert both
    assert all((one.gradual_since or 0) < (one.onset_step or 0) for one in both)


@pytest.mark.parametrize("after", [LENGTH, 2 * LENGTH], ids=["still falling", "fallen and at rest"])
def test_a_slow_decline_is_dated_from_its_beginning(after: int) -> None:
    found = [told(seed, CHANGE + after, slope) for seed in SEEDS]
    dated = [one for one in found if one.gradual_since is not None]
    assert len(dated) >= len(SEEDS) - 1
    gradual = [abs((one.gradual_since or 0) - CHANGE) for one in dated]
    sudden = [abs((one.onset_step or 0) - CHANGE) for one in dated]
    assert np.median(gradual) <= 60
    assert np.median(gradual) < np.median(sudden)


def test_the_date_is_that_of_the_segment_that_fell() -> None:
    def one_falls(at: int, segment: str) -> float:
        return slope(at, segment) if segment == "billing" else 0.9

    deltas = stream(1, CHANGE + LENGTH, one_falls, ("billing", "account", "cards"))
    state = fold(TrendState(), deltas)
    billing = gradual_since(state, SETTINGS, segment="billing")
    assert billing is not None
    assert abs(billing - CHANGE) <= 100
    alone = replace(state, segments={"billing": state.segments["billing"]})
    assert billing == gradual_since(alone, SETTINGS)


def test_a_shift_of_the_mix_does_not_make_a_sudden_drop_gradual() -> None:
    """Traffic moves little by little to the segment with the lower score; each of them drops at once."""
    rng = np.random.default_rng(4)
    deltas = []
    for at in range(800):
        hard = int(rng.binomial(PER_STEP, 0.1 + 0.8 * at / 800))
        for segment, n, mean in (("hard", hard, 0.6), ("easy", PER_STEP - hard, 0.95)):
            total = float(rng.binomial(n, mean - 0.1 * (at >= CHANGE)))
            if n:
                deltas.append(Delta(segment=segment, step=at, n=n, sum=total, sumsq=total, low=0.0, high=1.0))
    merged = [replace(d, segment="all") for d in deltas]
    assert gradual_since(fold(TrendState(), merged), SETTINGS) is not None
    assert gradual_since(fold(TrendState(), deltas), SETTINGS) is None


def test_nothing_is_dated_without_a_past_or_without_a_fall() -> None:
    assert gradual_since(TrendState(), SETTINGS) is None
    assert gradual_since(fold(TrendState(), stream(1, 20, step)), SETTINGS) is None
    rising = fold(TrendState(), stream(2, 600, lambda at, segment: 0.6 if at < CHANGE else 0.9))
    assert gradual_since(rising, SETTINGS) is None
    state, _ = walk(TrendState(), stream(3, 600, lambda at, segment: 0.9), SETTINGS, look_steps=3)
    assert refined(state, SETTINGS) is None
