"""Who looks at a page: the session of the browser, what it may do, and whether a form is its own."""

import hmac
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from agent.entrypoints.web.door import Door, door_of
from agent.entrypoints.web.identity import permitted, session_of
from agent.entrypoints.web.problems import Forbidden
from library.access import Caller, Deed

FORM_FIELDS = 200
FORM_BYTES = 2**20


class SignInNeeded(Exception):
    """There is no session: the page is shown after signing in. back: the path to come back to."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A signed-in person: who they are, the token their forms carry, and the door they stand at."""

    caller: Caller
    csrf: str
    door: Door
    path: str

    def may(self, deed: Deed) -> bool:
        """Whether their role allows the deed."""
        return self.caller.may(deed)


class Visit:
    """A dependency of pages: the visitor, if their role allows the deed. form: the request changes something."""

    def __init__(self, deed: Deed, *, form: bool = False) -> None:
        self.deed, self.form = deed, form

    async def __call__(self, request: Request) -> Visitor:
        """The visitor; SignInNeeded without a session, Forbidden for a foreign form or a role that may not."""
        session = await run_in_threadpool(session_of, request)
        if session is None:
            raise SignInNeeded(_back(request))
        if self.form:
            sent = request.headers.get("x-csrf-token") or (await form_of(request)).get("csrf", "")
            if not hmac.compare_digest(str(sent).encode(), session.csrf.encode()):
                raise Forbidden("the form is not of this session", "csrf", "Load the page again.")
        caller = permitted(Caller(name=session.name, role=session.role), self.deed)
        return Visitor(caller=caller, csrf=session.csrf, door=door_of(request), path=request.url.path)


async def form_of(request: Request) -> dict[str, Any]:
    """The fields of a form; of several with one name a list under that name."""
    form = await request.form(max_files=0, max_fields=FORM_FIELDS, max_part_size=FORM_BYTES)
    fields: dict[str, Any] = {}
    for name in form:
        values = [str(value) for value in form.getlist(name)]
        fields[name] = values if len(values) > 1 else values[0]
    return fields


def _back(request: Request) -> str:
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path + query, safe="/?=&%")


Fields = Annotated[dict[str, Any], Depends(form_of)]
Reader = Annotated[Visitor, Depends(Visit("read"))]
Operating = Annotated[Visitor, Depends(Visit("operate", form=True))]
Deciding = Annotated[Visitor, Depends(Visit("review", form=True))]
Administering = Annotated[Visitor, Depends(Visit("administer", form=True))]
