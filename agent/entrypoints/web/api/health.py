"""Is it alive, is it ready, and what does it count: for load balancers and Prometheus."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from agent.entrypoints.web.door import AtDoor
from agent.entrypoints.web.gauges import exposition
from agent.entrypoints.web.identity import MayRead

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """ok, or an error instead."""

    status: str


@router.get("/healthz")
def alive() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz")
def ready(door: AtDoor) -> Health:
    """The library answers too; 503 otherwise."""
    door.library.audit.events(limit=1)
    return Health(status="ok")


@router.get("/metrics", response_class=Response)
def metrics(door: AtDoor, _: MayRead) -> Response:
    """Counts and levels in Prometheus' text format."""
    body, media_type = exposition(door)
    return Response(body, media_type=media_type)
