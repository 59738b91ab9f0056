"""Bodies as they come from the network: compressed, cut off, made up. And the answers to them."""

import base64
import gzip
import json
import zlib

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from agent.entrypoints.web.otlp.answer import failed, in_form, stored
from agent.entrypoints.web.otlp.body import JSON, LIMIT, PROTOBUF, Unreadable, plain
from agent.entrypoints.web.otlp.reading import read
from agent.entrypoints.web.parcels import refused
from tests.unit.agent.otlp.sending import FORMS, record, records_body, span, spans_body

CALL = {"gen_ai.operation.name": "chat", "gen_ai.prompt.name": "a"}
WRITERS = {"otlp-traces": lambda form: spans_body([span(CALL)], form), "otlp-logs": lambda form: records_body([], form)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("encoding", "fold"),
    [("gzip", gzip.compress), ("GZIP ", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("", bytes)],
)
def test_encodings_are_unfolded_and_parameters_of_the_type_passed_over(form, encoding, fold):
    found = read("otlp-traces", fold(spans_body([span(CALL)], form)), f"{form.upper()}; charset=utf-8", encoding)

    assert len(found.rows) == 1


def test_a_body_that_unfolds_to_gigabytes_is_refused_early():
    bomb = gzip.compress(bytes(LIMIT + 1), 1, mtime=0)
    assert len(bomb) < LIMIT / 200

    with pytest.raises(Unreadable) as refusal:
        read("otlp-traces", bomb, JSON, "gzip")
    assert refusal.value.status == 413
    assert len(plain(gzip.compress(bytes(LIMIT), 1, mtime=0), "gzip")) == LIMIT


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"{}", "gzip", 400),
        (b"", "gzip", 400),
        (gzip.compress(b"{}", mtime=0)[:-4], "gzip", 400),
        (gzip.compress(b"{}", mtime=0) + gzip.compress(b"{}", mtime=0), "gzip", 400),
        (gzip.compress(b"{}", mtime=0) + b"more", "gzip", 400),
        (gzip.compress(b"{}", mtime=0), "", 400),
        (b"{}", "br", 415),
        (gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), "gzip, gzip", 415),
    ],
)
def test_a_broken_or_unknown_encoding_is_refused(body, encoding, status):
    with pytest.raises(Unreadable) as refusal:
        read("otlp-traces", body, JSON, encoding)
    assert refusal.value.status == status


@pytest.mark.parametrize("said", ["text/plain", "", "application/xml", "multipart/form-data; boundary=x"])
def test_another_content_type_is_refused(said):
    with pytest.raises(Unreadable) as refusal:
        read("otlp-logs", b"{}", said)
    assert refusal.value.status == 415


def attribute(value):
    return {"attributes": [{"key": "k", "value": value}]}


def deep(levels):
    value = {"stringValue": "x"}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [1]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [[]]}]}]}',
        b"\xff{}",
        b"[" * 100_000,
        *(
            json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()
            for one in (
                {"traceId": 7},
                {"attributes": {}},
                {"attributes": [[]]},
                {"startTimeUnixNano": "soon"},
                {"startTimeUnixNano": -1},
                {"startTimeUnixNano": 2**64},
                {"startTimeUnixNano": "9" * 5000},
                {"status": "ERROR"},
                {"events": [7]},
                attribute({"intValue": "x"}),
                attribute({"intValue": 1e300}),
                attribute({"doubleValue": []}),
                attribute({"stringValue": 1}),
                attribute({"boolValue": "true"}),
                attribute({"arrayValue": []}),
                attribute({"kvlistValue": {"values": {}}}),
                attribute("plain"),
                attribute(deep(41)),
            )
        ),
    ],
    ids=lambda said: said[-60:].decode("latin-1"),
)
def test_json_that_is_no_telemetry_is_refused(said):
    with pytest.raises(Unreadable) as refusal:
        read("otlp-traces", said, JSON)
    assert refusal.value.status == 400


def test_protobuf_that_is_no_telemetry_is_refused():
    for said in (b"\xff", b"nonsense", spans_body([span(CALL)], PROTOBUF)[:-1]):
        with pytest.raises(Unreadable):
            read("otlp-traces", said, PROTOBUF)


