"""Prompts: resolved for applications, read and changed by people."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from agent.cycle import Wish
from agent.entrypoints.rows import parse_since
from agent.entrypoints.web.door import AtDoor, Door
from agent.entrypoints.web.identity import MayFetch, MayOperate, MayRead
from agent.entrypoints.web.problems import Forbidden
from library.errors import InputError, Refused
from library.prompts import LATEST, PRODUCTION, PROTECTED_LABELS, Content, LabelMove, Message, Prompt, Version
from library.prompts import Role as MessageRole
from library.store.canaries import Served
from library.store.points import TrendPoint
from library.templates import validate_content, variables

router = APIRouter(tags=["prompts"])


class Strict(BaseModel):
    """A request body: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class MessageBody(Strict):
    """One message of a chat prompt."""

    role: MessageRole
    content: str


class Side(BaseModel):
    """Which side of a staged release a subject is on. arm: goes back with the trace; percent: share of the canary."""

    id: int
    arm: str
    percent: int


class Resolved(BaseModel):
    """A version as an application uses it. label: how it was asked for, null by number; canary: null where no release
    in steps decided it."""

    name: str
    version: int
    label: str | None
    content_hash: str
    kind: Literal["text", "chat"]
    format: Literal["mustache", "f-string"]
    text: str | None = None
    messages: list[MessageBody] | None = None
    config: dict[str, Any]
    variables: list[str]
    canary: Side | None = None


class NewVersion(Strict):
    """Content of a new version: text, or messages for a chat prompt."""

    text: Annotated[str, Field(min_length=1)] | None = None
    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=1000)] | None = None
    format: Literal["mustache", "f-string"] = "mustache"
    config: dict[str, Any] = {}
    note: Annotated[str, Field(max_length=2000)] = ""


class LabelTarget(Strict):
    """Where a label is to point. expected_version: where the caller saw it; null when it was not set."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    expected_version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class CycleWish(Strict):
    """A cycle to run. force: also when the prompt seems healthy."""

    force: bool = False
    comment: Annotated[str, Field(max_length=2000)] = ""


class Started(BaseModel):
    """started: false when a cycle of this prompt was on its way already."""

    prompt: str
    started: bool


class Trend(BaseModel):
    """Scores over time, in intervals of trace time; revisions of an evaluator never share a point."""

    name: str
    metric: str
    segment: str | None
    width_seconds: int
    points: list[TrendPoint]


Name = Annotated[str, Field(max_length=200)]


@router.get("/prompts")
def list_prompts(door: AtDoor, _: MayRead) -> list[Prompt]:
    """All prompts with their labels."""
    return list(door.library.prompts.list())


@router.get("/prompts/{name:path}/versions")
def list_versions(name: str, door: AtDoor, _: MayRead) -> list[Version]:
    """All versions of a prompt, oldest first."""
    door.library.prompts.get(name)
    return list(door.library.prompts.versions(name))


@router.post("/prompts/{name:path}/versions", status_code=201)
def add_version(name: str, body: NewVersion, door: AtDoor, caller: MayOperate) -> Version:
    """Add a version. It is not released: that takes a label, and a reviewer where the label is protected."""
    if (body.text is None) == (body.messages is None):
        raise InputError("give either text or messages", "body", "One of the two.")
    content = Content(
        kind="text" if body.text is not None else "chat",
        format=body.format,
        text=body.text or "",
        messages=tuple(Message(role=m.role, content=m.content) for m in body.messages or ()),
        config=body.config,
    )
    validate_content(content, name)
    return door.library.prompts.add_version(name, content, actor=caller.actor, now=door.now(), note=body.note)


@router.get("/prompts/{name:path}/labels")
def list_moves(name: str, door: AtDoor, _: MayRead) -> list[LabelMove]:
    """Every move of the prompt's labels: who, when, why."""
    door.library.prompts.get(name)
    return list(door.library.prompts.moves(name))


