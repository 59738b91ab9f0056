"""One call as it happened, with its scores: what an answer or a diagnosis refers to."""

from fastapi import APIRouter, Response

from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Reader

router = APIRouter(include_in_schema=False)


@router.get("/traces/{id:path}")
def show(id: str, visitor: Reader) -> Response:
    """One call."""
    library = visitor.door.library
    return page("trace.html", visitor, trace=library.traces.get(id), scores=library.traces.scores(id))
