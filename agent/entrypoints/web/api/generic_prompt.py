"""The endpoint that litellm's generic prompt manager asks: prompts in its spelling, where that can be done faithfully.

Its client fills `{name}` by plain replacement and knows no escapes. A mustache template is therefore sent with single
braces; what would come out changed is refused instead.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from agent.entrypoints.web.api.prompts import MessageBody, resolve
from agent.entrypoints.web.door import AtDoor
from agent.entrypoints.web.identity import MayFetch
from library.errors import InputError, Refused
from library.prompts import Content
from library.templates import parse, strip_marks, variables

router = APIRouter(tags=["prompts"])


class GenericPrompt(BaseModel):
    """A prompt as the client reads it: messages with `{name}`, and the version's settings."""

    prompt_id: str
    prompt_template: list[MessageBody]
    prompt_template_model: str | None
    prompt_template_optional_params: dict[str, Any]


@router.get("/beta/litellm_prompt_management", response_model=GenericPrompt)
def litellm_prompt(
    prompt_id: Annotated[str, Query(max_length=200)],
    door: AtDoor,
    _: MayFetch,
    label: Annotated[str | None, Query(max_length=36)] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    subject: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """The version under a label (production unless given) or by number, for litellm's `generic_prompt` manager."""
    if label is not None and version is not None:
        raise InputError("label and version together", prompt_id, "Ask for one of them.")
    content = resolve(door, prompt_id, label, version, subject).version.content
    settings = {key: value for key, value in content.config.items() if key != "model"}
    said = GenericPrompt(
        prompt_id=prompt_id,
        prompt_template=[MessageBody(role=role, content=text) for role, text in _messages(content, prompt_id)],
        prompt_template_model=content.config.get("model"),
        prompt_template_optional_params=settings,
    )
    keep = door.rulebook.release.cache_seconds
    headers = {"Cache-Control": f"private, max-age={keep}" if keep else "no-cache"}
    return JSONResponse(said.model_dump(), headers=headers)


def _messages(content: Content, place: str) -> list[tuple[Any, str]]:
    names = variables(content)
    if content.kind == "text":
        return [("user", _single(content.text, content, names, place))]
    return [(m.role, _single(m.content, content, names, place)) for m in content.messages]


def _single(text: str, content: Content, names: tuple[str, ...], place: str) -> str:
    """A template with `{name}` for each variable. Refused where a literal looks like one: it would be filled too."""
    pieces = parse(text, content.format)
    literal = "".join(strip_marks(p.literal) if p.name is None else "\0" for p in pieces)
    clash = next((name for name in names if f"{{{name}}}" in literal), None)
    if clash is not None:
        mend = "Use the adapter in examples/litellm, or write the text differently."
        raise Refused(f"'{{{clash}}}' also stands as plain text, and litellm would fill it", place, mend)
    return "".join(strip_marks(p.literal) if p.name is None else f"{{{p.name}}}" for p in pieces)
