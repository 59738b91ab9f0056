"""The life of incidents as the scores write it: opened, refreshed, resolved when the scores are back, regressed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from operator import attrgetter

from library.errors import Refused
from library.incidents import ACTIVE, AlsoDegraded, Degradation, Incident, SegmentChange, Upstream
from library.operations import ERROR, SYSTEM, UPSTREAM
from library.prompts import Actor
from library.scores import Series
from library.store.stores import Library
from library.trends import GRID_SECONDS, TrendState, reset_before, reset_between, step_of
from policies.health.evidence import Evidence, ScanSettings
from policies.health.refine import refined
from policies.health.regained import regained
from policies.health.upstream import fell_together

NEW_NORMAL = "accepted as the new normal"
SCORES_CAME_BACK = "the scores came back"
MAY_CLOSE = frozenset({"open", "regressed"})
"""States in which an incident ends by itself; while a cycle or a reviewer works on it, they decide."""

Pooled = Sequence[tuple[Series, TrendState]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarming:
    """A series of a live version that alarms, with its latched state; settings and floor: what it was judged by."""

    series: Series
    state: TrendState
    settings: ScanSettings
    floor: float | None = None


def record(
    library: Library, alarms: Sequence[Alarming], known: Sequence[Incident], *, now: datetime
) -> dict[int, Incident]:
    """Open or refresh the incidents of what alarms, one active incident for each version; by series id.

    known: all incidents of these prompts, newest first.
    """
    alarms, known = _without_regained(library, alarms, known, now=now)
    if not alarms:
        return {}
    pooled = library.fleet.pooled()
    fresh: list[tuple[list[Alarming], Degradation]] = []
    newer: dict[int, tuple[list[Alarming], Degradation]] = {}
    found: dict[int, Incident] = {}
    order = attrgetter("series.prompt", "series.version")
    for (prompt, version), members in groupby(sorted(alarms, key=order), key=order):
        group = list(members)
        mine = [i for i in known if i.prompt == prompt and i.version == version]
        seen = [_degradation(a, pooled) for a in group]
        active = next((i for i in mine if i.state in ACTIVE), None)
        if active is not None:
            newer[active.id] = (group, _merged(library, prompt, active.degradation, seen))
            continue
        loud = [d for d in seen if not _dismissed(d, mine)]
        if not loud:
            continue
        first = _merged(library, prompt, None, loud)
        before = next((i for i in mine if i.state == "resolved" and _same_failure(i.degradation, first)), None)
        if before is None:
            fresh.append((group, first))
        else:
            back = library.incidents.come_back(before.id, first, now=now)
            found |= {a.series.id: back for a in group}
    opened = [(g[0].series.prompt, g[0].series.version, d) for g, d in fresh]
    for (group, _), incident in zip(fresh, library.incidents.open_all(opened, now=now) if opened else (), strict=True):
        found |= {a.series.id: incident for a in group}
    refreshed = library.incidents.refresh_all({id: d for id, (_, d) in newer.items()}) if newer else ()
    for incident in refreshed:
        found |= {a.series.id: incident for a in newer[incident.id][0]}
    return found


def _without_regained(
    library: Library, alarms: Sequence[Alarming], known: Sequence[Incident], *, now: datetime
) -> tuple[list[Alarming], Sequence[Incident]]:
    """Let go of versions that are back at the level of the one they replaced: they have no own past to come back to.

    Gives the other alarms, and all incidents as they stand then.
    """
    left, over = [], []
    for alarm in alarms:
        since = _regained(alarm) if may_close(alarm.series, known) else None
        if since is None:
            left.append(alarm)
            continue
        over.append(alarm.series)
        library.trends.rewrite([alarm.series], partial(_forgotten, since=since))
    if not over:
        return left, known
    resolve(library, over, known, now=now)
    return left, library.incidents.of({a.series.prompt for a in alarms})


def _regained(alarm: Alarming) -> int | None:
    if alarm.floor is None:
        return None
    seen = refined(alarm.state, alarm.settings, floor=alarm.floor)
    if seen is None or seen.effect is None:
        return None
    return regained(alarm.state, alarm.settings, floor=alarm.floor, drop=seen.effect)


def _forgotten(state: TrendState, *, since: int) -> TrendState:
    """The state without the bad stretch that ended at a step."""
    return state if state.latch is None else reset_between(state, state.latch.onset_step, since - 1)


def resolve(library: Library, over: Iterable[Series], known: Sequence[Incident], *, now: datetime) -> None:
    """Close the incidents of series whose scores are back, and take such series out of the others."""
    for series in over:
        key = (series.metric, series.evaluator, series.revision)
        for incident in known:
            if (incident.prompt, incident.version) != (series.prompt, series.version) or incident.state not in ACTIVE:
                continue
            seen = incident.degradation
            if seen.series == key:
                library.incidents.move(incident.id, "resolved", actor="monitor", note=SCORES_CAME_BACK, now=now)
            elif any((a.metric, a.evaluator, a.revision) == key for a in seen.also):
                rest = tuple(a for a in seen.also if (a.metric, a.evaluator, a.revision) != key)
                library.incidents.refresh(incident.id, replace(seen, also=rest))


def may_close(series: Series, known: Sequence[Incident]) -> bool:
    """Whether nobody works on the incident of a series."""
    key = (series.metric, series.evaluator, series.revision)
    mine = (
        i for i in known if (i.prompt, i.version) == (series.prompt, series.version) and i.degradation.series == key
    )
    return all(i.state in MAY_CLOSE for i in mine if i.state in ACTIVE)


def accept(library: Library, id: int, *, actor: Actor, now: datetime) -> Incident:
    """Take the level since the onset as the new normal: what came before leaves the baseline, the incident ends.

    Refused for an incident that is closed already.
    """
    incident = library.incidents.get(id)
    if incident.state not in ACTIVE:
        raise Refused(f"the incident is {incident.state}", f"incident {id}", "Only an active one can be accepted.")
    seen = incident.degradation
    keys = {seen.series, *((a.metric, a.evaluator, a.revision) for a in seen.also)}
    stored = library.trends.series(incident.prompt, version=incident.version)
    onset = step_of(seen.onset.timestamp())
    library.trends.rewrite(
        [s for s, _ in stored if (s.metric, s.evaluator, s.revision) in keys],
        lambda state: reset_before(state, onset if state.latch is None else state.latch.onset_step),
    )
    return library.incidents.move(id, "dismissed", actor=actor.name, note=NEW_NORMAL, now=now)


def _merged(library: Library, prompt: str, old: Degradation | None, seen: Sequence[Degradation]) -> Degradation:
    """One degradation for the incident: the series that counts most, and the others beside it."""
    by_series = {d.series: d for d in ([] if old is None else [old])} | {d.series: d for d in seen}
    judged = [d.metric for d in by_series.values() if d.evaluator != SYSTEM]
    first_metric = library.prompts.get(prompt).metrics[0]["name"] if len(judged) > 1 else None
    main = min(by_series.values(), key=lambda d: _rank(d, first_metric))
    also = {(a.metric, a.evaluator, a.revision): a for a in (() if old is None else old.also)}
    also |= {key: _beside(d) for key, d in by_series.items()}
    also.pop(main.series, None)
    return replace(main, also=tuple(also[key] for key in sorted(also)))


def _rank(degradation: Degradation, first_metric: str | None) -> tuple[int, float]:
    """The metric that counts, then other judgements, then failed calls, then how calls went; the surest one first."""
    if degradation.evaluator != SYSTEM:
        kind = 0 if degradation.metric == first_metric else 1
    else:
        kind = 2 if degradation.metric == ERROR else 3
    return kind, degradation.threshold - degradation.evidence


def _beside(d: Degradation) -> AlsoDegraded:
    return AlsoDegraded(
        metric=d.metric,
        evaluator=d.evaluator,
        revision=d.revision,
        onset=d.onset,
        before=d.before,
        after=d.after,
        effect=d.effect,
        effect_low=d.effect_low,
        effect_high=d.effect_high,
        segment=d.segment,
    )


def _dismissed(degradation: Degradation, mine: Sequence[Incident]) -> bool:
    """Whether a person has said of this very drop that it is none."""
    same = (i.degradation for i in mine if i.state == "dismissed")
    return any(d.series == degradation.series and d.known_by == degradation.known_by for d in same)


def _same_failure(old: Degradation, new: Degradation) -> bool:
    """The same series, and not two failures of different segments."""
    if old.series != new.series:
        return False
    return not old.fallen or not new.fallen or not set(old.fallen).isdisjoint(new.fallen)


def _time(step: int) -> datetime:
    return datetime.fromtimestamp(step * GRID_SECONDS, UTC)


def _degradation(alarming: Alarming, pooled: Pooled) -> Degradation:
    """The latched alarm of a series in today's numbers."""
    series, latch = alarming.series, alarming.state.latch
    seen = refined(alarming.state, alarming.settings, floor=alarming.floor)
    if seen is None or latch is None or seen.onset_step is None or seen.effect is None:
        raise Refused("an alarm without numbers", f"{series.prompt} {series.metric}", "Nothing was opened.")
    onset, low, high = seen.onset_step, seen.onset_low, seen.onset_high
    found = Degradation(
        metric=series.metric,
        evaluator=series.evaluator,
        revision=series.revision,
        detected_at=_time(latch.detected_step),
        onset=_time(onset),
        onset_earliest=_time(onset if low is None else low),
        onset_latest=_time(onset if high is None else high),
        before=seen.before or 0.0,
        after=seen.after or 0.0,
        effect=seen.effect,
        effect_low=seen.effect if seen.effect_low is None else seen.effect_low,
        effect_high=seen.effect if seen.effect_high is None else seen.effect_high,
        n_before=seen.n_before,
        n_after=seen.n_after,
        evidence=seen.T,
        threshold=seen.h,
        segment=seen.segment,
        segments=_segments(seen),
        first_onset=_time(latch.onset_step),
        floor=seen.floor,
        gradual_since=None if seen.gradual_since is None else _time(seen.gradual_since),
    )
    return replace(found, upstream=_upstream(alarming, pooled, latch.onset_low, latch.onset_high))


