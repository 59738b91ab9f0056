"""The judge's sample, within a budget of its own: newest traces first, failures typed, nothing paid for twice."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.judging import metric_for
from agent.sampling.arriving import item_of
from agent.sampling.keeping import keep
from agent.services import Services, in_thread
from library.errors import BudgetSpent, InputError, PromptkeeperError
from library.prompts import Prompt
from library.scores import Score
from library.store.online import ONLINE, ScoreTask
from library.traces import Trace
from tools.errors import FaultKind, ProviderError
from tools.judge import Asked
from tools.metrics.judged import NAME as JUDGE

BATCH = 32
LEASE = timedelta(hours=1)
"""Longer than a batch can take with every retry: until then nobody else asks about the same traces."""
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=6)
SHARED: frozenset[FaultKind] = frozenset({"auth", "not_found", "wrong_model"})
"""Failures that every other trace would share."""
FINAL: frozenset[FaultKind] = frozenset({"bad_answer", "bad_request"})
"""Failures of this one trace: asking again would bring the same."""
SETTINGS = {"usd_per_cycle": "usd_online_per_day", "calls_per_cycle": "calls_online_per_day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """What the judge did; the fields are those of `OnlineCount`."""

    scores: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    let_go: int = 0
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One task and what became of it: a score, an error, or None where there is nothing left to judge."""

    task: ScoreTask
    result: Score | PromptkeeperError | None


def scope_of(day: str) -> str:
    """The ledger scope that pays for judging live traffic on a UTC day."""
    return ONLINE + day


async def grade(services: Services, *, prompts: Sequence[str] = (), until: datetime | None = None) -> Graded:
    """Ask the judge about due traces until none is left, the time is up, the budget is spent or the judge is down."""
    let_go = await in_thread(services.library.online.expire, now=services.now())
    scores: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    stopped = None
    while services.judge is not None and stopped is None:
        if until is not None and services.now() >= until:
            break
        tasks = await in_thread(_claim, services, prompts)
        if not tasks:
            break
        asked = await _ask(services, tasks)
        scores.update(one.result.name for one in asked if isinstance(one.result, Score))
        failures.update(one.result.kind for one in asked if isinstance(one.result, ProviderError))
        stopped = await in_thread(_settle, services, asked)
        services.progress("asking the judge", sum(scores.values()))
    return Graded(scores=scores, failures=failures, let_go=let_go, stopped=stopped)


def _claim(services: Services, prompts: Sequence[str]) -> tuple[ScoreTask, ...]:
    online = services.library.online
    return online.claim(repeats=False, now=services.now(), lease=LEASE, limit=BATCH, prompts=prompts)


async def _ask(services: Services, tasks: Sequence[ScoreTask]) -> list[_Asked]:
    online = services.library.online
    traces = {trace.id: trace for trace in await in_thread(online.traces, [task.trace_id for task in tasks])}
    known = await in_thread(online.scores, list(traces))
    prompts = {name: await in_thread(services.library.prompts.get, name) for name in {t.prompt for t in tasks}}
    return await asyncio.gather(
        *(_one(services, t, prompts[t.prompt], traces.get(t.trace_id), known.get(t.trace_id, ())) for t in tasks)
    )


async def _one(
    services: Services, task: ScoreTask, prompt: Prompt, trace: Trace | None, known: Sequence[Score]
) -> _Asked:
    metric = _metric(services, prompt, task)
    if trace is None or metric is None:
        return _Asked(task, None)
    if any((s.name, s.evaluator, s.revision) == (metric.name, metric.evaluator, metric.revision) for s in known):
        return _Asked(task, None)
    try:
        said = await metric.judge(trace.output or "", item_of(trace))
    except (ProviderError, BudgetSpent, InputError) as error:
        return _Asked(task, error)
    score = Score(
        trace_id=trace.id,
        name=metric.name,
        value=said.score or 0.0,
        source="judge",
        evaluator=metric.evaluator,
        revision=metric.revision,
        ts=services.now(),
        comment=said.reason,
    )
    return _Asked(task, score)


def _metric(services: Services, prompt: Prompt, task: ScoreTask) -> Asked | None:
    """The judge's metric that a task names; None when the prompt has it no more."""
    for spec in prompt.metrics:
        if spec.get("name") != JUDGE:
            continue
        try:
            metric = metric_for(services, prompt, spec, scope=scope_of(task.day or ""), caps=services.online_caps)
        except InputError:
            continue
        if isinstance(metric, Asked) and metric.name == task.task:
            return metric
    return None


def _settle(services: Services, asked: Sequence[_Asked]) -> str | None:
    """Write down what became of the tasks; why the judge must not be asked further in this round, if so."""
    online, now = services.library.online, services.now()
    keep(services.library, [one.result for one in asked if isinstance(one.result, Score)])
    blocked = [one for one in asked if _blocks(one.result)]
    later = [one.task for one in asked if _worth_waiting(one, services.rulebook.online.judge_tries)]
    kept = {id(one.task) for one in blocked} | {id(task) for task in later}
    online.drop([one.task for one in asked if id(one.task) not in kept])
    online.put_back([one.task for one in blocked], due_at=now, tried=False)
    for task in later:
        online.put_back([task], due_at=now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** (task.tries - 1)), tried=True)
    # A task of yesterday that a crash left behind may find yesterday's budget spent; today's may still be there.
    today = now.date().isoformat()
    stopping = [one for one in blocked if not isinstance(one.result, BudgetSpent) or one.task.day == today]
    if not stopping and later and len(later) == len(asked):
        return _said(asked[0].result)
    return _said(stopping[0].result) if stopping else None


def _blocks(result: Score | PromptkeeperError | None) -> bool:
    return isinstance(result, BudgetSpent | InputError) or (isinstance(result, ProviderError) and result.kind in SHARED)


def _worth_waiting(one: _Asked, tries: int) -> bool:
    failed = isinstance(one.result, ProviderError) and one.result.kind not in SHARED | FINAL
    return failed and one.task.tries < tries


def _said(result: Score | PromptkeeperError | None) -> str:
    """The error in one line, with the setting that is really meant: the ledger knows the caps of cycles by name."""
    if not isinstance(result, PromptkeeperError):
        return ""
    place, mend = result.place, result.mend
    for usual, own in SETTINGS.items():
        place, mend = place.replace(usual, own), mend.replace(usual, own)
    return str(PromptkeeperError(result.thing, place, mend))
