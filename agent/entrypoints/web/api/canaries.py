"""Staged releases: how they stand, and what a person does with one by hand."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from agent.entrypoints.web.api.prompts import Strict
from agent.entrypoints.web.api.proposals import Id
from agent.entrypoints.web.door import AtDoor
from agent.entrypoints.web.identity import MayOperate, MayRead, MayReview
from agent.release import deeds
from library.canaries import Canary

router = APIRouter(tags=["canaries"])

Reason = Annotated[str, Field(max_length=2000)]


class ByHand(Strict):
    """Why, for the audit log."""

    reason: Reason = ""


class TakenBack(Strict):
    """Why it goes back: the next attempt will know."""

    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


@router.get("/canaries")
def list_canaries(
    door: AtDoor,
    _: MayRead,
    prompt: Annotated[str | None, Query(max_length=200)] = None,
    active: bool = False,
) -> list[Canary]:
    """Staged releases, newest first; active: only those that decide what subjects are served."""
    return list(door.library.canaries.list(prompt=prompt, active=active))


@router.get("/canaries/{id}")
def show_canary(id: Id, door: AtDoor, _: MayRead) -> Canary:
    """One staged release: its steps, the last comparison of both arms, and what it brought in the end."""
    return door.library.canaries.get(id)


@router.post("/canaries/{id}/pause")
def pause_canary(id: Id, body: ByHand, door: AtDoor, caller: MayOperate) -> Canary:
    """Stop the steps; the share stays, and a loss still rolls it back."""
    return deeds.pause(door.library, id, actor=caller.actor, reason=body.reason, now=door.now())


@router.post("/canaries/{id}/resume")
def resume_canary(id: Id, body: ByHand, door: AtDoor, caller: MayOperate) -> Canary:
    """Let the figures carry it on again."""
    return deeds.resume(door.library, id, actor=caller.actor, reason=body.reason, now=door.now())


@router.post("/canaries/{id}/promote")
def promote_canary(id: Id, body: ByHand, door: AtDoor, caller: MayReview) -> Canary:
    """The second signature: the label moves to this version for good. 409 when it has ended or anything moved."""
    release = door.rulebook.release
    return deeds.promote(door.library, release, id, actor=caller.actor, reason=body.reason, now=door.now())


@router.post("/canaries/{id}/rollback")
def roll_back_canary(id: Id, body: TakenBack, door: AtDoor, caller: MayOperate) -> Canary:
    """Serve everybody the base version again, at once."""
    release = door.rulebook.release
    return deeds.roll_back(door.library, release, id, actor=caller.actor, reason=body.reason, now=door.now())
