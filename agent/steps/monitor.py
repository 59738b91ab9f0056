"""monitor: fold what is new into the trends, look, and open, refresh or close incidents. Asks no model."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from agent.incident_life import Alarming, may_close, record, resolve
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.targets import statuses, targets
from library.incidents import Incident
from library.operations import ERROR, RELATIVE, SYSTEM
from library.scores import Series
from library.store.stores import Library
from library.store.trends import SeriesChange
from library.trends import GRID_SECONDS, TrendState
from policies.health.closing import closing
from policies.health.evidence import Evidence, ScanSettings, Status
from policies.health.fleet import walk_many
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
    released = await in_thread(library.canaries.active, name, services.label)
    if released is not None and state["trigger"] == "incident":
        detail = f"canary {released.id} releases version {released.version} to {released.percent} % of subjects"
        return {"incident_id": None, "stop": {"reason": "waiting_for_review", "detail": detail}}
    if state["trigger"] == "optimize":
        # A person asked for a better prompt on test data; whether production is ill does not matter here.
        return {"incident_id": None, "stop": None}
    incidents = await in_thread(library.incidents.active, name, state["base_version"])
    if not incidents and state["trigger"] == "incident":
        return {"incident_id": None, "stop": {"reason": "healthy", "detail": "no open incident on the live version"}}
    if incidents and state["trigger"] == "incident" and _about_calls(incidents[0]):
        metric = incidents[0].degradation.metric
        detail = f"what changed is the {metric} of the calls, not what their answers are worth"
        return {"incident_id": incidents[0].id, "stop": {"reason": "not_the_prompt", "detail": detail}}
    return {"incident_id": incidents[0].id if incidents else None, "stop": None}


def _about_calls(incident: Incident) -> bool:
    """Time, money, cut-off answers: no judgement fell, so there is nothing that another wording could raise."""
    return incident.degradation.evaluator == SYSTEM and incident.degradation.metric != ERROR


def sweep(
    library: Library,
    rules: HealthRules,
    *,
    now: datetime,
    prompts: Sequence[str] | None = None,
    until: datetime | None = None,
) -> tuple[Reading, ...]:
    """Fold and judge every series that changed; open, refresh and close the incidents of live versions.

    until: the clock of the stream (now, or the time that a replay has reached); later steps are not looked at yet.
    Its cost is that of what is new: of all other series only the small p-values are read. Only the fleet rule may raise
    an alarm.
    """
    step = int((until or now).timestamp()) // GRID_SECONDS
    mine: list[_Swept] = []
    with _without_collector():
        for changes in library.trends.parts(prompts, postpone=prompts is None):
            mine += _part(library, rules, changes, step, now)
    told = statuses(library, rules.settings, [one.series for one in mine], [one.evidence for one in mine])
    alarms = [
        one.alarming for one, status in zip(mine, told, strict=True) if status == "alarm" and one.alarming is not None
    ]
    known = library.incidents.of({a.series.prompt for a in alarms})
    incidents = record(library, alarms, known, now=now)
    return tuple(
        Reading(series=one.series, status=status, evidence=one.evidence, incident=incidents.get(one.series.id))
        for one, status in zip(mine, told, strict=True)
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hundreds of thousands of small values without a cycle among them: looking for cycles costs a sixth of a sweep."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swept:
    """What is kept of a series until the whole fleet has been seen; alarming where it may open an incident."""

    series: Series
    evidence: Evidence
    alarming: Alarming | None


def _part(
    library: Library, rules: HealthRules, changes: Sequence[SeriesChange], step: int, now: datetime
) -> list[_Swept]:
    """Walk and commit some series, and close the incidents that are over. Pooled series of models stay unsaid.

    Those are no prompt's: they bear witness when one of their prompts falls.
    """
    live = library.fleet.live({c.series.prompt for c in changes})
    judged = _judged(library, rules, changes, live, step)
    latched = {j.change.series.prompt for j in judged if j.change.state.latch is not None}
    known = library.incidents.of(latched)
    judged = [_ended(j, known) for j in judged]
    passed = set(
        library.trends.commit(
            [(j.change.series.id, j.state, j.change.upto) for j in judged],
            p_values={j.change.series.id: j.evidence.p_value for j in judged},
        )
    )
    mine = [j for j in judged if j.change.series.id not in passed and j.change.series.version > 0]
    resolve(library, [j.change.series for j in mine if j.over], known, now=now)
    return [
        _Swept(
            series=j.change.series,
            evidence=j.evidence,
            alarming=Alarming(series=j.change.series, state=j.state, settings=j.settings, floor=j.floor)
            if j.evidence.status == "alarm" and live.get(j.change.series.prompt) == j.change.series.version
            else None,
        )
        for j in mine
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One changed series after the walk. floor: its known target; over: the drop it was latched on has ended."""

    change: SeriesChange
    state: TrendState
    evidence: Evidence
    settings: ScanSettings
    floor: float | None
    over: bool = False


def _judged(
    library: Library, rules: HealthRules, changes: Sequence[SeriesChange], live: Mapping[str, int], step: int
) -> list[_Judged]:
    """Walk all series: those of time and money apart, because they have a smallest drop of their own."""
    floors = targets(library, rules.settings, changes, live)
    found: dict[int, _Judged] = {}
    for settings, relative in ((rules.settings, False), (rules.relative, True)):
        part = [i for i, c in enumerate(changes) if _is_relative(c.series) is relative]
        walked = walk_many(
            [(changes[i].state, changes[i].deltas) for i in part],
            settings,
            look_steps=rules.look_steps,
            until_step=step,
            floors=[floors[i] for i in part],
        )
        for i, (state, evidence) in zip(part, walked, strict=True):
            found[i] = _Judged(change=changes[i], state=state, evidence=evidence, settings=settings, floor=floors[i])
    return [found[i] for i in range(len(changes))]


def _is_relative(series: Series) -> bool:
    return series.evaluator == SYSTEM and series.metric in RELATIVE


def _ended(judged: _Judged, known: Sequence[Incident]) -> _Judged:
    """Let a series go that was latched before and whose scores are back, unless somebody works on its incident."""
    if judged.change.state.latch is None or judged.evidence.effect is None:
        return judged
    if not may_close(judged.change.series, known):
        return judged
    over = closing(judged.state, judged.settings, drop=judged.evidence.effect)
    if over is None:
        return judged
    healthy = replace(judged.evidence, status="healthy", p_value=1.0, effect=over.effect)
    return replace(judged, state=over.state, evidence=healthy, over=True)