def _segments(seen: Evidence) -> tuple[SegmentChange, ...]:
    return tuple(
        SegmentChange(
            segment=s.segment,
            before=s.before,
            after=s.after,
            # The scan speaks of drops; people read changes.
            difference=-s.difference,
            low=-s.high,
            high=-s.low,
            n_before=s.n_before,
            n_after=s.n_after,
        )
        for s in seen.segments
        if s.before is not None
        and s.after is not None
        and s.difference is not None
        and s.low is not None
        and s.high is not None
    )


def _upstream(alarming: Alarming, pooled: Pooled, earliest: int, latest: int) -> Upstream | None:
    """What the other prompts on the same model did at that time; the surest model where there are several."""
    mine = alarming.series
    key = (mine.metric, mine.evaluator, mine.revision)
    found: list[Upstream] = []
    for series, state in pooled:
        if (series.metric, series.evaluator, series.revision) != key:
            continue
        shared = fell_together(state, mine.prompt, alarming.settings, earliest=earliest, latest=latest)
        if shared is None or shared.evidence.onset_step is None or shared.evidence.effect is None:
            continue
        found.append(
            Upstream(
                model=series.prompt.removeprefix(UPSTREAM),
                prompts=shared.prompts,
                of=shared.of,
                onset=_time(shared.evidence.onset_step),
                effect=shared.evidence.effect,
                evidence=shared.evidence.T,
                threshold=shared.evidence.h,
            )
        )
    return max(found, key=lambda u: u.evidence - u.threshold, default=None)
