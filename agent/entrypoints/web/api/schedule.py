"""The background: when it ticks next, what it did last, and a person's pause and push."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from agent.entrypoints.web.door import AtDoor, Door
from agent.entrypoints.web.identity import MayOperate, MayRead
from library.access import Caller

router = APIRouter(tags=["background"])
SWITCH = "schedule"


class Ticked(BaseModel):
    """What became of one piece of background work: of which prompt (empty: all), and in one line."""

    prompt: str
    ok: bool
    said: str


class Schedule(BaseModel):
    """next: when it ticks, null where this process does not schedule; last: what the last tick did."""

    next: str | None
    paused: bool
    last: list[Ticked]


@router.get("/background")
def show(door: AtDoor, _: MayRead) -> Schedule:
    """The state of the schedule."""
    return state(door)


@router.post("/background/pause")
def pause(door: AtDoor, caller: MayOperate) -> Schedule:
    """No more sweeps and cycles by themselves, until resumed; survives a restart."""
    return switch(door, caller, on=False)


@router.post("/background/resume")
def resume(door: AtDoor, caller: MayOperate) -> Schedule:
    """Sweeps and cycles go on."""
    return switch(door, caller, on=True)


@router.post("/background/run", status_code=202)
def run_now(door: AtDoor, _: MayOperate) -> Schedule:
    """Tick at once, paused or not."""
    door.background.run_now()
    return state(door)


def state(door: Door) -> Schedule:
    """The schedule as it is."""
    said: dict[str, Any] = dict(door.background.state)
    return Schedule(**said, paused=not door.library.switches.is_on(SWITCH, default=True))


def switch(door: Door, caller: Caller, *, on: bool) -> Schedule:
    """Turn the schedule on or off under a caller's name."""
    door.library.switches.turn(SWITCH, on=on, by=caller.name, now=door.now())
    return state(door)
