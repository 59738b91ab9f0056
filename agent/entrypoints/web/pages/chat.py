"""Asking on a page: answers stream in line by line, with links to what they rest on and a picture where one helps."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from agent.chat.ask import Answer
from agent.chat.conversation import Turn as Answered
from agent.entrypoints.web.api.prompts import Strict
from agent.entrypoints.web.door import Door
from agent.entrypoints.web.pages.charts import trend_chart
from agent.entrypoints.web.pages.links import linked
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Reader, Visit, Visitor
from library.incidents import ACTIVE

router = APIRouter(include_in_schema=False)

DAY = timedelta(days=1)
PICTURED = frozenset({"why", "since", "size", "best", "changes"})
"""Topics that the course of a score says better than words."""
SUGGESTED = (
    "Why did it degrade?",
    "Since when, and where?",
    "Is it the prompt or the model?",
    "What did we try?",
    "What is waiting for me?",
)

Asking = Annotated[Visitor, Depends(Visit("read", form=True))]
Named = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=20)]


class Turn(Strict):
    """A question; about: the prompts that the answer before it was about."""

    question: Annotated[str, Field(min_length=1, max_length=2000)]
    about: Named = Field(default=[])


@router.get("/chat")
def show(visitor: Reader) -> Response:
    """The conversation, empty at first."""
    ill = sorted({i.prompt for i in visitor.door.library.incidents.list(states=tuple(sorted(ACTIVE)))})
    return page("chat.html", visitor, suggested=SUGGESTED, ill=ill[:5])


@router.post("/chat/ask")
async def answer(turn: Turn, visitor: Asking) -> Response:
    """Answer one turn as server-sent events: `line` (pieces of text with links), `picture`, `suggest`, `done`."""
    before = _before(turn.about) if turn.about else None
    said = await visitor.door.converse().answer(turn.question, before=before)
    return StreamingResponse(_events(visitor, said), media_type="text/event-stream")


def _before(about: Sequence[str]) -> Answer:
    """As much of the last answer as the next question needs."""
    return Answer(question="", prompts=tuple(about), topics=(), text="", unknown="", declined=False)


def _events(visitor: Visitor, answered: Answered) -> Iterator[str]:
    door, said = visitor.door, answered.answer
    names = [p.name for p in door.library.prompts.list()]
    for line in said.text.splitlines():
        yield _event("line", [asdict(piece) for piece in linked(line, names)])
    if said.unknown:
        yield _event("line", [{"text": f"Not known: {said.unknown}", "href": ""}])
    if len(said.prompts) == 1 and PICTURED & set(said.topics):
        picture = _picture(door, said.prompts[0])
        if picture:
            yield _event("picture", picture)
    for name in answered.wishes if visitor.may("operate") else ():
        yield _event("suggest", name)
    yield _event("done", {"about": list(said.prompts), "declined": said.declined, "by": answered.by})


def _picture(door: Door, name: str) -> str | None:
    incidents = door.library.incidents.list(prompt=name)
    metric = incidents[0].degradation.metric if incidents else str(door.library.prompts.get(name).metrics[0]["name"])
    points = door.library.traces.points(name, metric=metric, width_seconds=int(DAY.total_seconds()))
    onsets = [i.degradation.onset for i in incidents if i.state in ACTIVE]
    return trend_chart(points, DAY, what=f"{metric} of {name}", onsets=onsets)


def _event(kind: str, said: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(said)}\n\n"
