"""Runs a prompt over items and scores the answers, in parallel, within a budget, in an order that never varies."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from library.calls import Caps
from library.datasets import Item
from library.errors import InputError, PromptkeeperError
from library.prompts import Content
from library.templates import render, variables
from tools.errors import ProviderError
from tools.metrics.judgement import Metric, expected_of
from tools.models import Model, Paced, Reply, Request
from tools.scoring import Judges, judged_by

OutcomeKind = Literal["scored", "refused", "format_error", "judge_error", "infra_error"]

COUNTING: frozenset[OutcomeKind] = frozenset({"scored", "refused", "format_error"})
"""Outcomes that say something about the prompt; the others are excluded and reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item in one repetition.

    score: the one that counts, in [0, 1]; None where the outcome does not count. scores: by every metric that judged,
    by name. The rest is the reply's; cost in US dollars, None when unknown, latency in milliseconds.
    """

    item_id: str
    repeat: int
    kind: OutcomeKind
    score: float | None
    output: str
    reason: str
    scores: Mapping[str, float] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    latency_ms: float = 0.0
    response_model: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it may enter a mean or a comparison."""
        return self.kind in COUNTING


@dataclass(frozen=True, slots=True)
class _Question:
    """One call to make: its place in the result, the item and the request."""

    place: int
    item: Item
    request: Request


async def evaluate(
    content: Content,
    items: Sequence[Item],
    *,
    model: Model,
    metrics: Sequence[Metric],
    scope: str,
    caps: Caps,
    max_parallel: int,
    weights: Mapping[str, float] | None = None,
    repeats: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Outcome, ...]:
    """One outcome per item and repetition, ordered by item, then repetition, whatever order the answers came in.

    weights: of the scores that make the one that counts, by name, adding up to 1; None: the first metric's alone.

    At most max_parallel calls are sent and not yet committed, so a kill can cost at most that many twice. A model that
    counts them itself is handed a few questions more, which get their reservations while calls are on their way.
    One item that fails is an outcome. BudgetSpent, wrong use
    and failures that every other call would share (a refused key, an unknown model) end the evaluation: no further
    question is taken up, those that were finish and stay in the ledger, and the error is raised. progress: (finished,
    total) after each call.
    """
    if not metrics:
        raise InputError("there is no metric to score with", f"evaluation of {len(items)} items", "Name one.")
    for metric in metrics:
        if metric.needs_expected:
            for item in items:
                expected_of(item, metric.name)
    judges = Judges(metrics=metrics, weights=weights or {metrics[0].name: 1.0})
    questions = _questions(content, items, repeats)
    outcomes: list[Outcome | None] = [None] * len(questions)
    waiting = iter(questions)
    fatal: list[PromptkeeperError] = []
    finished = 0

    async def work() -> None:
        nonlocal finished
        while not fatal and (question := next(waiting, None)) is not None:
            try:
                outcomes[question.place] = await _outcome(question, model, judges, scope, caps)
            except PromptkeeperError as error:
                fatal.append(error)
                return
            finished += 1
            if progress is not None:
                progress(finished, len(questions))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(_width(model, max_parallel), len(questions))):
            group.create_task(work())
    if fatal:
        raise fatal[0]
    return tuple(outcome for outcome in outcomes if outcome is not None)


def mean(outcomes: Sequence[Outcome]) -> float | None:
    """The mean score of the outcomes that count; None when there is none."""
    scores = [one.score for one in outcomes if one.counts and one.score is not None]
    return sum(scores) / len(scores) if scores else None


def excluded(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes that say nothing about the prompt: failures of providers and judges."""
    return tuple(one for one in outcomes if not one.counts)


def _width(model: Model, max_parallel: int) -> int:
    """Questions to keep open. Without those that wait for a reservation every commit would leave a slot idle."""
    if isinstance(model, Paced) and model.max_parallel <= max_parallel:
        return model.max_parallel + max(1, model.max_parallel // 4)
    return max(1, max_parallel)


def _questions(content: Content, items: Sequence[Item], repeats: int) -> list[_Question]:
    """Every request, rendered before the first one is paid for, so that a missing variable costs nothing."""
    wanted = variables(content)
    asked = ((item, _request(content, item, wanted, repeat)) for item in items for repeat in range(repeats))
    return [_Question(place, item, request) for place, (item, request) in enumerate(asked)]


def _request(content: Content, item: Item, wanted: Sequence[str], repeat: int) -> Request:
    # Data may hold more fields than this prompt reads; a field it reads and the data lacks is an error.
    missing = [name for name in wanted if name not in item.inputs]
    if missing:
        raise InputError(
            f"item {item.id} has no value for variable {', '.join(missing)}",
            f"dataset {item.dataset}",
            f"Its inputs are {', '.join(sorted(item.inputs)) or 'empty'}; add the value or rename the variable.",
        )
    messages = render(content, {name: item.inputs[name] for name in wanted}, f"item {item.id}")
    return Request(messages=messages, config=content.config, repeat=repeat)


async def _outcome(question: _Question, model: Model, judges: Judges, scope: str, caps: Caps) -> Outcome:
    try:
        reply = await model.complete(question.request, scope=scope, caps=caps)
    except ProviderError as error:
        if error.hopeless:
            raise
        return _unanswered(question, str(error))
    whole, scores = await judged_by(judges, reply, question.item)
    if whole.kind == "judge_error":
        return _with_reply(question, "judge_error", None, whole.reason, reply, scores)
    return _with_reply(question, whole.kind, whole.score, whole.reason, reply, scores)


def _unanswered(question: _Question, reason: str) -> Outcome:
    item_id, repeat = question.item.id, question.request.repeat
    return Outcome(item_id=item_id, repeat=repeat, kind="infra_error", score=None, output="", reason=reason)


def _with_reply(
    question: _Question,
    kind: OutcomeKind,
    score: float | None,
    reason: str,
    reply: Reply,
    scores: Mapping[str, float],
) -> Outcome:
    return Outcome(
        item_id=question.item.id,
        repeat=question.request.repeat,
        kind=kind,
        score=score,
        output=reply.text,
        reason=reason,
        scores=scores,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cost=reply.cost,
        latency_ms=reply.latency_ms,
        response_model=reply.response_model,
    )
