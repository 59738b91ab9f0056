"""The judged calls around an onset, read from the library."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from library.incidents import Degradation, Incident
from library.operations import RELATIVE, SYSTEM, SYSTEM_REVISION, call_scores
from library.scores import Score
from library.store.stores import Library
from library.traces import Trace
from policies.causes.calls import Call, Sides, call_of
from policies.harvest import evenly
from policies.rulebook import DiagnosisRules

FEWEST = 30  # calls before an onset without which a version's own past says nothing
LOOKBACK_DAYS = 30

Judged = tuple[tuple[Trace, Score], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The judged calls of an incident, oldest first, on both sides of the onset.

    failed: calls without an answer that nobody scored. revisions: (before, after) where another evaluator or another
    revision of it judges since the onset; else None. witnesses: trace id -> what other evaluators made of it.
    begun, the first call of a version without a past of its own, takes the place of the onset: before it stands what
    was live then.
    """

    before: Judged
    after: Judged
    failed: tuple[Trace, ...] = ()
    revisions: tuple[str, str] | None = None
    witnesses: Mapping[str, float] = field(default_factory=dict)
    begun: datetime | None = None


def traffic_of(library: Library, incident: Incident, *, lookback_days: int = LOOKBACK_DAYS) -> Traffic:
    """Read the calls around an incident."""
    seen = incident.degradation
    since = seen.onset - timedelta(days=lookback_days)
    metric, judged = _judged(library, incident, since)
    own = tuple(p for p in judged if metric != seen.metric or _by(p[1], seen))
    mine = tuple(p for p in own if p[0].version == incident.version)
    begun = _begun(mine, own, seen)
    onset = begun or seen.onset
    before = tuple(p for p in (own if begun else mine) if p[0].ts < onset)
    revisions = None
    if len(before) < FEWEST and metric == seen.metric:
        before = tuple(p for p in judged if p[0].ts < onset)
        revisions = _revisions(before, seen)
    known, versions = {t.id for t, _ in judged}, {t.version for t, _ in before}
    return Traffic(
        before=before,
        after=tuple(p for p in mine if p[0].ts >= onset),
        failed=tuple(
            t
            for t in library.traces.list(incident.prompt, since=since, limit=None, newest_first=False)
            if t.error is not None
            and t.id not in known
            and (t.version in versions if t.ts < onset else t.version == incident.version)
        ),
        begun=begun,
        revisions=revisions,
        witnesses=_witnesses(library, incident, metric, since, {s.evaluator for _, s in own}),
    )


def newest_of(library: Library, prompt: str, limit: int) -> Judged:
    """The judged calls of the prompt among its newest `limit` calls, of whatever version, oldest first."""
    calls = library.traces.list(prompt, limit=limit)
    if not calls:
        return ()
    metric = str(library.prompts.get(prompt).metrics[0]["name"])
    return library.traces.scored(prompt, metric=metric, since=calls[-1].ts)


def _begun(mine: Judged, own: Judged, seen: Degradation) -> datetime | None:
    """When a version without a past of its own began to answer, where another one answered before; else None."""
    if not mine or not (seen.floor or sum(t.ts < seen.onset for t, _ in mine) < FEWEST):
        return None
    first = mine[0][0].ts
    return first if sum(t.ts < first for t, _ in own) >= FEWEST else None


def _judged(library: Library, incident: Incident, since: datetime) -> tuple[str, Judged]:
    """(metric, calls judged by it): the incident's own, the prompt's first one for calls that failed or were cut off.

    Where nobody judges answers, how the call itself went is all there is.
    """
    seen, name = incident.degradation, incident.prompt
    metric = seen.metric if seen.evaluator != SYSTEM else str(library.prompts.get(name).metrics[0]["name"])
    judged = () if is_relative(seen) else library.traces.scored(name, metric=metric, since=since)
    if any(t.version == incident.version for t, _ in judged):
        return metric, judged
    calls = library.traces.list(name, since=since, limit=None, newest_first=False)
    return seen.metric, tuple((t, score) for t in calls if (score := _of_call(t, seen)) is not None)


