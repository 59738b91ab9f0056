"""Incidents: the list, and one with its evidence, its diagnosis and what a person can say about it."""

from datetime import timedelta

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.pages.charts import trend_chart
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Fields, Operating, Reader
from agent.incident_life import accept
from library.errors import InputError
from library.incidents import ACTIVE

router = APIRouter(include_in_schema=False)
DAY = timedelta(days=1)
EXAMPLES = 5


@router.get("/incidents")
def overview(visitor: Reader, all: bool = False) -> Response:
    """Those that go on, or all."""
    found = visitor.door.library.incidents.list(states=None if all else tuple(sorted(ACTIVE)))
    return page("incidents.html", visitor, incidents=found, all=all)


@router.get("/incidents/{id}")
def show(id: Id, visitor: Reader) -> Response:
    """One incident."""
    library = visitor.door.library
    incident = library.incidents.get(id)
    seen = incident.degradation
    points = library.traces.points(
        incident.prompt, metric=seen.metric, width_seconds=int(DAY.total_seconds()), since=seen.onset - 30 * DAY
    )
    mine = [p for p in points if (p.evaluator, p.revision) == (seen.evaluator, seen.revision)]
    return page(
        "incident.html",
        visitor,
        incident=incident,
        seen=seen,
        active=incident.state in ACTIVE,
        chart=trend_chart(mine, DAY, what=f"{seen.metric} of {incident.prompt}", onsets=[seen.onset]),
        diagnosis=incident.diagnosis or {},
        proposals=[p for p in library.proposals.list(prompt=incident.prompt) if p.incident_id == id],
        runs=[r for r in library.runs.list(prompt=incident.prompt) if r.incident_id == id],
        examples=EXAMPLES,
    )


@router.post("/incidents/{id}/dismiss")
def dismiss(id: Id, visitor: Operating, fields: Fields) -> Response:
    """Say that it is none."""
    reason = str(fields.get("reason", "")).strip()
    if not reason:
        raise InputError("the reason is empty", f"incident {id}", "Say why it is no incident.")
    door = visitor.door
    door.library.incidents.move(id, "dismissed", actor=visitor.caller.name, note=reason, now=door.now())
    return RedirectResponse(f"/incidents/{id}", status_code=303)


@router.post("/incidents/{id}/accept")
def accept_level(id: Id, visitor: Operating) -> Response:
    """Accept the level since the onset as the new normal."""
    accept(visitor.door.library, id, actor=visitor.caller.actor, now=visitor.door.now())
    return RedirectResponse(f"/incidents/{id}", status_code=303)
