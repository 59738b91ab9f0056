"""Errors as the API says them: one shape for all (RFC 9457, application/problem+json)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from library.errors import BudgetSpent, ClaimHeld, InputError, NotFound, Outage, PromptkeeperError, Refused, Stale

log = logging.getLogger("promptkeeper.web")
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5


class Problem(BaseModel):
    """What went wrong, where, and what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    place: str = ""
    mend: str = ""


class Forbidden(Refused):
    """The caller's role does not allow it."""


class Unauthorized(Refused):
    """Nobody, or somebody unknown, asks for what needs a name."""


STATUS: tuple[tuple[type[PromptkeeperError], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (InputError, HTTPStatus.BAD_REQUEST),
    (Unauthorized, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Stale, HTTPStatus.CONFLICT),
    (ClaimHeld, HTTPStatus.CONFLICT),
    (Refused, HTTPStatus.CONFLICT),
    (BudgetSpent, HTTPStatus.SERVICE_UNAVAILABLE),
    (Outage, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""Which error is which status; the first that fits counts."""

CODES = (400, 401, 403, 404, 405, 408, 409, 413, 415, 421, 422, 429, 503)
DECLARED: Mapping[int | str, dict[str, Any]] = {
    code: {
        "model": Problem,
        "description": HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code in CODES
}
"""Every error answer, for the OpenAPI document."""


def status_of(error: PromptkeeperError) -> HTTPStatus:
    """The HTTP status of an error of the product."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(
    status: int, title: str, detail: str = "", *, place: str = "", mend: str = "", headers: Mapping[str, str] = {}
) -> Response:
    """A problem document as a response."""
    said = Problem(title=title, status=status, detail=detail or title, place=place, mend=mend)
    extra = dict(headers)
    if status in {429, 503}:
        extra.setdefault("Retry-After", str(RETRY_SECONDS))
    if status == HTTPStatus.UNAUTHORIZED:
        extra.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(said.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=extra)


def of_error(error: PromptkeeperError) -> Response:
    """An error of the product as a response."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s", error)
    return problem(status, error.thing, str(error), place=error.place, mend=error.mend)


def install(app: FastAPI) -> None:
    """Make every error of an application come out in this shape."""
    app.add_exception_handler(PromptkeeperError, _product)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _shown(request: Request, answer: Response, title: str, said: str) -> Response:
    """The same for somebody who reads pages: programs ask for JSON, browsers for text."""
    if request.url.path.startswith(("/api/", "/v1/")) or "text/html" not in request.headers.get("accept", ""):
        return answer
    from agent.entrypoints.web.pages.render import page

    return page("problem.html", None, status=answer.status_code, title=title, said=said)


async def _product(request: Request, error: Exception) -> Response:
    assert isinstance(error, PromptkeeperError)
    return _shown(request, of_error(error), error.thing, str(error))


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    said = str(first["msg"]).removeprefix("Value error, ")
    answer = problem(422, f"{where}: {said}", place=where, mend="Correct it; see /openapi.json.")
    return _shown(request, answer, f"{where}: {said}", "Look at the address, or start from the prompts.")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, str(error.detail), headers=error.headers or {})
    return _shown(request, answer, str(error.detail), "Look at the address, or start from the prompts.")


async def _unexpected(request: Request, error: Exception) -> Response:
    # The message may quote a request: only its kind is told outside.
    log.error("%s %s broke: %s", request.method, request.url.path, type(error).__name__, exc_info=error)
    return problem(500, "unexpected error", f"unexpected {type(error).__name__}; the server's log says more")
