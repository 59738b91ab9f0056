"""The background: when it runs next, what it did, pause and run now."""

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from agent.entrypoints.web.api.schedule import state, switch
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Operating, Reader

router = APIRouter(include_in_schema=False)


@router.get("/schedule")
def show(visitor: Reader) -> Response:
    """The schedule as it is."""
    failed = sum(visitor.door.library.notices.failed().values())
    return page("schedule.html", visitor, schedule=state(visitor.door), failed_notices=failed)


@router.post("/schedule/pause")
def pause(visitor: Operating) -> Response:
    """No more sweeps and cycles by themselves."""
    switch(visitor.door, visitor.caller, on=False)
    return RedirectResponse("/schedule", status_code=303)


@router.post("/schedule/resume")
def resume(visitor: Operating) -> Response:
    """Go on."""
    switch(visitor.door, visitor.caller, on=True)
    return RedirectResponse("/schedule", status_code=303)


@router.post("/schedule/run")
def run_now(visitor: Operating) -> Response:
    """Tick at once."""
    visitor.door.background.run_now()
    return RedirectResponse("/schedule", status_code=303)
