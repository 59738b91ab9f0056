"""What `promptkeeper serve` answers over HTTP: reading only, loopback only, JSON only."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from library.errors import InputError, NotFound, Outage, PromptkeeperError
from library.prompts import PRODUCTION, Version
from library.store.stores import Library

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON document."""

    status: HTTPStatus
    body: Any
    etag: str = ""


def answer(library: Library, background: Callable[[], Mapping[str, Any]], target: str) -> Answer:
    """Route a GET request: health, prompts, incidents, runs, proposals, the background."""
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    try:
        if parts.path in {"/healthz", "/readyz"}:
            library.audit.events(limit=1)
            return Answer(HTTPStatus.OK, {"status": "ok"})
        if parts.path.startswith(API + "prompts/"):
            return _prompt(library, unquote(parts.path.removeprefix(API + "prompts/")), query)
        lists: dict[str, Callable[[], Any]] = {
            "prompts": library.prompts.list,
            "incidents": library.incidents.list,
            "runs": library.runs.list,
            "proposals": library.proposals.list,
            "background": background,
        }
        wanted = parts.path.removeprefix(API) if parts.path.startswith(API) else ""
        if wanted in lists:
            return Answer(HTTPStatus.OK, lists[wanted]())
        raise NotFound("no such page", parts.path, f"There are {', '.join(sorted(lists))} under {API}.")
    except PromptkeeperError as error:
        return _refused(error)


def _prompt(library: Library, name: str, query: Mapping[str, str]) -> Answer:
    if "label" in query and "version" in query:
        raise InputError("label and version together", name, "Ask for one of them.")
    if "version" in query and not query["version"].isdecimal():
        raise InputError(f"'{query['version']}' is no version number", name, "Give a number.")
    label = query.get("label", PRODUCTION)
    by_number = "version" in query
    version = (
        library.prompts.version(name, int(query["version"])) if by_number else library.prompts.labelled(name, label)
    )
    return Answer(HTTPStatus.OK, _resolved(version, None if by_number else label), etag=version.content_hash)


def _resolved(version: Version, label: str | None) -> dict[str, Any]:
    said = {"name": version.prompt, "version": version.number, "label": label, "content_hash": version.content_hash}
    return {**said, **version.content.to_json(), "canary": None}


def _refused(error: PromptkeeperError) -> Answer:
    status = (
        HTTPStatus.NOT_FOUND
        if isinstance(error, NotFound)
        else HTTPStatus.SERVICE_UNAVAILABLE
        if isinstance(error, Outage)
        else HTTPStatus.BAD_REQUEST
    )
    said = {"type": "about:blank", "title": error.thing, "status": status.value, "detail": str(error)}
    return Answer(status, said)


def open_server(
    library: Library,
    background: Callable[[], Mapping[str, Any]],
    to_json: Callable[[Any], Any],
    host: str,
    port: int,
) -> ThreadingHTTPServer:
    """A server that is bound and not yet running. InputError for an address that is not loopback."""
    if host not in LOOPBACK - {"[::1]"}:
        raise InputError(
            f"'{host}' is not a loopback address", "[server] host", "Use 127.0.0.1: there are no tokens yet."
        )

    class Handler(BaseHTTPRequestHandler):
        """Answers GET; refuses requests that a web page of another site could have made a browser send."""

        server_version = "promptkeeper"
        sys_version = ""

        def do_GET(self) -> None:
            named = (self.headers.get("Host") or "").rsplit(":", 1)[0]
            if named not in LOOPBACK:
                return self._send(_refused(InputError("the Host header names another site", named, "Use 127.0.0.1.")))
            found = answer(library, background, self.path)
            if found.etag and self.headers.get("If-None-Match") == f'"{found.etag}"':
                return self._send(Answer(HTTPStatus.NOT_MODIFIED, None, found.etag))
            return self._send(found)

        def _send(self, found: Answer) -> None:
            body = b"" if found.body is None else json.dumps(to_json(found.body), ensure_ascii=False).encode()
            self.send_response(found.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cache-Control", "no-cache")
            if found.etag:
                self.send_header("ETag", f'"{found.etag}"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are not logged: prompt names and subjects are nobody else's business."""

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise InputError(f"cannot listen ({error.strerror})", f"{host}:{port}", "Choose another --port.") from error
