"""The adapter that is measured and the backtest that users run say the same of the same streams."""

import numpy as np
import pytest

from benchmarks.drift_adapter import Alarm, make
from policies.health.backtest import Backtest, PastAlarm, Scored
from policies.rulebook import read_rulebook

HEALTH = read_rulebook(None, "shipped").health
CHECK, CHANGE, LENGTH = 50, 1_500, 2_500
NAMES = ("code", "chat", "billing")
SEEDS = range(4)

Stream = tuple[list[float], list[int], list[float]]


def stream(seed: int, kind: str) -> Stream:
    """Binary scores, one every 30 seconds on average; half-way through all fall, or one segment does, or none."""
    rng = np.random.default_rng([seed, len(kind)])
    segments = rng.choice(3, LENGTH, p=[0.6, 0.3, 0.1])
    late = np.arange(LENGTH) >= CHANGE
    fall = {"everywhere": 0.2 * late, "one segment": 0.6 * (late & (segments == 2)), "nothing": 0.0 * late}[kind]
    scores = (rng.random(LENGTH) < 0.9 - fall).astype(float)
    return scores.tolist(), segments.tolist(), np.cumsum(rng.exponential(30.0, LENGTH)).tolist()


def by_adapter(given: Stream) -> tuple[int, Alarm] | None:
    detector = make(baseline=None, n_base=HEALTH.n_base, n_seg=len(NAMES))
    for at in range(0, LENGTH, CHECK):
        found = detector.update(*(column[at : at + CHECK] for column in given))
        if found is not None:
            return at + CHECK, found
    return None


def by_backtest(given: Stream) -> PastAlarm | None:
    run = Backtest(HEALTH.settings, look_steps=HEALTH.look_steps)
    for row, (score, segment, ts) in enumerate(zip(*given, strict=True)):
        run.add(Scored(row=row, ts=ts, scored_at=ts, prompt="p", segment=str(segment), score=score))
    return next(iter(run.alarms()), None)


@pytest.mark.parametrize("kind", ["everywhere", "one segment"])
def test_both_alarm_at_the_same_look_with_the_same_onset_and_segment(kind: str) -> None:
    for seed in SEEDS:
        given = stream(seed, kind)
        one, other = by_adapter(given), by_backtest(given)
        assert one is not None
        assert other is not None
        seen, alarm = one
        # A look needs the first score of a later group; the adapter tells of it at the end of its fifty.
        assert seen - CHECK < other.at_score + 2 <= seen
        assert alarm.onset == other.onset_score
        assert (None if alarm.segment is None else str(alarm.segment)) == other.segment
        assert alarm.effect == pytest.approx(other.effect, abs=0.1)
        assert other.at_score >= CHANGE


def test_both_are_quiet_where_nothing_falls() -> None:
    given = [stream(seed, "nothing") for seed in SEEDS]
    assert [by_adapter(one) for one in given] == [by_backtest(one) for one in given] == [None] * len(given)
