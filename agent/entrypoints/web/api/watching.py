"""Incidents, runs, traces and the audit log: what there is to see, and what a person says about an incident."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from agent.entrypoints.web.api.prompts import Strict
from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.door import AtDoor
from agent.entrypoints.web.identity import MayAdminister, MayOperate, MayRead
from agent.erasure import erase
from agent.incident_life import accept
from library.audit import AuditEvent
from library.errors import InputError
from library.incidents import Incident, IncidentState
from library.runs import Attempt, Run
from library.scores import Score
from library.store.audit import AuditCheck
from library.store.erasure import Erased
from library.traces import Trace

router = APIRouter(tags=["watching"])

Named = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Reason(Strict):
    """Why, for the record."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class RunWithAttempts(BaseModel):
    """A run, what it tried and what it cost."""

    run: Run
    attempts: list[Attempt]


class TraceWithScores(BaseModel):
    """A trace and how it was judged."""

    trace: Trace
    scores: list[Score]


@router.get("/incidents")
def list_incidents(
    door: AtDoor, _: MayRead, prompt: Named = None, state: Annotated[Sequence[IncidentState] | None, Query()] = None
) -> list[Incident]:
    """Incidents, newest first."""
    return list(door.library.incidents.list(prompt=prompt, states=state or None))


@router.get("/incidents/{id}")
def show_incident(id: Id, door: AtDoor, _: MayRead) -> Incident:
    """One incident: since when, how much, where, why."""
    return door.library.incidents.get(id)


@router.post("/incidents/{id}/dismiss")
def dismiss_incident(id: Id, body: Reason, door: AtDoor, caller: MayOperate) -> Incident:
    """Say that it is none."""
    return door.library.incidents.move(id, "dismissed", actor=caller.name, note=body.reason, now=door.now())


@router.post("/incidents/{id}/accept")
def accept_incident(id: Id, door: AtDoor, caller: MayOperate) -> Incident:
    """Accept the level since the onset as the new normal."""
    return accept(door.library, id, actor=caller.actor, now=door.now())


@router.get("/runs")
def list_runs(door: AtDoor, _: MayRead, prompt: Named = None, limit: Limit = 50) -> list[Run]:
    """Cycles that ran or run, newest first."""
    return list(door.library.runs.list(prompt=prompt, limit=limit))


@router.get("/runs/{id}")
def show_run(id: Id, door: AtDoor, _: MayRead) -> RunWithAttempts:
    """One run with its path through the graph, its attempts and why it stopped."""
    return RunWithAttempts(run=door.library.runs.get(id), attempts=list(door.library.runs.attempts(run_id=id)))


@router.get("/traces")
def list_traces(
    door: AtDoor,
    _: MayRead,
    prompt: Named = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    segment: Named = None,
    since: datetime | None = None,
    limit: Limit = 50,
) -> list[Trace]:
    """Calls, newest first. since: a time; in UTC where it names no zone."""
    at = None if since is None else _in_utc(since)
    return list(door.library.traces.list(prompt, version=version, segment=segment, since=at, limit=limit))


def _in_utc(since: datetime) -> datetime:
    if since.tzinfo is None:
        return since.replace(tzinfo=UTC)
    try:
        return since.astimezone(UTC)
    except OverflowError as error:
        raise InputError(f"{since.isoformat()} is outside the calendar", "since", "Give a time in UTC.") from error


@router.get("/traces/{id:path}")
def show_trace(id: str, door: AtDoor, _: MayRead) -> TraceWithScores:
    """One call and its scores."""
    return TraceWithScores(trace=door.library.traces.get(id), scores=list(door.library.traces.scores(id)))


@router.delete("/traces/{id:path}")
def erase_trace(id: str, door: AtDoor, caller: MayAdminister) -> Erased:
    """Erase a call everywhere: scores, test items, and what memory, ledger and proposals quote of it."""
    return erase(door.library, door.open_memory, [id], actor=caller.name, now=door.now())


@router.get("/audit")
def list_audit(
    door: AtDoor, _: MayAdminister, after: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = 100
) -> list[AuditEvent]:
    """Lines of the audit log after a number, oldest first."""
    return list(door.library.audit.events(after=after, limit=limit))


@router.get("/audit/verify")
def verify_audit(door: AtDoor, _: MayAdminister) -> AuditCheck:
    """Walk the hash chain."""
    return door.library.audit.verify()
