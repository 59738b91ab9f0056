"""Evidence that a canary is worse which may be looked at after every score, and an interval for its gain likewise.

In a stratum (a segment in a stretch of time) the arms are a random split of the same traffic. If the versions are
equal, the deficit U = n2 m - (sum of the canary) has mean 0 and variance V = n1 n2 Q / (N (N - 1)), see
`health.bennett`, and deficits of successive strata add up to a martingale. So exp(w U - V (exp(w b) - 1 - w b) / b^2)
is, for every w > 0, expected to be 1 at most at any time (Bennett's inequality; for pass or fail it holds exactly,
because a hypergeometric count is a sum of independent ones: Vatutin and Mikhailov 1982), and so is its mean over many
w. Such an e-value exceeds 1 / alpha at any time whatever with a probability of at most alpha (Ville 1939). It is the
method of mixtures (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, Annals of Statistics 49). Means of
e-values are e-values, so segments and metrics share alpha by averaging.
"""

import math

import numpy as np

from policies.health.bennett import SMALLEST_RANGE, Floats

# The w that is mixed over, in units of 1 / standard deviation of a score. A version that is worse by d standard
# deviations is noticed soonest by a w near d: most weight is on small losses, the rest on disasters. Each part is half
# a normal law: (weight, scale). Nodes lie denser towards 0.
PARTS = ((0.85, 0.2), (0.15, 0.6))
LARGEST = 1.8
_PLACES = (np.arange(96) + 0.5) / 96
_NODES: Floats = LARGEST * _PLACES**2
_DENSITY: Floats = sum((k / scale * np.exp(-0.5 * (_NODES / scale) ** 2) for k, scale in PARTS), np.zeros(96))
_LOG_WEIGHTS: Floats = np.log(_DENSITY * _PLACES / np.sum(_DENSITY * _PLACES))
# Scores that hardly vary must not make w infinite.
SMALLEST_DEVIATION = 0.01


def log_e_value(deficit: float, variance: float, reach: float, deviation: float, spread: float) -> float:
    """Natural logarithm of the e-value that the canary is worse.

    reach: the largest amount that one score may fall short by; deviation: standard deviation of a score within strata;
    spread: design effect of clustered scores, at least 1.
    """
    b = max(reach, SMALLEST_RANGE)
    w = _NODES / max(deviation, SMALLEST_DEVIATION)
    exponents = (w * deficit - variance / (b * b) * (np.expm1(w * b) - w * b)) / spread
    return log_mean(exponents + _LOG_WEIGHTS)


def log_mean(weighted: Floats) -> float:
    """Logarithm of a sum of exponentials; of nothing at all minus infinity."""
    top = float(weighted.max(initial=-math.inf))
    return top if math.isinf(top) else top + math.log(float(np.exp(weighted - top).sum()))


def half_width(variance: float, sharpest: float, error: float) -> float:
    """Half width of the interval of a sum with this variance, two-sided, valid at all times together.

    The normal mixture (Robbins 1970), which for means of bounded scores holds asymptotically (Waudby-Smith, Arbour,
    Sinha, Kennedy and Ramdas 2024, Annals of Statistics 52). sharpest: the variance at which it is meant to be
    narrowest; error: the chance of ever missing.
    """
    prior = max(sharpest, 1e-12) / (2 * math.log(1 / error) + math.log(1 + 2 * math.log(1 / error)))
    total = variance + prior
    return math.sqrt(total * (math.log(total / prior) + 2 * math.log(1 / error)))
