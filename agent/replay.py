"""Replay: run the live version over real inputs and record traces and scores as if they had come live."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.judging import metric_for
from agent.services import Services, in_thread
from agent.steps.monitor import sweep
from library.datasets import Item
from library.errors import Outage
from library.prompts import Version
from library.scores import Score
from library.traces import Trace
from tools.evaluation import Outcome, evaluate
from tools.judge import Asked
from tools.metrics.judgement import Metric

BATCH = 512
SOURCE = "replay"
EVALUATOR = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One row to replay: when it came in, and what would have been right."""

    id: str
    ts: datetime
    inputs: dict[str, str]
    expected: str
    segment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCount:
    """What came of a replay so far."""

    rows: int
    traces: int
    scores: int
    errors: int
    mean: float | None


def batches(rows: Sequence[Replayed], every: timedelta | None) -> Iterator[tuple[datetime | None, list[Replayed]]]:
    """Rows in order of time; with `every`, cut where the stream's own clock passes a multiple of it.

    Yields (clock, rows): the clock is the end of the span when it is complete, None in the middle of one.
    """
    ordered = sorted(rows, key=lambda r: (r.ts, r.id))
    at = 0
    while at < len(ordered):
        end = _boundary(ordered[at].ts, every) if every is not None else None
        upto = at
        while upto < len(ordered) and upto - at < BATCH and (end is None or ordered[upto].ts < end):
            upto += 1
        complete = end is not None and (upto == len(ordered) or ordered[upto].ts >= end)
        yield (end if complete else None), ordered[at:upto]
        at = upto


def _boundary(ts: datetime, every: timedelta) -> datetime:
    seconds = every.total_seconds()
    return datetime.fromtimestamp((ts.timestamp() // seconds + 1) * seconds, UTC)


async def replay(
    services: Services, version: Version, rows: Sequence[Replayed], *, every: timedelta | None, scope: str
) -> AsyncIterator[ReplayCount]:
    """Run the version over the rows, record, sweep where the clock says so; yields the counts after each batch.

    A call that failed is counted and not recorded. Running it again records what is missing and nothing twice.
    """
    prompt = await in_thread(services.library.prompts.get, version.prompt)
    metric = metric_for(services, prompt, prompt.metrics[0], scope=scope, caps=services.caps)
    total = ReplayCount(rows=0, traces=0, scores=0, errors=0, mean=None)
    lost = 0.0
    for clock, batch in batches(rows, every):
        items = [_item(version, row) for row in batch]
        outcomes = await evaluate(
            version.content,
            items,
            model=services.student,
            metrics=[metric],
            scope=scope,
            caps=services.caps,
            max_parallel=services.max_parallel,
        )
        if batch and all(o.kind == "infra_error" for o in outcomes):
            # A dead provider is no month of bad answers: what was replayed stays, the rest waits for it to come back.
            mend = "Run the replay again when it answers: it goes on from here."
            raise Outage(f"every call of a batch failed ({outcomes[0].reason})", services.student.name, mend)
        # A call that failed now says nothing about the month that is replayed: it is left for the next try.
        answered = [(row, o) for row, o in zip(batch, outcomes, strict=True) if o.kind != "infra_error"]
        traces = [_trace(version, row, o, services.student.name) for row, o in answered]
        known = [_score(row, o, metric) for row, o in answered if o.score is not None]
        added = await in_thread(services.library.traces.add, traces, known)
        if clock is not None:
            rules = services.rulebook.health
            await in_thread(sweep, services.library, rules, now=clock, prompts=[version.prompt], until=clock)
        lost += sum(s.value for s in known)
        count = total.scores + len(known)
        total = ReplayCount(
            rows=total.rows + len(batch),
            traces=total.traces + added.traces,
            scores=count,
            errors=total.errors + sum(o.score is None for o in outcomes),
            mean=lost / count if count else None,
        )
        yield total


def _item(version: Version, row: Replayed) -> Item:
    return Item(
        id=row.id,
        prompt=version.prompt,
        dataset=SOURCE,
        role="select",
        inputs=row.inputs,
        expected=row.expected,
        segment=row.segment,
        created_at=row.ts,
    )


def _trace(version: Version, row: Replayed, outcome: Outcome, model: str) -> Trace:
    return Trace(
        id=row.id,
        ts=row.ts,
        prompt=version.prompt,
        version=version.number,
        inputs=row.inputs,
        output=outcome.output,
        expected=row.expected,
        expected_source=SOURCE,
        segment=row.segment,
        model=model,
        response_model=outcome.response_model,
        latency_ms=outcome.latency_ms,
        tokens_in=outcome.tokens_in,
        tokens_out=outcome.tokens_out,
        cost=outcome.cost,
    )


def _score(row: Replayed, outcome: Outcome, metric: Metric) -> Score:
    return Score(
        trace_id=row.id,
        name=metric.name,
        value=outcome.score or 0.0,
        source="judge" if isinstance(metric, Asked) else "programmatic",
        evaluator=metric.evaluator if isinstance(metric, Asked) else EVALUATOR,
        revision=metric.revision,
        ts=row.ts,
        comment=outcome.reason[:200] if outcome.kind != "scored" else "",
    )
