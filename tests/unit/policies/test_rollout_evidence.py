"""The e-value behind a ruling keeps what it promises: on average at most one, and rarely ever large."""

import math

import numpy as np
import pytest

from policies.rollout_evidence import half_width, log_e_value

RUNS, LOOKS = 2000, 60


def walks(rate, sizes, seed):
    """Deficit and variance of RUNS equal canaries after each of LOOKS strata."""
    rng = np.random.default_rng(seed)
    n1, n2 = sizes
    x1, x2 = rng.binomial(n1, rate, (RUNS, LOOKS)), rng.binomial(n2, rate, (RUNS, LOOKS))
    N, X = n1 + n2, x1 + x2
    variance = n1 * n2 * X * (N - X) / (N * N * (N - 1))
    return (n2 * X / N - x2).cumsum(1), variance.cumsum(1)


@pytest.mark.parametrize("rate", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("sizes", [(380, 20), (20, 20)])
def test_equal_versions_are_rarely_ever_accused_and_on_average_by_nothing(rate, sizes):
    deficit, variance = walks(rate, sizes, seed=7)
    deviation = math.sqrt(rate * (1 - rate))
    found = np.array(
        [
            [log_e_value(d, v, 1.0, deviation, 1.0) for d, v in zip(ds[::6], vs[::6], strict=True)]
            for ds, vs in zip(deficit[:600], variance[:600], strict=True)
        ]
    )
    assert np.exp(found[:, -1]).mean() <= 1.0 + 4 * np.exp(found[:, -1]).std() / math.sqrt(len(found))
    assert (found.max(1) >= math.log(1 / 0.05)).mean() <= 0.05
    assert (found.max(1) >= math.log(1 / 0.2)).mean() <= 0.2


def test_no_difference_is_no_evidence_and_extremes_stay_finite():
    assert log_e_value(0.0, 0.0, 0.0, 0.0, 1.0) == pytest.approx(0.0)
    assert log_e_value(-1e6, 1e5, 1.0, 0.3, 1.0) < 0
    assert math.isfinite(log_e_value(-1e9, 1e9, 1.0, 0.01, 1.0))
    assert math.isfinite(log_e_value(1e7, 1e6, 1.0, 0.3, 1.0))
    assert log_e_value(60.0, 90.0, 1.0, 0.3, 4.0) < log_e_value(60.0, 90.0, 1.0, 0.3, 1.0)


def test_the_interval_holds_the_truth_at_all_looks_together():
    deficit, variance = walks(0.9, (60, 20), seed=3)
    half = np.vectorize(lambda v: half_width(v, 60.0, 0.05))(variance[:800])
    missed = (np.abs(deficit[:800]) > half).any(1).mean()
    assert missed <= 0.05
    assert half[0, -1] < 4.5 * math.sqrt(variance[0, -1])
