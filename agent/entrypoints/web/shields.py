"""What every request passes before anything reads it: the right host, the right origin, a bounded size and time.

A browser can be made to send requests to loopback by any page it shows (DNS rebinding, cross-site forms), so the Host
and Origin headers are checked there too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from agent.entrypoints.web.problems import problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
BODY_SECONDS = 30.0
HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
"""Sent with every answer. Pages have their script and style in files of their own: nothing inline runs."""


class Shields:
    """The outermost layer of the application. names: hosts it is reached under; limit: bytes of a body."""

    def __init__(self, app: App, *, names: Collection[str], limit: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._limit, self._seconds = limit, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        refused = self._refusal(scope)
        if refused is not None:
            return await refused(scope, receive, _armoured(send, scope))
        bounded = _Body(receive, self._limit, self._seconds)
        guarded = _armoured(send, scope)
        try:
            await self._app(scope, bounded.receive, guarded)
        except _TooMuch:
            if not guarded.started:
                await problem(413, f"the body is larger than {self._limit} bytes")(scope, receive, guarded)
        except _TooSlow:
            if not guarded.started:
                await problem(408, f"the body did not arrive within {self._seconds:g} s")(scope, receive, guarded)
        return None

    def _refusal(self, scope: Scope) -> Response | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "").lower()
        if hostname(host) not in self._names:
            return problem(421, "the Host header names another site", mend="Add the name to [server] names.")
        if scope["method"] not in SAFE:
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin.lower()).netloc != host:
                return problem(403, "the request comes from another site")
            if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
                return problem(403, "the request comes from another site")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limit:
            return problem(413, f"the body is larger than {self._limit} bytes")
        return None


class _TooMuch(Exception):
    """More bytes than allowed."""


class _TooSlow(Exception):
    """A body that does not end."""


class _Body:
    """Counts what comes in, and how long it takes."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive, self._left, self._seconds = receive, limit, seconds
        self._until: float | None = None
        self._whole = False

    async def receive(self) -> MutableMapping[str, Any]:
        """The next message of the request."""
        if self._whole:
            return await self._receive()  # only a disconnect can come now, and it may take as long as it likes
        loop = asyncio.get_running_loop()
        self._until = self._until or loop.time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            raise _TooSlow from error
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooMuch
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message


class _armoured:
    """Sends with the security headers; pages and answers are not kept by caches on the way."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send, self.started = send, False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            given = {name for name, _ in message["headers"]}
            more = [(n.encode(), v.encode()) for n, v in HEADERS if n.encode() not in given]
            if b"cache-control" not in given:
                more.append((b"cache-control", b"no-store"))
            message["headers"] = [*message["headers"], *more]
        await self._send(message)


def hostname(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
