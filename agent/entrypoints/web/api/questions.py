"""Ask: questions about the library in plain words, answered from it; streamed where the caller likes to read along."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from agent.chat.ask import Answer
from agent.entrypoints.web.api.prompts import Strict
from agent.entrypoints.web.door import AtDoor
from agent.entrypoints.web.identity import MayRead

router = APIRouter(tags=["ask"])
EVENTS = "text/event-stream"


class Question(Strict):
    """A question; prompt: the one it is about, when the text does not name it."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    prompt: Annotated[str, Field(max_length=200)] | None = None


class Answered(BaseModel):
    """What is said, about which prompts, and what is not known. declined: nothing could be answered.

    by: `computed`, or the chat model's name; suggested: prompts for which the model suggests a cycle.
    """

    question: str
    prompts: list[str]
    topics: list[str]
    text: str
    unknown: str
    declined: bool
    by: str
    suggested: list[str]


@router.post("/ask", response_model=Answered)
async def post_ask(body: Question, door: AtDoor, _: MayRead, accept: Annotated[str, Header()] = "") -> Response:
    """Answer a question from the library, with the traces, versions and dates it rests on."""
    turn = await door.converse().answer(body.question, prompt=body.prompt)
    said = {**asdict(turn.answer), "by": turn.by, "suggested": list(turn.wishes)}
    if EVENTS in accept:
        return StreamingResponse(events(turn.answer, said), media_type=EVENTS)
    return JSONResponse(said)


def events(answer: Answer, said: dict[str, object]) -> Iterator[str]:
    """An answer as server-sent events: a `text` for every line of it, then `done` with the rest."""
    for line in answer.text.splitlines():
        yield f"event: text\ndata: {json.dumps(line)}\n\n"
    rest = {name: value for name, value in said.items() if name != "text"}
    yield f"event: done\ndata: {json.dumps(rest)}\n\n"
