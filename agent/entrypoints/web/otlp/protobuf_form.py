"""OTLP in protobuf: fields are read one by one, because turning whole messages into dicts costs ten times as much."""

import base64
import math
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from agent.entrypoints.web.otlp.body import Unreadable
from agent.entrypoints.web.otlp.wire import Attributes, Event, Record, Span

_FAILED = trace_pb2.Status.STATUS_CODE_ERROR


def read_spans(body: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest; Unreadable when it is none."""
    request = ExportTraceServiceRequest()
    _parse(request, body)
    return [
        Span(
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            started=span.start_time_unix_nano,
            ended=span.end_time_unix_nano,
            attributes=_attributes(span.attributes),
            events=[Event(e.name, e.time_unix_nano, _attributes(e.attributes)) for e in span.events],
            failed=span.status.code == _FAILED,
            complaint=span.status.message,
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def read_records(body: bytes) -> list[Record]:
    """The log records of an ExportLogsServiceRequest; Unreadable when it is none."""
    request = ExportLogsServiceRequest()
    _parse(request, body)
    found = []
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                attributes = _attributes(record.attributes)
                found.append(
                    Record(
                        trace_id=record.trace_id.hex(),
                        span_id=record.span_id.hex(),
                        at=record.time_unix_nano or record.observed_time_unix_nano,
                        name=record.event_name or str(attributes.get("event.name") or ""),
                        attributes=attributes,
                    )
                )
    return found


def _parse(request: Any, body: bytes) -> None:
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Unreadable("the body is not the protobuf message that this path takes") from error


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(said: AnyValue) -> Any:
    kind = said.WhichOneof("value")
    if kind == "double_value":
        return said.double_value if math.isfinite(said.double_value) else None
    if kind == "array_value":
        return [_value(one) for one in said.array_value.values]
    if kind == "kvlist_value":
        return _attributes(said.kvlist_value.values)
    if kind == "bytes_value":
        return base64.b64encode(said.bytes_value).decode()
    return getattr(said, kind) if kind in {"string_value", "int_value", "bool_value"} else None
