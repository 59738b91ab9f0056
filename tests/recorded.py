"""Traces, scores and items as production would record them, and the check that trends agree with what is stored."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from library.datasets import Item, item_id, normalised, role_for
from library.operations import call_scores, upstream_name
from library.scores import Score
from library.store.stores import Library
from library.traces import Trace
from library.trends import OTHER, TrendState, fold, step_of

START = datetime(2026, 6, 1, 8, tzinfo=UTC)


def trace(id: str, *, minutes: float = 0.0, prompt: str = "support/triage", version: int = 1, **more) -> Trace:
    return Trace(id=id, ts=START + timedelta(minutes=minutes), prompt=prompt, version=version, **more)


def score(trace_id: str, value: float, *, name: str = "exact_match", revision: str = "1", **more) -> Score:
    said = {"source": "programmatic", "evaluator": name, "ts": START} | more
    return Score(trace_id=trace_id, name=name, value=value, revision=revision, **said)


def item(message: str, *, prompt: str = "support/triage", dataset: str = "golden", **more) -> Item:
    inputs = {"message": message}
    group = normalised(inputs)
    said = {"role": role_for(prompt, group), "expected": "billing", "group": group, "created_at": START} | more
    return Item(id=item_id(prompt, dataset, inputs), prompt=prompt, dataset=dataset, inputs=inputs, **said)


def sums_of_trends(library: Library) -> dict[tuple, tuple[int, float]]:
    """(n, sum) per prompt, version, metric, evaluator, revision, segment and step, from deltas not folded yet."""
    found: dict[tuple, tuple[int, float]] = {}
    for change in library.trends.changed():
        s = change.series
        for delta in change.deltas:
            where = (s.prompt, s.version, s.metric, s.evaluator, s.revision, delta.segment, delta.step)
            n, total = found.get(where, (0, 0.0))
            found[where] = (n + delta.n, round(total + delta.sum, 9))
    return {where: sums for where, sums in found.items() if sums != (0, 0.0)}


def sums_of_scores(library: Library) -> dict[tuple, tuple[int, float]]:
    """The same sums, counted from the traces and scores themselves."""
    judged: list[tuple] = []
    for t in library.traces.list(limit=None):
        own = call_scores(
            failed=t.error is not None, latency_ms=t.latency_ms, cost=t.cost, finish_reason=t.finish_reason
        )
        home = (t.prompt, t.version, t.segment or OTHER)
        judged += [(t, *home, name, "system", "1", value) for name, value in own.items()]
        for s in library.traces.scores(t.id):
            judged.append((t, *home, s.name, s.evaluator, s.revision, s.value))
            if t.model:
                judged.append((t, upstream_name(t.model), 0, t.prompt, s.name, s.evaluator, s.revision, s.value))
    found: dict[tuple, tuple[int, float]] = {}
    for t, prompt, version, segment, name, evaluator, revision, value in judged:
        step = step_of(t.ts.timestamp())
        where = (prompt, version, name, evaluator, revision, segment, step)
        n, total = found.get(where, (0, 0.0))
        found[where] = (n + 1, round(total + value, 9))
    return found


def sweep(library: Library) -> tuple[int, ...]:
    """Fold everything that is pending, as a sweep does; the series that another one was faster with."""
    changes = library.trends.changed()
    return library.trends.commit([(c.series.id, fold(c.state, c.deltas), c.upto) for c in changes])


def folded(library: Library, metric: str = "exact_match") -> TrendState:
    """The stored state of the one series of a metric."""
    ((_, state),) = library.trends.series(metric=metric)
    return state


def ids(traces: Iterable[Trace]) -> list[str]:
    return [t.id for t in traces]
