"""POST traces and scores: the body goes to the storing process as it came; the answer means committed."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from agent.entrypoints.trace_rows import TraceRow
from agent.entrypoints.web.door import Door, door_of
from agent.entrypoints.web.identity import MayIngest
from agent.entrypoints.web.keeper import BATCH, GivenScore
from agent.entrypoints.web.parcels import Parcel, ParcelKind
from library.access import Caller

router = APIRouter(tags=["intake"])


class TracesTaken(BaseModel):
    """received: rows in the request; new: traces not seen before; scores: new or changed. After a commit that served
    several requests at once, new and scores count what was received."""

    received: int
    new: int
    scores: int


class ScoresTaken(BaseModel):
    """received: rows in the request; changed: new ones, and those with another value than before."""

    received: int
    changed: int


TRACES: Any = TraceRow | Annotated[list[TraceRow], Field(max_length=BATCH)]
SCORES: Any = GivenScore | Annotated[list[GivenScore], Field(max_length=BATCH)]


@router.post("/traces", response_model=TracesTaken, openapi_extra={"x-body": "traces"})
async def post_traces(request: Request, caller: MayIngest) -> Response:
    """Store one trace or a list of them, with their scores. All or nothing; the same id counts once."""
    return await hand_over(request, caller, "traces")


@router.post("/scores", response_model=ScoresTaken, openapi_extra={"x-body": "scores"})
async def post_scores(request: Request, caller: MayIngest) -> Response:
    """Store one score or a list of them; those of a trace that has not come yet wait for it, for seven days."""
    return await hand_over(request, caller, "scores")


async def hand_over(request: Request, caller: Caller, kind: ParcelKind) -> Response:
    """Send the request's body to where it is stored, and answer as that says."""
    door: Door = door_of(request)
    parcel = Parcel(
        kind=kind,
        body=await request.body(),
        media_type=request.headers.get("content-type", "application/json"),
        encoding=request.headers.get("content-encoding", ""),
        trusted=caller.may("operate") and not caller.agent,
    )
    taken = await door.intake.send(parcel)
    headers = {"Retry-After": "2"} if taken.status in {429, 503} else {}
    return Response(taken.body, status_code=taken.status, media_type=taken.media_type, headers=headers)
