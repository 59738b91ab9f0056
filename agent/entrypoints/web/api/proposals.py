"""Proposals: what waits for a person, and the person's decision, bound to the hash of what was shown."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from agent.cycle import Wish
from agent.entrypoints.web.api.prompts import Strict
from agent.entrypoints.web.door import AtDoor, Door
from agent.entrypoints.web.identity import MayRead, MayReview
from agent.release.staging import Wish as HowReleased
from agent.review import Released, Reviewing, approve
from library.access import Caller
from library.canaries import Canary
from library.errors import Refused, Stale
from library.prompts import Version
from library.proposals import Proposal, ProposalState

router = APIRouter(tags=["proposals"])

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Words = Annotated[str, Field(max_length=5000)]
Hash = Annotated[str, Field(min_length=1, max_length=100)]


class Approval(Strict):
    """content_hash: of the content that was shown; ticked: policies whose flagged findings were read and are fine;
    release: in steps, at once, or as the rulebook and the prompt's traffic say."""

    content_hash: Hash
    ticked: list[str] = Field(default_factory=list, max_length=200)
    comment: Words = ""
    release: HowReleased = "rulebook"


class Declined(Strict):
    """content_hash: of the content that was shown; comment: why, for the next attempt."""

    content_hash: Hash
    comment: Annotated[str, Field(min_length=1, max_length=5000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewlyApproved(Version):
    """The version that a proposal became. canary: the staged release that began, null where the label moved; release:
    why so, in one line."""

    canary: Canary | None
    release: str


@router.get("/proposals")
def list_proposals(
    door: AtDoor,
    _: MayRead,
    state: ProposalState | None = None,
    prompt: Annotated[str | None, Field(max_length=200)] = None,
) -> list[Proposal]:
    """Proposals, newest first."""
    return list(door.library.proposals.list(state=state, prompt=prompt))


@router.get("/proposals/{id}")
def show_proposal(id: Id, door: AtDoor, _: MayRead) -> Proposal:
    """One proposal with its packet: what changes and why, the evidence, the guardrails' findings."""
    return door.library.proposals.get(id)


@router.post("/proposals/{id}/approve")
def approve_proposal(id: Id, body: Approval, door: AtDoor, caller: MayReview) -> NewlyApproved:
    """Release it: guardrails once more, then a new version; the label moves, or a release in steps begins. 409 when
    anything moved meanwhile."""
    done = decide_yes(door, caller, id, body.content_hash, body.ticked, body.comment, body.release)
    version = {f.name: getattr(done.version, f.name) for f in fields(Version)}
    return NewlyApproved(**version, canary=done.canary, release=done.said)


@router.post("/proposals/{id}/reject")
def reject_proposal(id: Id, body: Declined, door: AtDoor, caller: MayReview) -> Proposal:
    """Say no, with a reason that the next attempt will know."""
    shown(door, id, body.content_hash)
    return door.library.proposals.reject(id, actor=caller.actor, reason=body.comment, now=door.now())


@router.post("/proposals/{id}/revise")
def revise_proposal(id: Id, body: Declined, door: AtDoor, caller: MayReview) -> Proposal:
    """Ask for changes: a new cycle starts with the comment."""
    shown(door, id, body.content_hash)
    return ask_for_changes(door, caller, id, body.comment)


def decide_yes(
    door: Door,
    caller: Caller,
    id: int,
    content_hash: str,
    ticked: Sequence[str],
    comment: str,
    release: HowReleased = "rulebook",
) -> Released:
    """Approve under a caller's name. Refused where the rulebook wants another person than the author."""
    door.library.proposals.expire(now=door.now())
    proposal = door.library.proposals.get(id)
    if not door.own_changes and proposal.packet.get("author") == caller.name:
        raise Refused("its author may not be its only approver", f"proposal {id}", "Ask another reviewer.")
    return approve(reviewing(door, caller), id, content_hash=content_hash, ticked=ticked, comment=comment, wish=release)


def reviewing(door: Door, caller: Caller) -> Reviewing:
    """What deciding takes, in a caller's name."""
    return Reviewing(
        library=door.library,
        policy_for=door.policy_for,
        now=door.now,
        actor=caller.actor,
        release=door.rulebook.release,
    )


def ask_for_changes(door: Door, caller: Caller, id: int, comment: str) -> Proposal:
    """Send a proposal back with a comment, and start the cycle that takes it up."""
    decided = door.library.proposals.revise(id, actor=caller.actor, comment=comment, now=door.now())
    door.start(Wish(prompt=decided.prompt, trigger="revision", comment=comment))
    return decided


def shown(door: Door, id: int, content_hash: str) -> None:
    """Raise Stale unless the content is still the one that was shown."""
    if door.library.proposals.get(id).content_hash != content_hash:
        raise Stale("the content is not the one that was shown", f"proposal {id}", "Look at it again, then decide.")
