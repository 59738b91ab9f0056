"""Notices: what was told to whom, what could not be delivered, and another try."""

from typing import Annotated

from fastapi import APIRouter, Query

from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.door import AtDoor
from agent.entrypoints.web.identity import MayOperate
from library.notices import Notice, NoticeState

router = APIRouter(tags=["notices"])


@router.get("/notices")
def list_notices(
    door: AtDoor,
    _: MayOperate,
    state: NoticeState | None = None,
    channel: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[Notice]:
    """Notices, newest first; with state=failed those that could not be delivered."""
    return list(door.library.notices.list(state=state, channel=channel, limit=limit))


@router.post("/notices/{id}/retry")
def retry_notice(id: Id, door: AtDoor, caller: MayOperate) -> Notice:
    """Send a failed notice on its way again; 409 for one that has not failed."""
    return door.library.notices.retry(id, actor=caller.name, now=door.now())[0]
