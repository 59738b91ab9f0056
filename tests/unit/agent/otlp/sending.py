"""Writes OTLP requests as exporters do, in both forms, from one plain description of spans and records."""

import json
import math
from collections.abc import Mapping

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agent.entrypoints.web.otlp.body import JSON, PROTOBUF
from agent.entrypoints.web.otlp.reading import read

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
ID = f"otel:{TRACE}:{SPAN}"
START = 1_788_249_600_123_456_789  # 2026-09-01T08:00:00.123456Z
FORMS = (PROTOBUF, JSON)


def span(attributes, events=(), *, trace=TRACE, span=SPAN, start=START, ms=250, status=0, message=""):
    """A span; events: (name, attributes) pairs."""
    return {
        "traceId": trace,
        "spanId": span,
        "name": "chat",
        "startTimeUnixNano": start,
        "endTimeUnixNano": start + ms * 10**6,
        "attributes": attributes,
        "events": [{"name": name, "timeUnixNano": start + 10**6, "attributes": said} for name, said in events],
        "status": {"code": status, "message": message},
    }


def record(attributes, *, name="gen_ai.evaluation.result", trace=TRACE, span=SPAN, at=START):
    """A log record."""
    return {"traceId": trace, "spanId": span, "timeUnixNano": at, "eventName": name, "attributes": attributes}


def spans_body(spans, form):
    """An ExportTraceServiceRequest."""
    return _body(spans, form, ExportTraceServiceRequest, ("resourceSpans", "scopeSpans", "spans"))


def records_body(records, form):
    """An ExportLogsServiceRequest."""
    return _body(records, form, ExportLogsServiceRequest, ("resourceLogs", "scopeLogs", "logRecords"))


def decoded(*spans, form=JSON):
    """What is read from spans."""
    return read("otlp-traces", spans_body(spans, form), form)


def only_row(attributes, events=(), *, form=JSON, **more):
    """The row of one span."""
    found = decoded(span(attributes, events, **more), form=form)
    assert not found.rejected, found.reasons
    (row,) = found.rows
    return row


def _body(leaves, form, kind, path):
    if form == JSON:
        said = [_json(leaf) for leaf in leaves]
        for name in reversed(path):
            said = {name: said} if name == path[0] else [{"scope": {"name": "test"}, "later": 1, name: said}]
        return json.dumps(said).encode()
    request = kind()
    outer = request
    for name in path[:-1]:
        outer = getattr(outer, _snake(name)).add()
    for leaf in leaves:
        _fill(getattr(outer, _snake(path[-1])).add(), leaf)
    return request.SerializeToString()


def _snake(name):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _json(value, name=""):
    if name == "attributes":
        return [{"key": key, "value": _json_value(said)} for key, said in value.items()]
    if isinstance(value, dict):
        return {key: _json(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_json(inner) for inner in value]
    return str(value) if name.endswith("Nano") else value


def _json_value(said):
    if isinstance(said, Mapping):
        return {"kvlistValue": {"values": _json(said, "attributes")}}
    if isinstance(said, list | tuple):
        return {"arrayValue": {"values": [_json_value(one) for one in said]}}
    if isinstance(said, bool):
        return {"boolValue": said}
    if isinstance(said, int):
        return {"intValue": str(said)}
    if isinstance(said, float):
        return {"doubleValue": said if math.isfinite(said) else "-Infinity" if said < 0 else "Infinity"}
    return {"stringValue": said} if said is not None else {}


def _fill(message, said):
    for name, value in said.items():
        field = _snake(name)
        if name == "attributes":
            _fill_attributes(message.attributes, value)
        elif name in {"traceId", "spanId"}:
            setattr(message, field, bytes.fromhex(value))
        elif isinstance(value, list):
            for one in value:
                _fill(getattr(message, field).add(), one)
        elif isinstance(value, Mapping):
            _fill(getattr(message, field), value)
        else:
            setattr(message, field, value)


def _fill_attributes(pairs, attributes):
    for key, said in attributes.items():
        _fill_value(pairs.add(key=key).value, said)


def _fill_value(value, said):
    if isinstance(said, Mapping):
        value.kvlist_value.SetInParent()
        _fill_attributes(value.kvlist_value.values, said)
    elif isinstance(said, list | tuple):
        value.array_value.SetInParent()
        for one in said:
            _fill_value(value.array_value.values.add(), one)
    elif isinstance(said, bool):
        value.bool_value = said
    elif isinstance(said, int):
        value.int_value = said
    elif isinstance(said, float):
        value.double_value = said
    elif said is not None:
        value.string_value = said
