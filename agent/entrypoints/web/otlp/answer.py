"""Answers of the OTLP paths: always in the form of the request, also where something went wrong."""

import json
from collections.abc import Sequence

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from agent.entrypoints.web.otlp.body import PROTOBUF, answer_form
from agent.entrypoints.web.otlp.reading import Kind
from agent.entrypoints.web.parcels import PROBLEM, Taken

SHOWN = 3
REASON_LIMIT = 300  # characters
MESSAGE_LIMIT = 1_000  # characters

_REJECTED = {"otlp-traces": ("rejectedSpans", "spans"), "otlp-logs": ("rejectedLogRecords", "log records")}
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 8, 415: 3, 422: 3, 429: 8, 500: 13, 503: 14}
"""Codes of google.rpc.Status by HTTP status; any other is UNKNOWN."""


def stored(kind: Kind, rejected: int, reasons: Sequence[str], content_type: str) -> Taken:
    """All that could be used is committed. rejected: how many could not; reasons: the first few are told."""
    form, (counted, noun) = answer_form(content_type), _REJECTED[kind]
    message = _message(rejected, reasons, noun)
    if form == PROTOBUF:
        answer: ExportTraceServiceResponse | ExportLogsServiceResponse
        if kind == "otlp-traces":
            answer = ExportTraceServiceResponse()
            if message:
                partly = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
                answer.partial_success.CopyFrom(partly)
        else:
            answer = ExportLogsServiceResponse()
            if message:
                lost = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
                answer.partial_success.CopyFrom(lost)
        return Taken(status=200, media_type=form, body=answer.SerializeToString())
    # 64-bit numbers are texts in the JSON form of protobuf.
    said = {"partialSuccess": {counted: str(rejected), "errorMessage": message}} if message else {}
    return Taken(status=200, media_type=form, body=orjson.dumps(said))


def failed(status: int, message: str, content_type: str) -> Taken:
    """Nothing of the request was stored: a google.rpc.Status that says why."""
    code, form = _CODES.get(status, 2), answer_form(content_type)
    if form == PROTOBUF:
        text = message.encode()
        # int32 code = 1; string message = 2
        return Taken(status=status, media_type=form, body=bytes((0x08, code, 0x12)) + _varint(len(text)) + text)
    return Taken(status=status, media_type=form, body=orjson.dumps({"code": code, "message": message}))


def in_form(taken: Taken, content_type: str) -> Taken:
    """An answer as it is, unless it is a problem document: then the same as a Status in the request's form."""
    if taken.media_type != PROBLEM:
        return taken
    said = json.loads(taken.body)
    return failed(taken.status, said["detail"], content_type)


def _message(rejected: int, reasons: Sequence[str], noun: str) -> str:
    if not rejected and not reasons:
        return ""
    shown = "; ".join(reason[:REASON_LIMIT] for reason in reasons[:SHOWN]) + (
        f"; and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    )
    line = f"{rejected} {noun} rejected: {shown}" if rejected else f"left out: {shown}"
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


def _varint(number: int) -> bytes:
    said = bytearray()
    while number > 0x7F:
        said.append(number & 0x7F | 0x80)
        number >>= 7
    said.append(number)
    return bytes(said)
