"""Traces as rows and back, and the filters that every query over traces shares."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.canaries import read_arm
from library.errors import InputError
from library.store.insert import storable
from library.store.tables import traces
from library.traces import Trace, TraceError
from library.trends import OTHER

_PLAIN = ("version", "arm", "latency_ms", "tokens_in", "tokens_out", "cost")
_TEXTS = (
    *("id", "prompt", "label", "inputs", "output", "expected", "expected_source", "model", "response_model"),
    *("tool_calls", "session", "finish_reason"),
)
_AS_STORED = (*_PLAIN, *(name for name in _TEXTS if name != "tool_calls"), "ts", "segment")


def row_of(trace: Trace) -> dict[str, Any]:
    """The row of a trace; InputError when its time has no zone, or its arm is none."""
    if trace.ts.tzinfo is None:
        raise InputError(f"the time {trace.ts} has no time zone", f"trace '{trace.id}'", "Give times in UTC.")
    if trace.arm is not None:
        read_arm(trace.arm)
    row: dict[str, Any] = {name: storable(getattr(trace, name)) for name in _TEXTS}
    for name in _PLAIN:
        row[name] = getattr(trace, name)
    row["ts"] = trace.ts
    row["segment"] = storable(trace.segment) or None
    row["error"] = None if trace.error is None else storable(asdict(trace.error))
    return row


def trace_of(row: sa.Row[Any]) -> Trace:
    """A stored row as the noun."""
    return Trace(
        **{name: getattr(row, name) for name in _AS_STORED},
        tool_calls=tuple(row.tool_calls),
        error=None if row.error is None else TraceError(**row.error),
    )


def segment_name() -> sa.ColumnElement[str]:
    """The segment a trace counts under: traces without one are `other`."""
    return sa.func.coalesce(traces.c.segment, sa.literal_column(f"'{OTHER}'"))


def matching(
    *,
    prompt: str | None = None,
    version: int | None = None,
    segment: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[sa.ColumnElement[bool]]:
    """The conditions for traces with since <= ts < until; None means any."""
    t, wanted = traces.c, []
    if prompt is not None:
        wanted.append(t.prompt == prompt)
    if version is not None:
        wanted.append(t.version == version)
    if segment is not None:
        wanted.append(segment_name() == segment)
    if since is not None:
        wanted.append(t.ts >= since)
    if until is not None:
        wanted.append(t.ts < until)
    return wanted
