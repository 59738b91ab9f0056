"""The bucket scan: quiet where nothing changed, and right about since when, how much and where."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from library.trends import GRID_SECONDS, Delta, Looks, TrendState, delta_of, fold
from policies.health.bennett import chernoff, dispersion
from policies.health.evidence import bar, p_value
from policies.health.fleet import walk_many
from policies.health.scan import Evidence, ScanSettings, scan, segment_table, walk

SETTINGS = ScanSettings()
FIFTEEN_MINUTES = 3
SEGMENTS = {"account": 0.6, "billing": 0.1, "cards": 0.3}

Mean = Callable[[int, str], float]


def stream(seed: int, scores: int, mean: Mean, shares: dict[str, float] | None = None) -> list[Delta]:
    """Binary scores, one every 30 seconds on average; mean(i, segment) is the chance of a 1."""
    rng = np.random.default_rng(seed)
    shares = shares or {"account": 1.0}
    clock = np.cumsum(rng.exponential(30, scores))
    segments = rng.choice(list(shares), scores, p=list(shares.values()))
    return [
        delta_of(float(rng.random() < mean(i, str(s))), epoch_seconds=float(t), segment=str(s))
        for i, (t, s) in enumerate(zip(clock, segments, strict=True))
    ]


def watch(deltas: list[Delta], settings: ScanSettings = SETTINGS, floor: float | None = None) -> Evidence:
    """One sweep, a while after the last score."""
    until = deltas[-1].step + FIFTEEN_MINUTES
    return walk(TrendState(), deltas, settings, look_steps=FIFTEEN_MINUTES, until_step=until, floor=floor)[1]


def watch_all(streams: list[list[Delta]]) -> list[Evidence]:
    series = [(TrendState(), deltas) for deltas in streams]
    return [found for _, found in walk_many(series, SETTINGS, look_steps=FIFTEEN_MINUTES)]


def scores_before(deltas: list[Delta], step: int) -> int:
    return sum(d.step < step for d in deltas)


def test_healthy_streams_rarely_alarm() -> None:
    streams = [stream(seed, 5_000, lambda i, s: 0.9) for seed in range(60)]
    # The promise is 1 % over a week; three of sixty would have probability 0.02 even at 1 % exactly.
    assert [found.status for found in watch_all(streams)].count("alarm") <= 2


def test_a_change_of_mix_is_not_a_drop() -> None:
    means = {"account": 0.95, "billing": 0.7}

    def shifting(seed: int) -> list[Delta]:
        first = stream(seed, 3_000, lambda i, s: means[s], {"account": 0.9, "billing": 0.1})
        then = stream(seed + 1, 3_000, lambda i, s: means[s], {"account": 0.6, "billing": 0.4})
        return first + [replace(d, step=d.step + first[-1].step + 1) for d in then]

    streams = [shifting(seed) for seed in range(0, 20, 2)]
    assert [found.status for found in watch_all(streams)].count("alarm") == 0
    untagged = [[replace(d, segment="") for d in deltas] for deltas in streams]
    assert [found.status for found in watch_all(untagged)].count("alarm") == len(streams)


def test_a_drop_is_found_with_its_onset_and_size() -> None:
    delays, errors, effects = [], [], []
    streams = [stream(seed, 4_000, lambda i, s: 0.9 if i < 3_000 else 0.8) for seed in range(20)]
    for deltas, found in zip(streams, watch_all(streams), strict=True):
        assert found.status == "alarm"
        assert found.onset_step is not None
        assert found.detected_step is not None
        assert found.effect is not None
        delays.append(scores_before(deltas, found.detected_step + 1) - 3_000)
        errors.append(abs(scores_before(deltas, found.onset_step) - 3_000))
        effects.append(found.effect)
        assert found.segment is None
    assert min(delays) > 0
    assert np.median(delays) <= 400
    assert np.median(errors) <= 50
    assert np.median(effects) == pytest.approx(0.1, abs=0.03)


def test_the_segment_that_collapsed_is_named_and_the_others_are_unchanged() -> None:
    named, covered = 0, 0
    streams = [
        stream(seed, 4_000, lambda i, s: 0.4 if s == "billing" and i >= 3_000 else 0.9, SEGMENTS) for seed in range(20)
    ]
    for found in watch_all(streams):
        assert found.status == "alarm"
        named += found.segment == "billing"
        assert found.segments[0].segment == "billing"
        account = next(row for row in found.segments if row.segment == "account")
        assert account.low is not None
        assert account.high is not None
        covered += account.low <= 0 <= account.high
        assert account.high - account.low < 0.12
    assert named >= 19
    assert covered >= 17


def test_a_slow_decline_is_found() -> None:
    found = watch(stream(5, 12_000, lambda i, s: 0.9 - 0.1 * min(max(i - 3_000, 0) / 5_000, 1)))
    assert found.status == "alarm"
    assert found.effect is not None
    assert found.effect > 0.05


def test_a_gain_is_no_alarm() -> None:
    found = watch(stream(6, 5_000, lambda i, s: 0.7 if i < 2_500 else 0.95))
    assert found.status == "healthy"


def test_a_drop_too_small_to_matter_is_no_alarm() -> None:
    deltas = stream(7, 5_000, lambda i, s: 0.9 if i < 2_500 else 0.75)
    assert watch(deltas).status == "alarm"
    assert watch(deltas, ScanSettings(min_effect=0.3)).status == "healthy"


def test_a_young_version_learns_and_is_checked_against_its_target_only() -> None:
    bad = stream(8, 250, lambda i, s: 0.7)
    assert watch(bad).status == "learning"
    found = watch(bad, floor=0.9)
    assert found.status == "alarm"
    assert found.floor
    assert found.before == pytest.approx(0.9)
    assert watch(stream(9, 250, lambda i, s: 0.9), floor=0.9).status == "learning"


def test_the_target_is_no_longer_checked_when_the_version_has_grown_up() -> None:
    settings = ScanSettings(floor_scores=400)
    deltas = stream(10, 3_000, lambda i, s: 0.85)
    state = fold(TrendState(), deltas)
    assert scan(state, settings, floor=0.95).status == "healthy"
    assert scan(state, ScanSettings(floor_scores=4_000), floor=0.95).status == "alarm"


def test_a_young_version_that_gets_worse_is_found_by_its_target() -> None:
    def series(onset: int) -> list[tuple[TrendState, list[Delta]]]:
        means: Mean = lambda i, s: 0.9 if i < onset else 0.8  # noqa: E731
        return [(TrendState(), stream(100 + seed, 1_500, means)) for seed in range(12)]

    def sweep(streams: list[tuple[TrendState, list[Delta]]], floor: float | None) -> list[Evidence]:
        walked = walk_many(streams, SETTINGS, look_steps=FIFTEEN_MINUTES, floors=[floor] * len(streams))
        return [found for _, found in walked]

    early = series(300)
    found = sweep(early, 0.9)
    assert all(one.status == "alarm" for one in found)
    delays = [
        scores_before(deltas, (one.detected_step or 0) + 1) - 300 for (_, deltas), one in zip(early, found, strict=True)
    ]
    assert np.median(delays) <= 350
    assert sum(one.status == "alarm" for one in sweep(early, None)) < len(early)
    assert not any(one.status == "alarm" for one in sweep(series(10**6), 0.9))


def test_the_evidence_against_a_target_is_exact_for_pass_or_fail_and_one_failure_is_no_proof() -> None:
    exact = 200 * (0.8 * math.log(0.8 / 0.9) + 0.2 * math.log(0.2 / 0.1))
    given = chernoff(np.array([160.0, 180.0, 190.0, 0.0]), np.array([200.0, 200.0, 200.0, 0.0]), np.array(0.9))
    assert given == pytest.approx([exact, 0.0, 0.0, 0.0], abs=1e-9)
    assert float(chernoff(np.array(0.0), np.array(1.0), np.array(1.0))) < 7


def test_the_noise_of_independent_scores_costs_little_and_clusters_are_believed_early() -> None:
    assert dispersion(Looks()) == 1.0
    # Half a standard error above 1 is what chance does all the time.
    assert dispersion(Looks(spread=1.07 * 166, spread_n=166, spread_top=5.0)) < 1.05
    assert dispersion(Looks(spread=0.6 * 30, spread_n=30, spread_top=5.0)) < 1.1
    assert dispersion(Looks(spread=2.8 * 20, spread_n=20, spread_top=9.0)) > 2.5
    assert dispersion(Looks(spread=2.6 * 300, spread_n=300, spread_top=9.0)) == pytest.approx(3.0, abs=0.05)
    shifted = dispersion(Looks(spread=100.0 + 25.0, spread_n=101, spread_top=25.0))
    assert shifted < dispersion(Looks(spread=100.0 + 25.0, spread_n=101, spread_top=5.0))
    assert shifted < 1.1


def test_repeated_verdicts_count_as_one() -> None:
    """Every verdict comes in a burst of six: without the dispersion every stream would look like it changes."""

    def clustered(seed: int) -> list[Delta]:
        singles = stream(seed, 1_000, lambda i, s: 0.9)
        return [delta_of(d.sum, epoch_seconds=(6 * d.step + k) * 50, segment=None) for d in singles for k in range(6)]

    assert [found.status for found in watch_all([clustered(seed) for seed in range(20)])].count("alarm") <= 5


@pytest.mark.parametrize("law", ["constant", "empty", "one step"])
def test_degenerate_series_are_quiet(law: str) -> None:
    deltas = {
        "constant": [delta_of(1.0, epoch_seconds=i * 60.0, segment=None) for i in range(2_000)],
        "empty": [],
        "one step": [delta_of(float(i % 2), epoch_seconds=0.0, segment=None) for i in range(2_000)],
    }[law]
    found = scan(fold(TrendState(), deltas), SETTINGS)
    assert found.status == ("learning" if law == "empty" else "healthy")
    assert pytest.approx(0.0, abs=1e-6) == found.T
    assert found.p_value == 1.0


def test_a_spotless_past_makes_the_first_failures_evidence() -> None:
    deltas = [delta_of(float(i < 1_000), epoch_seconds=i * 60.0, segment=None) for i in range(1_030)]
    found = watch(deltas)
    assert found.status == "alarm"
    assert found.onset_step == 1_000 * 60 // GRID_SECONDS
    assert found.before == pytest.approx(1.0, abs=0.05)
    assert found.after == pytest.approx(0.0, abs=0.05)


def test_a_segment_table_has_rows_for_segments_seen_on_one_side_only() -> None:
    deltas = [delta_of(1.0, epoch_seconds=i * 300.0, segment="old" if i < 10 else "new") for i in range(20)]
    rows = {row.segment: row for row in segment_table(fold(TrendState(), deltas), 10, SETTINGS)}
    assert (rows["old"].n_before, rows["old"].n_after, rows["old"].after) == (10, 0, None)
    assert (rows["new"].before, rows["new"].difference, rows["new"].low) == (None, None, None)


def test_small_spotless_samples_do_not_claim_certainty() -> None:
    deltas = [delta_of(1.0, epoch_seconds=i * 300.0, segment="a") for i in range(20)]
    (row,) = segment_table(fold(TrendState(), deltas), 15, SETTINGS)
    assert row.difference == 0
    assert row.low is not None
    assert row.low < -0.2


def test_the_bar_and_the_p_value_say_the_same() -> None:
    h = bar(0.01, 400)
    assert h == pytest.approx(math.log(0.5 * 400 / 0.01))
    assert p_value(h, 400) == pytest.approx(0.01)
    assert p_value(0.0, 400) == 1.0
