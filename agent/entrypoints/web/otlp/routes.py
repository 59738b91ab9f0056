"""The two paths that OpenTelemetry exporters send to. Every answer, errors too, is in the request's content type."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from agent.entrypoints.web.api.intake import hand_over
from agent.entrypoints.web.identity import MayIngest
from agent.entrypoints.web.otlp.answer import failed, in_form
from agent.entrypoints.web.otlp.body import JSON, PROTOBUF
from agent.entrypoints.web.otlp.reading import Kind
from agent.entrypoints.web.parcels import Taken
from agent.entrypoints.web.problems import RETRY_SECONDS, status_of
from library.access import Caller
from library.errors import PromptkeeperError


class _InForm(APIRoute):
    """A route whose errors, also those of its dependencies, are a google.rpc.Status."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the errors of the product answered here."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except PromptkeeperError as error:
                taken = failed(status_of(error), str(error), _content_type(request))
                return _response(taken)

        return answer


def _content(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    binary = {"type": "string", "format": "binary"}
    return {"description": description, "content": {PROTOBUF: {"schema": binary}, JSON: {"schema": schema}}}


def _described(message: str, answer: str, counted: str) -> dict[str, Any]:
    """How a path looks in the OpenAPI document."""
    status = {
        "type": "object",
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
        "required": ["code", "message"],
    }
    partly = {
        "type": "object",
        "properties": {
            "partialSuccess": {
                "type": "object",
                "properties": {counted: {"type": "string"}, "errorMessage": {"type": "string"}},
            }
        },
    }
    errors = {str(code): _content(HTTPStatus(code).phrase, status) for code in (400, 401, 403, 413, 415, 429, 503)}
    body = {**_content(message, {"type": "object"}), "required": True}
    return {"requestBody": body, "responses": {"200": _content(answer, partly), **errors}}


router = APIRouter(tags=["telemetry"], route_class=_InForm)


@router.post(
    "/v1/traces",
    response_class=Response,
    openapi_extra=_described("ExportTraceServiceRequest", "ExportTraceServiceResponse", "rejectedSpans"),
)
async def export_traces(request: Request, caller: MayIngest) -> Response:
    """OTLP/HTTP: spans that are calls of prompts become traces, other spans are taken and let go."""
    return await _hand_over(request, caller, "otlp-traces")


@router.post(
    "/v1/logs",
    response_class=Response,
    openapi_extra=_described("ExportLogsServiceRequest", "ExportLogsServiceResponse", "rejectedLogRecords"),
)
async def export_logs(request: Request, caller: MayIngest) -> Response:
    """OTLP/HTTP: evaluation results become scores, other records are taken and let go."""
    return await _hand_over(request, caller, "otlp-logs")


async def _hand_over(request: Request, caller: Caller, kind: Kind) -> Response:
    given = await hand_over(request, caller, kind)
    taken = Taken(status=given.status_code, media_type=given.media_type or JSON, body=bytes(given.body))
    return _response(in_form(taken, _content_type(request)))


def _response(taken: Taken) -> Response:
    headers = {}
    if taken.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if taken.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(taken.body, status_code=taken.status, media_type=taken.media_type, headers=headers)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")
