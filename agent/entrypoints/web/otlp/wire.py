"""What OTLP carries, whichever form it came in: plain values, times in nanoseconds since 1970, ids in hex."""

from typing import Any, NamedTuple

Attributes = dict[str, Any]
"""By name: text, number, truth value, list, map, or None. Numbers that are not finite are None."""

Int64 = 2**63


class Event(NamedTuple):
    """Something that happened during a span."""

    name: str
    at: int
    attributes: Attributes


class Span(NamedTuple):
    """One operation. failed: its status is ERROR; complaint: the status' message."""

    trace_id: str
    span_id: str
    started: int
    ended: int
    attributes: Attributes
    events: list[Event]
    failed: bool
    complaint: str


class Record(NamedTuple):
    """A log record; name: of the event it tells of, empty where it is no event."""

    trace_id: str
    span_id: str
    at: int
    name: str
    attributes: Attributes