@router.put("/prompts/{name:path}/labels/{label}")
def move_label(name: str, label: str, body: LabelTarget, door: AtDoor, caller: MayOperate) -> LabelMove:
    """Point a label at a version, if it still stands where the caller saw it. Protected ones are for reviewers."""
    if label in PROTECTED_LABELS and not caller.may("review"):
        raise Forbidden(f"'{label}' is protected and {caller.name} is not a reviewer", f"label {label}", "")
    return door.library.prompts.move_label(
        name,
        label,
        body.version,
        expected=body.expected_version,
        actor=caller.actor,
        reason=body.reason,
        now=door.now(),
    )


@router.get("/prompts/{name:path}/trend")
def trend(
    name: str,
    door: AtDoor,
    _: MayRead,
    metric: Name | None = None,
    segment: Name | None = None,
    since: Annotated[str | None, Query(max_length=40)] = None,
    width_seconds: Annotated[int, Query(ge=300, le=366 * 86_400)] = 86_400,
) -> Trend:
    """Scores over time. since: a date, or a time span back from now such as 7d."""
    chosen = metric or str(door.library.prompts.get(name).metrics[0]["name"])
    points = door.library.traces.points(
        name, metric=chosen, width_seconds=width_seconds, since=parse_since(since, door.now()), segment=segment
    )
    return Trend(name=name, metric=chosen, segment=segment, width_seconds=width_seconds, points=list(points))


@router.post("/prompts/{name:path}/cycles", status_code=202)
def start_cycle(name: str, body: CycleWish, door: AtDoor, caller: MayOperate) -> Started:
    """Start a cycle in the background; its run appears under /runs."""
    if body.comment:
        raise Refused("a comment belongs to a proposal", name, "Ask for changes on a proposal with /revise.")
    door.library.prompts.get(name)
    wish = Wish(prompt=name, trigger="force" if body.force else "incident")
    return Started(prompt=name, started=door.start(wish))


@router.get("/prompts/{name:path}", response_model=Resolved)
def fetch(
    name: str,
    door: AtDoor,
    _: MayFetch,
    label: Annotated[str | None, Query(max_length=36)] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    subject: Annotated[str | None, Query(max_length=500)] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The version under a label (production unless given) or by number. An unset label is 404, never a fallback.

    subject: who it is for, so that the same one gets the same arm while a release goes out in steps. The answer may be
    kept as long as Cache-Control says: a rollback reaches everybody within that time.
    """
    if label is not None and version is not None:
        raise InputError("label and version together", name, "Ask for one of them.")
    served = resolve(door, name, label, version, subject)
    keep = door.rulebook.release.cache_seconds
    headers = {"ETag": _etag(served), "Cache-Control": f"private, max-age={keep}" if keep else "no-cache"}
    etag = headers["ETag"]
    if if_none_match is not None and etag in {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}:
        return Response(status_code=304, headers=headers)
    asked = None if version is not None else label or PRODUCTION
    return JSONResponse(document(served, asked), headers=headers)


def resolve(door: Door, name: str, label: str | None, version: int | None, subject: str | None = None) -> Served:
    """The version that a label or a number means, for a subject."""
    if version is not None:
        return Served(version=door.library.prompts.version(name, version))
    if label == LATEST:
        return Served(version=door.library.prompts.version(name, door.library.prompts.get(name).latest or 0))
    return door.library.canaries.served(name, label or PRODUCTION, subject)


def _etag(served: Served) -> str:
    found = served.version
    release = "" if served.canary is None else f"-{served.arm}-{served.canary.percent}"
    return f'"{found.content_hash.removeprefix("sha256:")}-{found.number}{release}"'


def document(served: Served, label: str | None) -> dict[str, Any]:
    """A version as `Resolved`."""
    found, canary = served.version, None
    if served.canary is not None:
        canary = {"id": served.canary.id, "arm": str(served.arm), "percent": served.canary.percent}
    said = {"name": found.prompt, "version": found.number, "label": label, "content_hash": found.content_hash}
    return {**said, **found.content.to_json(), "variables": list(variables(found.content)), "canary": canary}
