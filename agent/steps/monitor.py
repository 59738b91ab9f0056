"""monitor: fold what is new into the trends, look, and open or refresh incidents. Asks no model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from agent.services import Services, in_thread
from agent.state import CycleState
from library.errors import Refused
from library.incidents import ACTIVE, Degradation, Incident, SegmentChange
from library.prompts import PRODUCTION, Prompt
from library.scores import Series
from library.store.stores import Library
from library.store.trends import SeriesChange
from library.trends import GRID_SECONDS
from policies.health.evidence import Evidence, Status
from policies.health.fleet import scan_many, tiers, walk_many
from policies.rulebook import HealthRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one sweep says about one series; incident where one is open or was opened."""

    series: Series
    status: Status
    evidence: Evidence
    incident: Incident | None


async def monitor(state: CycleState, services: Services) -> CycleState:
    """Sweep this prompt, then say whether there is something to work on."""
    library, name = services.library, state["prompt"]
    services.progress("looking at the scores")
    await in_thread(sweep, library, services.rulebook.health, now=services.now(), prompts=[name])
    waiting = await in_thread(library.proposals.list, state="pending", prompt=name)
    if waiting:
        detail = f"proposal {waiting[0].id} waits for a reviewer"
        return {"incident_id": None, "stop": {"reason": "waiting_for_review", "detail": detail}}
    incidents = await in_thread(library.incidents.active, name, state["base_version"])
    if not incidents and state["trigger"] == "incident":
        return {"incident_id": None, "stop": {"reason": "healthy", "detail": "no open incident on the live version"}}
    return {"incident_id": incidents[0].id if incidents else None, "stop": None}


def sweep(
    library: Library,
    rules: HealthRules,
    *,
    now: datetime,
    prompts: Sequence[str] | None = None,
    until: datetime | None = None,
) -> tuple[Reading, ...]:
    """Fold and judge every series that changed; open or refresh the incidents of live versions.

    until: the clock of the stream (now, or the time that a replay has reached); later steps are not looked at yet.
    Only the fleet rule may raise an alarm: q of Benjamini-Hochberg over all series that are watched.
    """
    changes = library.trends.changed(prompts)
    if not changes:
        return ()
    step = int((until or now).timestamp()) // GRID_SECONDS
    walked = walk_many(
        [(c.state, c.deltas) for c in changes], rules.settings, look_steps=rules.look_steps, until_step=step
    )
    passed = set(library.trends.commit([(c.series.id, s, c.upto) for c, (s, _) in zip(changes, walked, strict=True)]))
    mine = [(c, e) for c, (_, e) in zip(changes, walked, strict=True) if c.series.id not in passed]
    statuses = _with_fleet(library, rules, mine)
    live = {p.name: p for p in library.prompts.list()}
    return tuple(
        _reading(library, change, evidence, status, live.get(change.series.prompt), now)
        for (change, evidence), status in zip(mine, statuses, strict=True)
    )


def _with_fleet(
    library: Library, rules: HealthRules, mine: Sequence[tuple[SeriesChange, Evidence]]
) -> tuple[Status, ...]:
    changed = {change.series.id for change, _ in mine}
    others = [state for series, state in library.trends.series() if series.id not in changed]
    resting = scan_many(others, rules.settings)
    return tiers([*(evidence for _, evidence in mine), *resting], rules.settings)[: len(mine)]


def _reading(
    library: Library, change: SeriesChange, evidence: Evidence, status: Status, prompt: Prompt | None, now: datetime
) -> Reading:
    incident = None
    is_live = prompt is not None and prompt.labels.get(PRODUCTION) == change.series.version
    if status == "alarm" and is_live and evidence.onset_step is not None:
        incident = _record(library, change.series, _degradation(change.series, evidence), now)
    return Reading(series=change.series, status=status, evidence=evidence, incident=incident)


def _record(library: Library, series: Series, degradation: Degradation, now: datetime) -> Incident | None:
    """Open an incident, or refresh the one that is open; one incident at a time for a version."""
    known = [i for i in library.incidents.list(prompt=series.prompt) if i.version == series.version]
    active = [i for i in known if i.state in ACTIVE]
    same = [i for i in (active or known) if _same_series(i.degradation, degradation)]
    if active:
        return library.incidents.refresh(same[0].id, degradation) if same else active[0]
    if same and same[0].state == "dismissed" and same[0].degradation.onset == degradation.onset:
        return None
    if same and same[0].state == "resolved" and same[0].degradation.onset == degradation.onset:
        # The label went back to the version that the incident was about: the old failure is there again.
        return library.incidents.move(same[0].id, "regressed", actor="monitor", note="the scores fell again", now=now)
    return library.incidents.open(series.prompt, series.version, degradation, now=now)


def _same_series(a: Degradation, b: Degradation) -> bool:
    return (a.metric, a.evaluator, a.revision) == (b.metric, b.evaluator, b.revision)


def _time(step: int) -> datetime:
    return datetime.fromtimestamp(step * GRID_SECONDS, UTC)


def _degradation(series: Series, evidence: Evidence) -> Degradation:
    onset = cast("int", evidence.onset_step)
    if evidence.before is None or evidence.after is None or evidence.effect is None:
        raise Refused("an alarm without numbers", f"{series.prompt} {series.metric}", "Nothing was opened.")
    return Degradation(
        metric=series.metric,
        evaluator=series.evaluator,
        revision=series.revision,
        detected_at=_time(onset if evidence.detected_step is None else evidence.detected_step),
        onset=_time(onset),
        onset_earliest=_time(onset if evidence.onset_low is None else evidence.onset_low),
        onset_latest=_time(onset if evidence.onset_high is None else evidence.onset_high),
        before=evidence.before,
        after=evidence.after,
        effect=evidence.effect,
        effect_low=evidence.effect if evidence.effect_low is None else evidence.effect_low,
        effect_high=evidence.effect if evidence.effect_high is None else evidence.effect_high,
        n_before=evidence.n_before,
        n_after=evidence.n_after,
        evidence=evidence.T,
        threshold=evidence.h,
        segment=evidence.segment,
        segments=tuple(
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
            for s in evidence.segments
            if s.before is not None
            and s.after is not None
            and s.difference is not None
            and s.low is not None
            and s.high is not None
        ),
    )
