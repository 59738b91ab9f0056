"""The approval queue, and the page on which a person decides: what changes and why, how sure it is, what it costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from fastapi import APIRouter, Response
from starlette.responses import RedirectResponse

from agent.cycle import Edit, Wish
from agent.editing import edited_content
from agent.entrypoints.web.api.proposals import Id, ask_for_changes, decide_yes, reviewing, shown
from agent.entrypoints.web.pages.differences import difference
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Deciding, Fields, Reader, Visitor
from agent.release.staging import Wish as HowReleased
from agent.release.staging import plan
from agent.review import judged, recheck
from library.errors import InputError, PromptkeeperError, Refused, Stale
from library.proposals import Proposal
from policies.verdict import Finding, Span

router = APIRouter(include_in_schema=False)
AROUND = 60  # characters shown on each side of a span


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A span of a finding with a little of the text around it."""

    side: str
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A finding as it stands on the page. waived: by whom and until when, empty otherwise."""

    finding: Finding
    quotes: tuple[Quoted, ...]
    waived: str


@router.get("/proposals")
def queue(visitor: Reader) -> Response:
    """What waits, oldest first, then what was decided lately."""
    found = visitor.door.library.proposals.list()
    waiting = [p for p in found if p.state == "pending"][::-1]
    decided = [p for p in found if p.state != "pending"][:20]
    return page("proposals.html", visitor, waiting=waiting, decided=decided)


@router.get("/proposals/{id}")
def show(id: Id, visitor: Reader) -> Response:
    """One proposal."""
    return _page(visitor, id)


@router.post("/proposals/{id}/approve")
def approve(id: Id, visitor: Deciding, fields: Fields) -> Response:
    """Release exactly what was shown, if every flagged finding was ticked."""
    ticked = fields.get("tick", [])
    names = [ticked] if isinstance(ticked, str) else ticked

    def decide() -> None:
        comment, release = str(fields.get("comment", "")), _release(fields, id)
        decide_yes(visitor.door, visitor.caller, id, _hash(fields), names, comment, release)

    return _decided(visitor, id, decide)


@router.post("/proposals/{id}/edit")
def edit(id: int, visitor: Deciding, fields: Fields) -> Response:
    """Put the reviewer's own words in its place: checked at once, tested in the background, then a new proposal."""
    texts = fields.get("text", "")

    def decide() -> None:
        door = visitor.door
        shown(door, id, _hash(fields))
        wanted = Edit(
            proposal=id, texts=tuple([texts] if isinstance(texts, str) else texts), author=visitor.caller.name
        )
        edited_content(reviewing(visitor.door, visitor.caller), wanted)
        prompt = door.library.proposals.get(id).prompt
        if not door.start(Wish(prompt=prompt, trigger="edit", edit=wanted)):
            raise Refused("a cycle of this prompt is under way", prompt, "Try again when it has ended.")

    return _decided(visitor, id, decide, after=f"/runs?prompt={visitor.door.library.proposals.get(id).prompt}")


@router.post("/proposals/{id}/reject")
def reject(id: Id, visitor: Deciding, fields: Fields) -> Response:
    """Say no, with a reason."""

    def decide() -> None:
        shown(visitor.door, id, _hash(fields))
        door = visitor.door
        door.library.proposals.reject(id, actor=visitor.caller.actor, reason=_said(fields, id), now=door.now())

    return _decided(visitor, id, decide)


@router.post("/proposals/{id}/revise")
def revise(id: Id, visitor: Deciding, fields: Fields) -> Response:
    """Ask for changes; a cycle starts with the comment."""

    def decide() -> None:
        shown(visitor.door, id, _hash(fields))
        ask_for_changes(visitor.door, visitor.caller, id, _said(fields, id))

    return _decided(visitor, id, decide)


def _decided(visitor: Visitor, id: int, decide: Callable[[], None], after: str = "") -> Response:
    """Back to the page, or on; with what stood in the way, if anything did."""
    try:
        decide()
    except (Refused, Stale, InputError) as error:
        return _page(visitor, id, trouble=error)
    return RedirectResponse(after or f"/proposals/{id}", status_code=303)


def _page(visitor: Visitor, id: int, trouble: PromptkeeperError | None = None) -> Response:
    door = visitor.door
    proposal = door.library.proposals.get(id)
    base = door.library.prompts.version(proposal.prompt, proposal.base_version)
    verdict = recheck(reviewing(door, visitor.caller), proposal)
    open = proposal.state == "pending" and door.now() < proposal.expires_at
    texts = {"current": base.content.full_text, "candidate": proposal.content.full_text}
    return page(
        "proposal.html",
        visitor,
        status=409 if trouble is not None else 200,
        proposal=proposal,
        packet=proposal.packet,
        base=base,
        verdict=verdict,
        findings=[_shown(f, texts, proposal) for f in (*verdict.findings, *judged(proposal))],
        changed=difference(base.content, proposal.content),
        texts=[proposal.content.text]
        if proposal.content.kind == "text"
        else [m.content for m in proposal.content.messages],
        fixed=_examples(proposal.packet, "fixed"),
        broken=_examples(proposal.packet, "broken"),
        open=open,
        offered=plan(door.library, door.rulebook.release, proposal.prompt, now=door.now()).said if open else "",
        steps=door.rulebook.release.steps,
        canary=door.library.canaries.of_proposal(id),
        trouble=trouble,
    )


def _examples(packet: Mapping[str, Any], change: str) -> list[Mapping[str, Any]]:
    return [e for e in packet.get("examples", ()) if e["change"] == change]


def _shown(finding: Finding, texts: Mapping[str, str], proposal: Proposal) -> Shown:
    waiver: Mapping[str, str] = next((w for w in _waivers(proposal) if w["finding"] == finding.policy), {})
    said = f"waived by {waiver['actor']} until {waiver['expires'][:10]}: {waiver['reason']}" if waiver else ""
    return Shown(finding=finding, quotes=tuple(_quoted(s, texts) for s in finding.spans[:4]), waived=said)


def _waivers(proposal: Proposal) -> Sequence[Mapping[str, str]]:
    waivers: Sequence[Mapping[str, str]] = proposal.packet.get("waivers", ())
    return waivers


def _quoted(span: Span, texts: Mapping[str, str]) -> Quoted:
    text = texts[span.side]
    return Quoted(
        side="live version" if span.side == "current" else "proposal",
        before=text[max(0, span.start - AROUND) : span.start],
        text=span.text,
        after=text[span.end : span.end + AROUND],
    )


def _hash(fields: Mapping[str, Any]) -> str:
    return str(fields.get("content_hash", ""))


def _release(fields: Mapping[str, Any], id: int) -> HowReleased:
    said = str(fields.get("release", "rulebook"))
    found = next((way for way in get_args(HowReleased) if way == said), None)
    if found is None:
        raise InputError(f"'{said[:40]}' is no way to release", f"proposal {id}", "In steps (staged), or at once.")
    return cast("HowReleased", found)


def _said(fields: Mapping[str, Any], id: int) -> str:
    said = str(fields.get("comment", "")).strip()
    if not said:
        raise InputError("the decision has no reason", f"proposal {id}", "Say why: the next attempt builds on it.")
    return said
