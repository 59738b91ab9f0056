"""The ruling over the two arms of a canary."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from library.operations import call_scores
from policies.rollout import Arms, Cell, MetricArms, ReleaseTerms, Sums, judge

TERMS = ReleaseTerms(stage=0, min_scores=1000)


def sums(values):
    values = np.asarray(values, dtype=float)
    return Sums(n=len(values), total=float(values.sum()), squares=float((values * values).sum()))


def exactly(n, rate):
    """n verdicts of which exactly this share is good."""
    good = round(n * rate)
    return Sums(n=n, total=good, squares=good)


def stretches(control, canary, *, count=50, n=(380, 20), segment="all", stage=0, first=0, revision=""):
    """Equal stretches of time; the rates may be functions of the stretch."""

    def at(rate, k):
        return rate(k) if callable(rate) else rate

    return [
        Cell(
            segment=segment,
            start=first + k,
            stage=stage,
            revision=revision,
            control=exactly(n[0], at(control, k)),
            canary=exactly(n[1], at(canary, k)),
        )
        for k in range(count)
    ]


def score(*cells, metric="exact_match", **more):
    return MetricArms(metric=metric, cells=tuple(cell for some in cells for cell in some), **more)


def ruled(*cells, terms=TERMS, guards=()):
    return judge(Arms(score=score(*cells), guards=tuple(guards)), terms)


def test_an_equal_canary_stays_until_its_scores_are_in_and_then_goes_on():
    few = ruled(stretches(0.9, 0.9, count=49))
    assert (few.verdict, few.reason) == ("hold", "980 of 1,000 scored calls on this step")
    enough = ruled(stretches(0.9, 0.9, count=50))
    assert enough.verdict == "advance"
    assert enough.reason.startswith("nothing speaks against it after 1,000 scored calls on this step: exact_match ")
    assert (enough.gain, enough.n_control, enough.n_canary, enough.n_stage) == (0.0, 19_000, 1000, 1000)
    assert enough.low < 0 < enough.high


@pytest.mark.parametrize(("canary", "stretch"), [(0.85, 60), (0.8, 20), (0.7, 8), (0.0, 1)])
def test_a_worse_canary_goes_back_the_sooner_the_worse_it_is(canary, stretch):
    said = ruled(stretches(0.9, canary, count=stretch))
    assert said.verdict == "roll_back"
    assert said.evidence >= said.bar
    assert said.gain == pytest.approx(canary - 0.9, abs=1e-9)
    assert said.low <= said.gain < said.high
    assert said.high <= 0 or stretch == 1
    assert f"exact_match is {100 * (0.9 - canary):.1f} points worse (95 % interval " in said.reason
    assert said.reason.endswith(f"on {20 * stretch:,} calls against {380 * stretch:,}")


def test_a_loss_too_small_to_matter_is_released_once_a_larger_one_is_excluded():
    small = stretches(0.9, 0.885, count=3000, n=(400, 200))
    said = ruled(small)
    assert said.evidence > said.bar  # it is shown beyond doubt ...
    assert said.verdict == "advance"  # ... and smaller than what a person's time is worth
    assert ruled(small, terms=replace(TERMS, margin=0.01)).verdict == "roll_back"


def test_a_loss_that_may_be_chance_keeps_it_where_it_is():
    said = ruled(stretches(0.9, 0.875, count=60, n=(40, 40)))
    assert said.verdict == "hold"
    assert said.reason.startswith("in doubt: exact_match is 2.5 points worse")


def test_the_step_asks_for_scores_of_its_own():
    first = stretches(0.9, 0.9, count=100)
    second = stretches(0.9, 0.9, count=10, stage=1, first=100, n=(60, 20))
    said = ruled(first, second, terms=replace(TERMS, stage=1))
    assert (said.verdict, said.n_stage, said.n_canary) == ("hold", 200, 2200)


def test_without_a_control_nothing_goes_on():
    said = ruled(stretches(0.9, 0.9, count=60, n=(0, 20)))
    assert said.verdict == "hold"
    assert "only 0 of the control" in said.reason
    assert (said.gain, said.low, said.high) == (None, None, None)
    assert ruled().verdict == "hold"


def test_neither_a_drifting_mix_nor_a_bad_day_nor_a_larger_share_counts_against_it():
    """Simpson's trap: the hard segment grows while the canary's share does, so its overall mean falls far behind."""
    cells = []
    for stage, (n, days) in enumerate((((950, 50), 20), ((150, 50), 20), ((50, 50), 20))):
        for day in range(days):
            hard = (20 * stage + day) / 60
            bad_day = 0.2 if day == 7 else 0.0
            for segment, rate, part in (("easy", 0.96, 1 - hard), ("hard", 0.6, hard)):
                both = tuple(round(count * part) for count in n)
                here = {"segment": segment, "stage": stage, "first": 100 * stage + day}
                cells.append(stretches(rate - bad_day, rate - bad_day, count=1, n=both, **here))
    said = judge(Arms(score=score(*cells)), replace(TERMS, stage=2))
    total = [sum(getattr(c, arm).total for some in cells for c in some) for arm in ("control", "canary")]
    counts = [sum(getattr(c, arm).n for some in cells for c in some) for arm in ("control", "canary")]
    assert total[0] / counts[0] - total[1] / counts[1] > 0.09  # what a comparison of two means would say
    assert said.verdict == "advance"
    assert said.gain == pytest.approx(0.0, abs=0.01)


def test_a_segment_that_alone_is_harmed_is_named():
    said = ruled(
        stretches(0.9, 0.9, count=8, n=(3420, 180), segment="orders"),
        stretches(0.9, 0.4, count=8, n=(380, 20), segment="billing"),
    )
    assert (said.verdict, said.segment) == ("roll_back", "billing")
    assert "50.0 points worse" in said.reason
    assert "in segment billing" in said.reason
    assert [s.segment for s in said.readings[0].segments] == ["billing", "orders"]


def test_many_small_segments_share_one_name():
    cells = [stretches(0.9, 0.9, count=2, n=(40, 10 + k), segment=f"s{k:02}") for k in range(40)]
    named = [s.segment for s in ruled(*cells).readings[0].segments]
    assert len(named) == 20
    assert set(named) - {"other"} == {f"s{k:02}" for k in range(21, 40)}


def test_scores_of_two_revisions_of_a_judge_never_meet():
    strict = stretches(0.5, 0.5, count=30, n=(0, 20), revision="judge 2")
    mild = stretches(0.9, 0.9, count=30, n=(380, 0), revision="judge 1")
    said = ruled(strict, mild)
    assert (said.gain, said.evidence) == (None, pytest.approx(0.0))


def latency(rng, factor, count, tail=0.03):
    ms = 2000.0 * factor * np.exp(0.6 * rng.standard_normal(count)) * np.where(rng.random(count) < tail, 40.0, 1.0)
    return [call_scores(failed=False, latency_ms=t, cost=None, finish_reason=None)["latency"] for t in ms]


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "advance"), (1.15, "advance"), (2.0, "roll_back")])
def test_time_guards_on_its_own_scale_whatever_its_tails(factor, verdict):
    rng = np.random.default_rng(4)
    cells = [
        Cell(
            segment="all",
            start=k,
            control=sums(latency(rng, 1.0, 200)),
            canary=sums(latency(rng, factor, 20, tail=0.05)),
        )
        for k in range(60)
    ]
    said = ruled(stretches(0.9, 0.9, count=60), guards=[score(cells, metric="latency")])
    assert said.verdict == verdict
    if verdict == "roll_back":
        assert said.metric == "latency"
        assert "times that of the control" in said.reason


def test_a_metric_of_which_less_is_better_guards_in_its_own_direction():
    rising = score(stretches(0.02, 0.12, count=60), metric="refusals", direction="down")
    falling = score(stretches(0.12, 0.02, count=60), metric="refusals", direction="down")
    worse, better = (ruled(stretches(0.9, 0.9, count=60), guards=[guard]) for guard in (rising, falling))
    assert (worse.verdict, worse.metric) == ("roll_back", "refusals")
    assert better.verdict == "advance"
    shown = better.readings[1]
    assert (shown.control, shown.canary) == (pytest.approx(0.13, abs=0.02), pytest.approx(0.0, abs=0.02))
    assert shown.gain == pytest.approx(shown.control - shown.canary)


def test_a_guard_never_carries_a_release_on():
    better = score(stretches(0.5, 0.9, count=100), metric="error")
    assert ruled(stretches(0.9, 0.9, count=10), guards=[better]).verdict == "hold"


def test_the_order_of_cells_does_not_matter_and_the_ruling_is_plain_json():
    cells = stretches(0.9, 0.86, count=60) + stretches(0.8, 0.8, count=60, segment="b")
    shuffled = [cells[k] for k in np.random.default_rng(1).permutation(len(cells))]
    assert ruled(cells) == ruled(shuffled)
    assert json.loads(json.dumps(asdict(ruled(cells)), allow_nan=False))["verdict"] == ruled(cells).verdict
    json.dumps(asdict(ruled()), allow_nan=False)


def test_clustered_scores_weigh_less():
    """Sessions of ten calls with one verdict: the same means and numbers, a tenth of the information."""
    rng = np.random.default_rng(11)

    def cells(size):
        def arm(n, rate):
            return sums(np.repeat(rng.random(n // size) < rate, size))

        return [Cell(segment="all", start=k, control=arm(400, 0.9), canary=arm(200, 0.85)) for k in range(40)]

    alone, grouped = ruled(cells(1)), ruled(cells(10))
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert alone.verdict == "roll_back"
    assert grouped.evidence < alone.evidence / 3
