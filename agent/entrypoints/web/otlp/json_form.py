"""OTLP in JSON, read as it is: ids in hex, 64-bit numbers as text, unknown fields passed over.

protobuf's own JSON reader is of no use here: it takes the hex ids for base64 and gives other ids without a word.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from agent.entrypoints.web.otlp.body import Unreadable
from agent.entrypoints.web.otlp.wire import Attributes, Event, Int64, Record, Span

DEPTH = 40
"""Lists and maps in each other, about as many as protobuf's own reader takes."""

_FAILED = (2, "STATUS_CODE_ERROR")


def read_spans(body: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest; Unreadable when it is none."""
    return [_span(said) for said in _leaves(body, ("resourceSpans", "scopeSpans", "spans"))]


def read_records(body: bytes) -> list[Record]:
    """The log records of an ExportLogsServiceRequest; Unreadable when it is none."""
    return [_record(said) for said in _leaves(body, ("resourceLogs", "scopeLogs", "logRecords"))]


def _leaves(body: bytes, path: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"broken JSON ({error.msg} at line {error.lineno}, column {error.colno})") from error
    level = [_mapping(said, "the body")]
    for name in path:
        level = [_mapping(inner, name) for outer in level for inner in _list(outer, name)]
    return iter(level)


def _span(said: Mapping[str, Any]) -> Span:
    status = _mapping(said.get("status") or {}, "status")
    return Span(
        trace_id=_text(said, "traceId").lower(),
        span_id=_text(said, "spanId").lower(),
        started=_time(said, "startTimeUnixNano"),
        ended=_time(said, "endTimeUnixNano"),
        attributes=_attributes(said),
        events=[_event(_mapping(one, "events")) for one in _list(said, "events")],
        failed=status.get("code") in _FAILED,
        complaint=_text(status, "message"),
    )


def _event(said: Mapping[str, Any]) -> Event:
    return Event(_text(said, "name"), _time(said, "timeUnixNano"), _attributes(said))


def _record(said: Mapping[str, Any]) -> Record:
    attributes = _attributes(said)
    return Record(
        trace_id=_text(said, "traceId").lower(),
        span_id=_text(said, "spanId").lower(),
        at=_time(said, "timeUnixNano") or _time(said, "observedTimeUnixNano"),
        name=_text(said, "eventName") or str(attributes.get("event.name") or ""),
        attributes=attributes,
    )


def _attributes(said: Mapping[str, Any], name: str = "attributes", depth: int = 0) -> Attributes:
    found: Attributes = {}
    for pair in _list(said, name):
        entry = _mapping(pair, name)
        found[_text(entry, "key")] = _value(entry.get("value"), depth)
    return found


def _value(said: Any, depth: int) -> Any:
    if not said:
        return None
    if depth > DEPTH:
        raise Unreadable(f"an attribute has more than {DEPTH} lists and maps in each other")
    for kind, value in _mapping(said, "value").items():
        if value is None:
            continue
        if kind in _READERS:
            return _READERS[kind](value)
        if kind == "arrayValue":
            return [_value(one, depth + 1) for one in _list(_mapping(value, kind), "values")]
        if kind == "kvlistValue":
            return _attributes(_mapping(value, kind), "values", depth + 1)
    return None


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable("a stringValue or bytesValue is not a text")
    return value


def _integer(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable("an intValue is not a whole number") from error
    if not -Int64 <= number < 2 * Int64:
        raise Unreadable("an intValue does not fit into 64 bits")
    return number


def _double(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable("a doubleValue is not a number") from error
    return number if math.isfinite(number) else None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable("a boolValue is neither true nor false")
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "stringValue": _string,
    "intValue": _integer,
    "doubleValue": _double,
    "boolValue": _truth,
    "bytesValue": _string,
}


def _mapping(said: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise Unreadable(f"{name} is or holds something that is not a JSON object")
    return said


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    found = said.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Unreadable(f"'{name}' is not a list")
    return found


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Unreadable(f"'{name}' is not a text")
    return found


def _time(said: Mapping[str, Any], name: str) -> int:
    found = said.get(name)
    if found is None or found == "":
        return 0
    number = _integer(found)
    if number < 0:
        raise Unreadable(f"'{name}' is before 1970")
    return number
