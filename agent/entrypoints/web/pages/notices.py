"""Notices: those that could not be delivered, or the newest ones, and another try."""

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Operating, Reader

router = APIRouter(include_in_schema=False)


@router.get("/notices")
def overview(visitor: Reader, all: bool = False) -> Response:
    """What could not be delivered, or everything that is kept."""
    notices = visitor.door.library.notices
    return page("notices.html", visitor, notices=notices.list(state=None if all else "failed"), all=all)


@router.post("/notices/retry")
def retry_all(visitor: Operating) -> Response:
    """Send everything that failed on its way again."""
    visitor.door.library.notices.retry(None, actor=visitor.caller.name, now=visitor.door.now())
    return RedirectResponse("/notices?all=true", status_code=303)


@router.post("/notices/{id}/retry")
def retry(id: Id, visitor: Operating) -> Response:
    """Send one on its way again."""
    visitor.door.library.notices.retry(id, actor=visitor.caller.name, now=visitor.door.now())
    return RedirectResponse("/notices", status_code=303)
