"""A span that is a call of a prompt becomes a row, as `traces import` and `POST /api/v1/traces` take them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from agent.entrypoints.web.otlp import messages
from agent.entrypoints.web.otlp.dialects import CONTENT_EVENTS, DETAIL_EVENTS, EXCEPTION, FAILURES, Field
from agent.entrypoints.web.otlp.meaning import Meaning
from agent.entrypoints.web.otlp.messages import Said
from agent.entrypoints.web.otlp.wire import Span

INPUT = "input"
"""The variable that holds what the caller said, where the span does not tell the template's variables."""

_VERSION = re.compile(r"v?0*([1-9][0-9]{0,9})")
_IDS = re.compile(r"([0-9a-f]{32}):([0-9a-f]{16})")
_NOBODY = re.compile(r"0+:|.*:0+$")


class Lacking(Exception):
    """The span names a prompt, but cannot be a trace; the text says why."""


def trace_id(trace: str, span: str) -> str:
    """The id of a span's trace, the same however often it is sent; Lacking without good ids."""
    both = f"{trace}:{span}"
    if not _IDS.fullmatch(both) or _NOBODY.match(both):
        raise Lacking("trace id or span id are missing or malformed")
    return f"otel:{both}"


def row(span: Span) -> dict[str, Any] | None:
    """The row; None for a span that is no call of a prompt. Lacking when it is one and something needed is missing."""
    meaning = Meaning(_with_details(span))
    named = meaning.where("prompt")
    if named is None or not meaning.generation:
        return None
    made: dict[str, Any] = {"id": trace_id(span.trace_id, span.span_id), "ts": moment(span.started)}
    made["prompt"] = meaning.at(named)
    made["version"] = _version(meaning.beside(named, "version"))
    for name in ("label", "arm", "segment", "expected", "model", "response_model", "cost", "session"):
        made[name] = meaning.find(name)
    if span.ended >= span.started:
        made["latency_ms"] = (span.ended - span.started) / 1e6
    made["tokens"] = {"input": meaning.find("tokens_in"), "output": meaning.find("tokens_out")}
    made["error"] = _error(span, meaning)
    made["inputs"] = _variables(meaning) or _question(span, meaning)
    made |= _answer(span, meaning)
    return {name: value for name, value in made.items() if value is not None}


def moment(nanoseconds: int) -> str:
    """A time in nanoseconds since 1970 as ISO 8601; Lacking where there is none."""
    if nanoseconds <= 0:
        raise Lacking("there is no start time")
    seconds, rest = divmod(nanoseconds, 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000).isoformat()


def _with_details(span: Span) -> dict[str, Any]:
    more = [event.attributes for event in span.events if event.name in DETAIL_EVENTS or event.name == EXCEPTION]
    if not more:
        return span.attributes
    joined: dict[str, Any] = {}
    for attributes in more:
        joined |= attributes
    return joined | span.attributes


def _version(said: str | None) -> int | None:
    if said is None:
        return None
    number = _VERSION.fullmatch(said.strip())
    if number is None:
        raise Lacking(f"version '{said[:40]}' is not the number of a version")
    return int(number[1])


def _error(span: Span, meaning: Meaning) -> dict[str, str] | None:
    kind = meaning.find("error_type")
    marked = any(str(span.attributes.get(name)) in levels for name, levels in FAILURES.items())
    if not span.failed and not marked and "error.type" not in span.attributes:
        return None  # an exception that was caught within the call is no failure of it
    message = meaning.find("error_message") or span.complaint
    return {"type": (kind or "error")[:100], "message": message}


def _variables(meaning: Meaning) -> dict[str, Any] | None:
    found: dict[str, Any] | None = meaning.find("variables")
    return found or None


def _question(span: Span, meaning: Meaning) -> dict[str, str]:
    said = messages.question(_said(span, meaning, "input", "user"))
    return {} if said is None else {INPUT: said}


def _answer(span: Span, meaning: Meaning) -> dict[str, Any]:
    answers = list(_said(span, meaning, "output", "assistant"))
    answer = next((said for said in answers if said.text is not None or said.calls), None)
    finish = meaning.find("finish_reason") or next((said.finish for said in answers if said.finish), None)
    if answer is None:
        return {"finish_reason": finish}
    # Only called tools: nothing was said that a metric could judge.
    text = None if answer.calls and not answer.text else answer.text
    return {"output": text, "tool_calls": answer.calls, "finish_reason": finish}


def _said(span: Span, meaning: Meaning, field: Field, role: str) -> Iterator[Said]:
    """For a question the messages of the first place that has any; for an answer the first message of every place."""
    for source in meaning.places(field):
        value = meaning.at(source)
        if value is None:
            continue
        found = messages.indexed(value, role) if source.attribute.endswith(".") else messages.read(value)
        yield from found[:1] if field == "output" else found
        if found and field == "input":
            return
    for event in span.events:
        place = CONTENT_EVENTS.get(event.name)
        if place is not None and place[0] == field:
            yield messages.told(event.attributes, place[1])
