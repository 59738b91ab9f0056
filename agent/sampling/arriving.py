"""Looking at traces for the first time: metrics without a reference at once, the judge's sample into its queue."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from agent.sampling.sessions import read_sessions
from agent.services import Services
from library.datasets import Item
from library.errors import InputError, NotFound
from library.scores import Score
from library.store.online import ScoreTask
from library.traces import Trace
from policies.sampling import sampled
from tools.metrics.judged import Judged
from tools.metrics.judgement import Judgement, Metric
from tools.metrics.opening import open_metric, share_of
from tools.metrics.refusal import Answered

EVALUATOR = "online"
LONGEST_COMMENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of looking at traces. failures: judgements that came to nothing, by kind; they leave no score."""

    traces: int
    scores: tuple[Score, ...]
    tasks: tuple[ScoreTask, ...]
    failures: Mapping[str, int]


def look(services: Services, name: str, traces: Sequence[Trace]) -> Looked:
    """Score the new traces of one prompt as far as that can be done now, and say what they still wait for."""
    scores, tasks = read_sessions(services, traces)
    failures: Counter[str] = Counter()
    answered = [trace for trace in traces if has_answer(trace)]
    known = services.library.online.scores([trace.id for trace in answered])
    wanted = [
        (metric, [trace for trace in answered if sampled(trace.id, metric.name, share)])
        for metric, share in _metrics(services, name, failures)
    ]
    if all(metric.name != Answered.name for metric, _ in wanted):
        # Refusals guard a release in steps, whatever the prompt is judged by.
        wanted.append((Answered(), [trace for trace in answered if trace.arm is not None]))
    for metric, chosen in wanted:
        if isinstance(metric, Judged):
            tasks += [_task(services, trace, metric.name) for trace in chosen if services.judge is not None]
            continue
        fresh = [trace for trace in chosen if not _scored_already(known.get(trace.id, ()), metric)]
        judged = [_score(services, trace, metric) for trace in fresh]
        scores += [score for score in judged if score is not None]
        failures["judge_error"] += sum(score is None for score in judged)
    return Looked(traces=len(traces), scores=tuple(scores), tasks=tuple(tasks), failures=+failures)


def has_answer(trace: Trace) -> bool:
    """Whether there is an output to judge: a call that failed says nothing about the prompt."""
    return trace.output is not None and trace.error is None


def item_of(trace: Trace) -> Item:
    """The trace as a metric sees it: what was asked, and no expected answer."""
    return Item(
        id=trace.id,
        prompt=trace.prompt,
        dataset=EVALUATOR,
        role="select",
        inputs=trace.inputs,
        expected=None,
        segment=trace.segment,
        created_at=trace.ts,
    )


def _metrics(services: Services, name: str, failures: Counter[str]) -> Iterator[tuple[Metric, float]]:
    """The prompt's metrics that need no reference, with the share of traffic that each one judges."""
    try:
        prompt = services.library.prompts.get(name)
    except NotFound:
        return
    for spec in prompt.metrics:
        try:
            metric = open_metric(spec)
            share = share_of(spec, services.rulebook.online.judge_share if isinstance(metric, Judged) else 1.0)
        except InputError:
            failures["unreadable_metric"] += 1
            continue
        if not metric.needs_expected:
            yield metric, share


def _scored_already(known: Iterable[Score], metric: Metric) -> bool:
    """Whether somebody (a replay, the application itself) has given exactly this score before."""
    return any((s.name, s.source, s.revision) == (metric.name, "programmatic", metric.revision) for s in known)


def _score(services: Services, trace: Trace, metric: Metric) -> Score | None:
    said = metric.judge(trace.output or "", item_of(trace))
    if not isinstance(said, Judgement) or said.score is None:
        return None
    return Score(
        trace_id=trace.id,
        name=metric.name,
        value=said.score,
        source="programmatic",
        evaluator=EVALUATOR,
        revision=metric.revision,
        ts=services.now(),
        comment="" if said.score == 1.0 else said.reason[:LONGEST_COMMENT],
    )


def _task(services: Services, trace: Trace, metric: str) -> ScoreTask:
    now = services.now()
    expires_at = now + timedelta(hours=services.rulebook.online.judge_hours)
    return ScoreTask(
        trace_id=trace.id, task=metric, prompt=trace.prompt, ts=trace.ts, due_at=now, expires_at=expires_at
    )
