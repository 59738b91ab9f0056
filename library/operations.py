"""How a call itself went, as scores: failure, time, money and cut-off answers are trends like any judgement.

Every call that is recorded gets these scores by itself, from the evaluator `system`. Higher is better, as everywhere.
Time and money are put on a logarithmic scale: every doubling costs DOUBLING, whatever the model and the prompt, so
the same statistic sees them and no reference has to be kept.
"""

import math
from collections.abc import Mapping

SYSTEM, SYSTEM_REVISION = "system", "1"
ERROR = "error"
"""1.0 when the call went well, 0.0 when it failed."""
TRUNCATION = "truncation"
"""0.0 when the answer was cut off at the limit of tokens, 1.0 when it ended by itself."""
LATENCY = "latency"
COST = "cost"

RELATIVE = frozenset({LATENCY, COST})
"""Metrics on the logarithmic scale: a difference of DOUBLING is a factor of two."""

DOUBLING = 0.05
SHORTEST_MS = 1000.0
"""An answer within a second is quick, however quick: such calls score 1.0."""
CHEAPEST_USD = 1e-6

UPSTREAM = "model:"
"""Begins the name under which the scores of all prompts on one model are pooled; no prompt can be called so."""


def call_scores(
    *, failed: bool, latency_ms: float | None, cost: float | None, finish_reason: str | None
) -> Mapping[str, float]:
    """Scores of one call by metric; what is not known gets none, and a call that failed has no time or price."""
    scores = {ERROR: 0.0 if failed else 1.0}
    if failed:
        return scores
    if finish_reason is not None:
        scores[TRUNCATION] = 0.0 if finish_reason == "length" else 1.0
    if latency_ms is not None:
        scores[LATENCY] = _logarithmic(latency_ms, SHORTEST_MS)
    if cost is not None:
        scores[COST] = _logarithmic(cost, CHEAPEST_USD)
    return scores


def factor(difference: float) -> float:
    """How many times longer or dearer a lost difference of score is."""
    return float(2.0 ** (difference / DOUBLING))


def upstream_name(model: str) -> str:
    """The name under which the scores of a model are pooled."""
    return UPSTREAM + model


def _logarithmic(value: float, least: float) -> float:
    if not math.isfinite(value) or value <= least:
        return 1.0
    return max(0.0, 1.0 - DOUBLING * math.log2(value / least))
