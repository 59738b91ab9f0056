"""Puts one reply before every metric, and makes one judgement of what they say."""

import asyncio
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace

from library.datasets import Item
from tools.errors import ProviderError
from tools.metrics.bill import OfCall
from tools.metrics.judgement import Judgement, JudgementKind, Metric, failed
from tools.metrics.refusal import is_refusal
from tools.models import Reply

LONGEST_REASON = 300  # characters
FILTERED = "content_filter"
"""The finish reason of an answer that the provider withheld."""
CUT = "length"
"""The finish reason of an answer that ran into max_tokens; one that breaks off earlier never gets here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """Who judges an answer: every metric, and by score name the weight of those that make the score that counts."""

    metrics: Sequence[Metric]
    weights: Mapping[str, float]


async def judged_by(judges: Judges, reply: Reply, item: Item) -> tuple[Judgement, dict[str, float]]:
    """The judgement that counts, and every metric's own score by name; metrics that failed have none.

    A weighted metric that fails makes the whole one a `judge_error`. Raises hopeless ProviderErrors and InputError.
    """
    judged = {metric.name: await _judge(metric, reply, item) for metric in judges.metrics}
    whole = _weighed([(name, weight, judged[name]) for name, weight in judges.weights.items()])
    return whole, {name: said.score for name, said in judged.items() if said.score is not None}


def _weighed(judged: Sequence[tuple[str, float, Judgement]]) -> Judgement:
    """The one judgement that several make; without one of them there is none, since the others would count for more."""
    if len(judged) == 1:
        return judged[0][2]
    for name, _, said in judged:
        if said.score is None:
            return failed(f"{name}: {said.reason}")
    score = math.fsum(weight * (said.score or 0.0) for _, weight, said in judged)
    kinds: list[JudgementKind] = [said.kind for _, _, said in judged if said.kind != "scored"]
    reason = "; ".join(f"{name} {said.score:.2f}: {said.reason}" for name, _, said in judged)
    # Rounded, so that full marks on every metric are 1 and not the next number below it.
    return Judgement(
        score=min(1.0, round(score, 12)), kind=kinds[0] if kinds else "scored", reason=reason[:LONGEST_REASON]
    )


async def _judge(metric: Metric, reply: Reply, item: Item) -> Judgement:
    try:
        judgement = await _asked(metric, reply, item)
    except ProviderError as error:
        if error.hopeless:
            raise
        return failed(str(error))
    # A metric may want a refusal; only an answer that it gives nothing for is called one.
    if judgement.score == 0.0 and (reply.finish_reason == FILTERED or is_refusal(reply.text)):
        return Judgement(score=0.0, kind="refused", reason="refused")
    if judgement.score == 0.0 and reply.finish_reason == CUT:
        return replace(judgement, kind="format_error", reason=f"cut off at max_tokens; {judgement.reason}")
    return judgement


async def _asked(metric: Metric, reply: Reply, item: Item) -> Judgement:
    if isinstance(metric, OfCall):
        return metric.judge_call(latency_ms=reply.latency_ms, cost=reply.cost)
    if getattr(metric, "off_loop", False):
        said = await asyncio.to_thread(metric.judge, reply.text, item)
    else:
        said = metric.judge(reply.text, item)
    return await said if isinstance(said, Awaitable) else said
