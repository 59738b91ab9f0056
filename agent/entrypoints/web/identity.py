"""Who asks, and whether they may: every route names the deed it is (see `library.access`)."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from agent.entrypoints.web.door import Door, door_of
from agent.entrypoints.web.problems import Forbidden, Unauthorized
from agent.entrypoints.web.shields import LOOPBACK_NAMES, hostname
from library.access import PREFIX, Caller, Deed, Session

COOKIE = "promptkeeper_session"
NOBODY = Caller(name="local program", role="operator", agent=True)
"""Who comes in on loopback while there are no tokens: a program, which can never decide."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Headers by which a proxy says that it only passes on."""


class Allow:
    """A dependency of API routes: the caller, by bearer token, if its role allows the deed."""

    def __init__(self, deed: Deed) -> None:
        self.deed = deed

    async def __call__(self, request: Request) -> Caller:
        """The caller; Unauthorized without a good token, Forbidden with one that may not."""
        door = door_of(request)
        caller = await run_in_threadpool(by_token, door, request.headers.get("authorization"), near=_near(request))
        return permitted(caller, self.deed)


def by_token(door: Door, header: str | None, *, near: bool) -> Caller:
    """The caller that an Authorization header names. near: the request was made on this machine."""
    if header is None:
        if door.local and near and not door.library.access.guarded(now=door.now()):
            return NOBODY
        raise Unauthorized("a token is needed", "Authorization", "Send 'Authorization: Bearer TOKEN'.")
    scheme, _, secret = header.partition(" ")
    token = None
    if scheme.lower() == "bearer" and secret.startswith(PREFIX):
        token = door.library.access.token(secret.strip(), now=door.now())
    if token is None:
        raise Unauthorized("the token is unknown, expired or revoked", "Authorization", "Ask an admin for a new one.")
    return Caller(name=token.name, role=token.role, agent=token.agent)


def _near(request: Request) -> bool:
    """Whether a program of this machine asks: what a proxy brings from elsewhere comes from loopback too."""
    brought = any(name in request.headers for name in FORWARDED)
    return not brought and hostname(request.headers.get("host", "").lower()) in LOOPBACK_NAMES


def permitted(caller: Caller, deed: Deed) -> Caller:
    """The caller, if allowed; else Forbidden."""
    if not caller.may(deed):
        who = "a program's token" if caller.agent and deed in {"review", "administer"} else f"the role '{caller.role}'"
        raise Forbidden(f"{who} may not {deed}", caller.name, "Use a token with another role.")
    return caller


def session_of(request: Request) -> Session | None:
    """The session of a browser, or None."""
    door, cookie = door_of(request), request.cookies.get(COOKIE)
    return door.library.access.session(cookie, now=door.now()) if cookie else None


def cookie_options(request: Request, age: timedelta) -> dict[str, Any]:
    """How the session's cookie is set: out of reach of scripts and of other sites, and of plain HTTP where it can be.

    TLS may end at a proxy; the browser's Origin, which has been compared with the Host, then says what people see.
    """
    secure = request.url.scheme == "https" or request.headers.get("origin", "").lower().startswith("https://")
    return {"httponly": True, "samesite": "strict", "path": "/", "secure": secure, "max_age": int(age.total_seconds())}


MayFetch = Annotated[Caller, Depends(Allow("fetch"))]
MayIngest = Annotated[Caller, Depends(Allow("ingest"))]
MayRead = Annotated[Caller, Depends(Allow("read"))]
MayOperate = Annotated[Caller, Depends(Allow("operate"))]
MayReview = Annotated[Caller, Depends(Allow("review"))]
MayAdminister = Annotated[Caller, Depends(Allow("administer"))]
