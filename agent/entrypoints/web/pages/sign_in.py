"""Signing in and out: with a token, or with the one-time link that the first start prints on loopback."""

import getpass
import os
import time
from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from agent.entrypoints.web.door import AtDoor, Door
from agent.entrypoints.web.identity import COOKIE, cookie_options
from agent.entrypoints.web.pages.render import page
from agent.entrypoints.web.pages.visitor import Visit, Visitor
from library.access import PREFIX, Role
from library.store.stores import Library

router = APIRouter(include_in_schema=False)

Leaving = Annotated[Visitor, Depends(Visit("read", form=True))]
LINK_LIFE = timedelta(minutes=10)
TRIES, TRY_SECONDS = 10, 60.0
FOREIGN = "That did not work. The token is unknown, expired or revoked."
USED = "This link was used or is too old. Restart the server for a new one, or sign in with a token."


class Tries:
    """How often a client has failed of late; more than TRIES in a minute and it has to wait."""

    def __init__(self) -> None:
        self._failed: defaultdict[str, deque[float]] = defaultdict(deque)

    def wait(self, client: str) -> bool:
        """Whether the client has to wait now."""
        failed, now = self._failed[client], time.monotonic()
        while failed and now - failed[0] > TRY_SECONDS:
            failed.popleft()
        if not failed:
            del self._failed[client]
        return len(failed) >= TRIES

    def note(self, client: str) -> None:
        """One more failure."""
        self._failed[client].append(time.monotonic())


def make_link(library: Library, secret: str, now: datetime) -> str:
    """The path of a new one-time sign-in link, good for ten minutes."""
    library.access.make_link(secret, until=now + LINK_LIFE)
    return f"/sign-in/link/{secret}"


@router.get("/sign-in")
def show(back: str = "/") -> Response:
    """The form."""
    return page("sign_in.html", None, back=_own(back), said="", link="")


@router.post("/sign-in")
async def sign_in(
    request: Request, door: AtDoor, token: Annotated[str, Form(max_length=200)] = "", back: Annotated[str, Form()] = "/"
) -> Response:
    """Open a session with a token."""
    tries: Tries = request.app.state.tries
    client = request.client.host if request.client else ""
    if tries.wait(client):
        waiting = page(
            "sign_in.html", None, status=429, back=_own(back), said="Too many tries. Wait a minute.", link=""
        )
        waiting.headers["Retry-After"] = "60"
        return waiting
    known = None
    secret = token.strip()
    if secret.startswith(PREFIX):
        known = await run_in_threadpool(door.library.access.token, secret, now=door.now())
    if known is None or known.agent or known.role == "ingest":
        tries.note(client)
        return page("sign_in.html", None, status=401, back=_own(back), said=FOREIGN, link="")
    return await run_in_threadpool(_opened, request, door, known.name, known.role, known.id, _own(back))


@router.get("/sign-in/link/{secret}")
def show_link(secret: str) -> Response:
    """A button: a browser that looks at links before they are clicked must not use this one up."""
    return page("sign_in.html", None, back="/", said="", link=secret)


@router.post("/sign-in/link/{secret}")
def use_link(request: Request, door: AtDoor, secret: str) -> Response:
    """Open the session of the operating-system user who started the server."""
    if not door.library.access.use_link(secret, now=door.now()):
        return page("sign_in.html", None, status=401, back="/", said=USED, link="")
    return _opened(request, door, owner(), "admin", None, "/")


@router.post("/sign-out")
def sign_out(request: Request, visitor: Leaving) -> Response:
    """End the session."""
    cookie = request.cookies.get(COOKIE)
    if cookie:
        visitor.door.library.access.end_session(cookie)
    gone = RedirectResponse("/sign-in", status_code=303)
    gone.delete_cookie(COOKIE, path="/")
    return gone


def owner() -> str:
    """The operating-system user who runs the server."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return f"uid-{os.getuid()}"


def _opened(request: Request, door: Door, name: str, role: Role, token_id: int | None, back: str) -> Response:
    # The cookie is new at every sign-in: one that was planted before opens nothing.
    cookie, now = door.secret(), door.now()
    door.library.access.open_session(
        cookie, name=name, role=role, csrf=door.secret(), now=now, until=now + door.session, token_id=token_id
    )
    answer = RedirectResponse(back, status_code=303)
    answer.set_cookie(COOKIE, cookie, **cookie_options(request, door.session))
    return answer


def _own(back: str) -> str:
    """The path to go back to, if it is one of ours: never another site."""
    fine = back.startswith("/") and not back.startswith(("//", "/\\")) and "\\" not in back
    return back if fine and back.isprintable() else "/"