def is_relative(seen: Degradation) -> bool:
    """Whether it is about the time or the price of calls, not about their answers."""
    return seen.evaluator == SYSTEM and seen.metric in RELATIVE


def _of_call(trace: Trace, seen: Degradation) -> Score | None:
    """How a call went, as the library scored it by itself when it came."""
    scores = call_scores(
        failed=trace.error is not None,
        latency_ms=trace.latency_ms,
        cost=trace.cost,
        finish_reason=trace.finish_reason,
    )
    if seen.metric not in scores:
        return None
    return Score(
        trace_id=trace.id,
        name=seen.metric,
        value=scores[seen.metric],
        source="programmatic",
        evaluator=SYSTEM,
        revision=SYSTEM_REVISION,
        ts=trace.ts,
        comment=trace.error.type if trace.error else "",
    )


def _witnesses(
    library: Library, incident: Incident, metric: str, since: datetime, judges: set[str]
) -> dict[str, float]:
    """Mean score that other evaluators, or other metrics, gave to each trace."""
    given: dict[str, list[float]] = defaultdict(list)
    series = library.trends.series(incident.prompt, version=incident.version)
    for name in sorted({s.metric for s, _ in series if s.evaluator != SYSTEM}):
        for trace, score in library.traces.scored(incident.prompt, metric=name, since=since):
            if trace.error is None and (name != metric or score.evaluator not in judges):
                given[trace.id].append(score.value)
    return {id: sum(values) / len(values) for id, values in given.items()}


def _by(score: Score, seen: Degradation) -> bool:
    return (score.evaluator, score.revision) == (seen.evaluator, seen.revision)


def _revisions(before: Judged, seen: Degradation) -> tuple[str, str] | None:
    if not before:
        return None
    last, now = before[-1][1], f"{seen.evaluator} {seen.revision}"
    was = f"{last.evaluator} {last.revision}"
    return (was, now) if was != now else None


def sides_of(traffic: Traffic, seen: Degradation, rules: DiagnosisRules) -> Sides:
    """The calls to compare: at most so many on each side, of the segment to blame, away from the onset's interval."""
    judged = [call_of(t, s, traffic.witnesses.get(t.id)) for t, s in (*traffic.before, *traffic.after)]
    calls = sorted([*judged, *(call_of(t, None) for t in traffic.failed)], key=lambda c: (c.ts, c.id))
    onset, inside = traffic.begun or seen.onset, [c for c in calls if c.segment == seen.segment]
    narrow = sum(c.ts < onset for c in inside) >= FEWEST
    mine = inside if narrow else calls
    before, after = [c for c in mine if c.ts < onset], [c for c in mine if c.ts >= onset]
    others = [c for c in calls if c.segment != seen.segment] if narrow else []
    elsewhere, beside = [c for c in others if c.ts < onset], [c for c in others if c.ts >= onset]
    if traffic.begun is None:
        before, after = _clear(before, before=seen.onset_earliest), _clear(after, since=seen.onset_latest)
        beside = _clear(beside, since=seen.onset_latest)
    return Sides(
        before=tuple(evenly(before, rules.max_calls)),
        after=tuple(evenly(after, rules.max_calls)),
        elsewhere=tuple(evenly(elsewhere, rules.max_calls)),
        beside=tuple(evenly(beside, rules.max_calls)),
    )


def _clear(calls: list[Call], *, since: datetime | None = None, before: datetime | None = None) -> list[Call]:
    """Calls outside the interval of the onset, unless most calls lie in it."""
    clear = [c for c in calls if (since is None or c.ts >= since) and (before is None or c.ts < before)]
    return clear if 2 * len(clear) >= len(calls) else calls
