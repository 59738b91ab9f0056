"""Staged releases: what runs and how it ended, one release with both arms, and what a person does with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response
from markupsafe import Markup
from starlette.responses import RedirectResponse

from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.door import Door
from agent.entrypoints.web.pages.charts import sparkline
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Deciding, Fields, Operating, Reader, Visitor
from agent.release import deeds
from library.canaries import Canary
from library.errors import InputError, PromptkeeperError, Refused, Stale

router = APIRouter(include_in_schema=False)

HOUR = timedelta(hours=1)
LONG = timedelta(days=3)
DAY = timedelta(days=1)
SHOWN_ENDED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of a release on the page. spark: its scores since the release began."""

    name: str
    version: int
    spark: Markup | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A release on the page. arms: control, then canary; metric: the score that decides."""

    canary: Canary
    metric: str
    arms: tuple[Arm, Arm]


@router.get("/canaries")
def overview(visitor: Reader) -> Response:
    """What goes out in steps now, then what has ended."""
    found = visitor.door.library.canaries.list()
    active, ended = [c for c in found if c.active], [c for c in found if not c.active]
    return page("canaries.html", visitor, active=active, ended=ended[:SHOWN_ENDED])


@router.get("/canaries/{id}")
def show(id: Id, visitor: Reader) -> Response:
    """One release."""
    return _page(visitor, id)


@router.post("/canaries/{id}/pause")
def pause(id: Id, visitor: Operating, fields: Fields) -> Response:
    """Stop the steps."""
    door, actor = visitor.door, visitor.caller.actor
    return _done(visitor, id, lambda: deeds.pause(door.library, id, actor=actor, reason=_said(fields), now=door.now()))


@router.post("/canaries/{id}/resume")
def resume(id: Id, visitor: Operating, fields: Fields) -> Response:
    """Let the figures carry it on."""
    door, actor = visitor.door, visitor.caller.actor
    return _done(visitor, id, lambda: deeds.resume(door.library, id, actor=actor, reason=_said(fields), now=door.now()))


@router.post("/canaries/{id}/promote")
def promote(id: Id, visitor: Deciding, fields: Fields) -> Response:
    """The second signature."""
    door, actor, rules = visitor.door, visitor.caller.actor, visitor.door.rulebook.release
    return _done(
        visitor, id, lambda: deeds.promote(door.library, rules, id, actor=actor, reason=_said(fields), now=door.now())
    )


@router.post("/canaries/{id}/rollback")
def roll_back(id: Id, visitor: Operating, fields: Fields) -> Response:
    """Everybody gets the base version again."""
    door, actor, rules = visitor.door, visitor.caller.actor, visitor.door.rulebook.release
    return _done(
        visitor, id, lambda: deeds.roll_back(door.library, rules, id, actor=actor, reason=_said(fields), now=door.now())
    )


def shown(door: Door, canary: Canary) -> Shown:
    """A release with the course of both arms."""
    readings = (canary.reading or {}).get("readings") or [{}]
    metric = str(readings[0].get("metric") or door.library.prompts.get(canary.prompt).metrics[0]["name"])
    end = canary.ended_at or door.now()
    width = DAY if end - canary.started_at > LONG else HOUR
    points = [
        point
        for point in door.library.traces.points(
            canary.prompt, metric=metric, width_seconds=int(width.total_seconds()), since=canary.started_at
        )
        if point.start <= end
    ]
    control, new = (
        Arm(name=name, version=version, spark=sparkline([p for p in points if p.version == version]))
        for name, version in (("control", canary.base_version), ("canary", canary.version))
    )
    return Shown(canary=canary, metric=metric, arms=(control, new))


def _done(visitor: Visitor, id: int, deed: Callable[[], Canary]) -> Response:
    try:
        deed()
    except (Refused, Stale, InputError) as error:
        return _page(visitor, id, trouble=error)
    return RedirectResponse(f"/canaries/{id}", status_code=303)


def _page(visitor: Visitor, id: int, trouble: PromptkeeperError | None = None) -> Response:
    door = visitor.door
    found = shown(door, door.library.canaries.get(id))
    status = 200 if trouble is None else 409
    return page("canary.html", visitor, status=status, release=found, canary=found.canary, trouble=trouble)


def _said(fields: Mapping[str, Any]) -> str:
    return str(fields.get("reason", "")).strip()