def test_json_is_read_leniently_where_the_protocol_asks_for_it():
    found = read(
        "otlp-traces",
        json.dumps(
            {
                "later": [],
                "resourceSpans": [
                    {},
                    {"scopeSpans": None},
                    {
                        "scopeSpans": [
                            {
                                "spans": [
                                    {
                                        **json.loads(spans_body([span(CALL)], JSON))["resourceSpans"][0]["scopeSpans"][
                                            0
                                        ]["spans"][0],
                                        "startTimeUnixNano": 1_788_249_600_000_000_000,
                                        "status": {"code": "STATUS_CODE_ERROR"},
                                        "flags": 257,
                                    }
                                ]
                            }
                        ]
                    },
                ],
            }
        ).encode(),
        JSON,
    )

    assert (found.rows[0]["ts"], found.rows[0]["error"]["type"]) == ("2026-09-01T08:00:00+00:00", "error")


def test_ids_in_base64_are_never_taken_for_hex():
    wrong = span({**CALL}, trace=base64.b64encode(bytes(range(16))).decode())
    found = read("otlp-traces", spans_body([wrong], JSON), JSON)

    assert (found.rows, found.rejected) == ([], 1)


@pytest.mark.parametrize("kind", WRITERS)
def test_an_empty_request_is_fine(kind):
    for body, form in ((b"", PROTOBUF), (b"{}", JSON)):
        found = read(kind, body, form)
        assert (found.rows, found.scores, found.rejected) == ([], [], 0)


def status_class():
    """google.rpc.Status, from its definition: int32 code = 1, string message = 2."""
    optional = FieldDescriptorProto.LABEL_OPTIONAL
    file = FileDescriptorProto(
        name="status.proto",
        package="test",
        syntax="proto3",
        message_type=[
            DescriptorProto(
                name="Status",
                field=[
                    FieldDescriptorProto(name="code", number=1, type=FieldDescriptorProto.TYPE_INT32, label=optional),
                    FieldDescriptorProto(
                        name="message", number=2, type=FieldDescriptorProto.TYPE_STRING, label=optional
                    ),
                ],
            )
        ],
    )
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("test.Status"))


@pytest.mark.parametrize("message", ["", "short", "Grüße", "x" * 127, "x" * 128, "x" * 40_000])
@pytest.mark.parametrize(("status", "code"), [(400, 3), (401, 16), (403, 7), (429, 8), (503, 14), (500, 13), (418, 2)])
def test_an_error_is_a_status_in_the_form_of_the_request(message, status, code):
    said = status_class().FromString(failed(status, message, PROTOBUF).body)
    assert (said.code, said.message) == (code, message)
    in_json = failed(status, message, f"{JSON}; charset=utf-8")
    assert json.loads(in_json.body) == {"code": code, "message": message}
    assert (in_json.status, in_json.media_type) == (status, JSON)
    assert failed(status, message, "text/plain").media_type == JSON


def test_what_was_rejected_is_told_in_the_form_of_the_request():
    reasons = ["one", "two", "three", "four", "five"]
    spans = ExportTraceServiceResponse.FromString(stored("otlp-traces", 5, reasons, PROTOBUF).body).partial_success
    assert (spans.rejected_spans, spans.error_message) == (5, "5 spans rejected: one; two; three; and 2 more")
    logs = ExportLogsServiceResponse.FromString(stored("otlp-logs", 1, reasons[:1], PROTOBUF).body).partial_success
    assert (logs.rejected_log_records, logs.error_message) == (1, "1 log records rejected: one")
    assert json.loads(stored("otlp-traces", 5, reasons, JSON).body) == {
        "partialSuccess": {"rejectedSpans": "5", "errorMessage": "5 spans rejected: one; two; three; and 2 more"}
    }
    warned = json.loads(stored("otlp-logs", 0, ["odd"], JSON).body)["partialSuccess"]
    assert warned == {"rejectedLogRecords": "0", "errorMessage": "left out: odd"}
    assert len(json.loads(stored("otlp-logs", 1, ["x" * 5000] * 4, JSON).body)["partialSuccess"]["errorMessage"]) < 1001


def test_full_success_says_nothing():
    for kind in WRITERS:
        assert stored(kind, 0, [], PROTOBUF).body == b""
        assert stored(kind, 0, [], JSON).body == b"{}"


def test_a_problem_document_becomes_a_status_and_nothing_else_changes():
    full = in_form(refused(429, "too much waits", mend="Send it again later."), PROTOBUF)
    assert (full.status, full.media_type) == (429, PROTOBUF)
    assert status_class().FromString(full.body).message == "too much waits. Send it again later."
    good = stored("otlp-traces", 0, [], JSON)
    assert in_form(good, JSON) is good
    assert records_body([record({})], JSON) != records_body([], JSON)
