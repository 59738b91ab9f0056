"""A request's body becomes rows of traces and scores: a pure function, run in the process that stores them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent.entrypoints.web.otlp import body as bodies
from agent.entrypoints.web.otlp import json_form, protobuf_form
from agent.entrypoints.web.otlp.dialects import EVALUATION
from agent.entrypoints.web.otlp.evaluations import Unscored, score
from agent.entrypoints.web.otlp.spans import Lacking, moment, row, trace_id
from agent.entrypoints.web.otlp.wire import Record, Span

Kind = Literal["otlp-traces", "otlp-logs"]


@dataclass(slots=True)
class Decoded:
    """What a body holds. rows: traces, with what `TraceRow` takes; scores: each with its trace_id, as sent to the API.

    rejected: spans or records of ours that cannot be used; reasons: why, and warnings about what else was left out.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    rejected: int = 0
    reasons: list[str] = field(default_factory=list)


def read(kind: Kind, body: bytes, content_type: str, encoding: str = "") -> Decoded:
    """Spans or log records, decoded and understood; Unreadable when the body is none of that."""
    form = json_form if bodies.form_of(content_type) == bodies.JSON else protobuf_form
    plain = bodies.plain(body, encoding)
    return _spans(form.read_spans(plain)) if kind == "otlp-traces" else _records(form.read_records(plain))


def _spans(spans: Sequence[Span]) -> Decoded:
    decoded = Decoded()
    for span in spans:
        try:
            made = row(span)
        except Lacking as lacking:
            decoded.rejected += 1
            decoded.reasons.append(f"span {span.span_id or '?'}: {lacking}")
            continue
        if made is not None:
            decoded.rows.append(made)
            _judgements(span, made, decoded)
    return decoded


def _judgements(span: Span, made: dict[str, Any], decoded: Decoded) -> None:
    for event in span.events:
        if event.name == EVALUATION:
            try:
                given = score(event.attributes, made["id"], moment(event.at or span.started))
            except (Unscored, Lacking) as why:
                # The span itself is good: a warning, no rejection.
                decoded.reasons.append(f"span {span.span_id}: {why}")
                continue
            if given is not None:
                decoded.scores.append(given)


def _records(records: Sequence[Record]) -> Decoded:
    decoded = Decoded()
    for record in records:
        if record.name != EVALUATION:
            continue
        try:
            given = score(record.attributes, trace_id(record.trace_id, record.span_id), moment(record.at))
        except (Unscored, Lacking) as why:
            decoded.rejected += 1
            decoded.reasons.append(f"record of span {record.span_id or '?'}: {why}")
            continue
        if given is not None:
            decoded.scores.append(given)
    return decoded
