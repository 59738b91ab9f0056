"""Anything may come over the network: it is understood and accounted for, or refused in the one typed way."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agent.entrypoints.trace_rows import to_trace
from agent.entrypoints.web.otlp import values
from agent.entrypoints.web.otlp.answer import failed, stored
from agent.entrypoints.web.otlp.body import Unreadable
from agent.entrypoints.web.otlp.intake import unpack
from agent.entrypoints.web.otlp.reading import read
from agent.entrypoints.web.parcels import Parcel
from library.store.traces import Added
from tests.unit.agent.otlp.sending import FORMS, only_row, span, spans_body
from tests.unit.agent.otlp.tellings import LITELLM, TELLINGS

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
KINDS = ("otlp-logs", "otlp-traces")


def check(kind, body, form, encoding=""):
    """Read anything: either it is understood, and everything in it accounted for, or refused in the typed way."""
    try:
        found = read(kind, body, form, encoding)
    except Unreadable as refusal:
        assert refusal.status in {400, 413, 415}
        taken = failed(refusal.status, str(refusal), form)
    else:
        assert found.rejected <= len(found.reasons)
        assert len({row["id"] for row in found.rows}) <= len(found.rows)
        taken = stored(kind, found.rejected, found.reasons, form)
    assert taken.media_type == form


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), form=st.sampled_from(FORMS), body=st.binary(max_size=300), gz=st.booleans())
def test_random_bytes_never_raise_anything_else(kind, form, body, gz):
    check(kind, gzip.compress(body) if gz else body, form, "gzip" if gz else "")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_good_bodies_with_bad_bytes_never_raise_anything_else(data):
    form = data.draw(st.sampled_from(FORMS))
    telling = TELLINGS[data.draw(st.sampled_from(sorted(TELLINGS)))]
    body = bytearray(spans_body([span(telling, [("gen_ai.evaluation.result", {"k": 1})])], form))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        change = data.draw(st.sampled_from(("set", "cut", "double")))
        if change == "set":
            body[place] = data.draw(st.integers(0, 255))
        elif change == "cut":
            del body[place : place + data.draw(st.integers(1, 20))]
        else:
            body[place:place] = body[place : place + 40]
        if not body:
            break
    folded = data.draw(st.booleans())
    check("otlp-traces", gzip.compress(bytes(body)) if folded else bytes(body), form, "gzip" if folded else "")


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=20)
words = st.text(max_size=8) | st.sampled_from(
    ("role", "content", "parts", "type", "text", "tool_calls", "function", "name", "arguments", "choices", "messages")
)
plain_values = st.recursive(
    scalars | st.sampled_from(("text", "tool_call", "user")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
)
names = st.sampled_from(sorted({name for telling in TELLINGS.values() for name in telling})) | st.text(max_size=12)


@settings(max_examples=40, deadline=None)
@given(
    attributes=st.dictionaries(names, plain_values | plain_values.map(json.dumps), max_size=12), end=st.integers(0, 5)
)
def test_any_value_under_any_name_gives_the_same_in_both_forms(attributes, end):
    attributes = {**attributes, "gen_ai.operation.name": "chat"}
    events = [("gen_ai.choice", attributes), ("gen_ai.evaluation.result", attributes), ("exception", attributes)][:end]
    found = []
    for form in FORMS:
        said = read("otlp-traces", spans_body([span(attributes, events)], form), form)
        found.append((json.dumps(said.rows), said.scores, said.rejected, said.reasons))

    assert found[0] == found[1]


def resolved(row, place, *, trusted):
    """A trace of any row, as if the library knew every prompt."""
    assert place.startswith("span ")
    return to_trace(row, row.version or 1)


@settings(max_examples=40, deadline=None)
@given(
    attributes=st.dictionaries(names, plain_values | plain_values.map(json.dumps), max_size=12), trusted=st.booleans()
)
def test_any_span_becomes_a_trace_or_a_reason(attributes, trusted):
    call = {"gen_ai.operation.name": "chat", "gen_ai.prompt.name": "a", **attributes}
    batch = [
        span(call, [("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "n", **attributes})]),
        span(TELLINGS["ours"]),
    ]
    parcel = Parcel(kind="otlp-traces", body=spans_body(batch, FORMS[0]), media_type=FORMS[0], trusted=trusted)
    unpacked = unpack(parcel, resolved, NOW)
    told = ExportTraceServiceResponse.FromString(unpacked.answer(Added(traces=0, scores=0)).body).partial_success

    assert unpacked.traces[-1].version == 3  # the neighbour is never lost
    assert len(unpacked.traces) + told.rejected_spans <= 2
    assert all(score.trace_id in {trace.id for trace in unpacked.traces} for score in unpacked.scores)


@pytest.mark.parametrize(
    "said",
    [
        "{'a': " + "[" * 30_000 + "]" * 30_000 + "}",
        "{'a': " * 9_000 + "1" + "}" * 9_000,
        "{'a': " + "-" * 60_000 + "1}",
        "{'a': " + "9" * 6_000 + "}",
        "{'a': __import__('os').getcwd()}",
        "{'a': 1",
        "{'a'}",
        "{'a': 1}" + " " * 2**17,
        "{1: 2}",
        "[" * 2_000 + "]" * 2_000,
        '{"a": 1e999}',
        "{}x",
    ],
    ids=lambda said: said[:12],
)
def test_texts_that_look_like_maps_are_not_believed(said):
    assert not values.mapping(said)
    row = only_row({**LITELLM, "gen_ai.prompt.name": "a", "metadata.requester_metadata": said})
    assert (row["prompt"], row["inputs"]) == ("a", {"input": "I was charged twice."})


def test_a_map_is_read_from_json_and_from_what_python_writes():
    said = {"prompt_name": "it's", "n": None, "yes": True, "deep": {"x": [1, 2.5]}}
    for written in (said, json.dumps(said), str(said)):
        assert values.mapping(written) == said
