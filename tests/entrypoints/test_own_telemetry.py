"""Spans of our own cycles: a real cycle on the command line, and a real receiver of OTLP."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from agent.entrypoints.web.keeper import Keeper
from agent.entrypoints.web.parcels import Parcel
from tests.journeys import world
from tests.receivers import Receiver, listening

SETTING = "PROMPTKEEPER_TELEMETRY__OTLP_ENDPOINT"
MODEL_CALL = {
    "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model",
    "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
    "promptkeeper.model.role", "promptkeeper.repeat", "promptkeeper.cost_usd", "promptkeeper.from_ledger",
    "error.type",
}  # fmt: skip


@pytest.fixture
def degraded(promptkeeper):
    """A project whose only prompt has degraded, with a short search."""
    promptkeeper.write("policies/rulebook.yaml", "search: {max_rounds: 1, patience: 1, strategies: [clarify]}\n")
    with promptkeeper.library() as library:
        world.build(library)
    return promptkeeper


@pytest.fixture
def collector(monkeypatch):
    """A receiver that the settings name."""
    with listening(Receiver(answers=[(200, {"Content-Type": "application/x-protobuf"})])) as receiver:
        monkeypatch.setenv(SETTING, f"http://127.0.0.1:{receiver.port}")
        yield receiver


def spans(receiver):
    """What came, by name without its last word; and each span's attributes as plain values."""
    found = []
    for came in receiver.came:
        assert came.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(came.body).resource_spans:
            names = {a.key: a.value.string_value for a in resource.resource.attributes}
            assert names["service.name"] == "promptkeeper"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def said(span):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_a_cycle_is_told_with_its_steps_and_model_calls_and_without_any_text(degraded, collector, monkeypatch):
    monkeypatch.setenv("PROMPTKEEPER_BUDGET__CALLS_PER_CYCLE", "250")  # enough for the teacher to have been asked
    (run,) = degraded("cycle", "--json").document["runs"]
    found = spans(collector)
    (cycle,) = [span for span in found if span.name == "cycle"]
    steps = [span for span in found if span.name.startswith("step ")]
    calls = [span for span in found if span.name.startswith("chat ")]

    begun = [said(step)["promptkeeper.step"] for step in sorted(steps, key=lambda s: s.start_time_unix_nano)]
    assert begun[: len(run["path"])] == run["path"]  # the one in which the budget ran out is not in the path
    assert {step.parent_span_id for step in steps} == {cycle.span_id}
    assert {call.parent_span_id for call in calls} <= {step.span_id for step in steps}
    assert {span.trace_id for span in found} == {cycle.trace_id}
    about = said(cycle)
    assert (about["promptkeeper.cycle.prompt"], about["promptkeeper.cycle.run"]) == (world.NAME, run["id"])
    assert about["promptkeeper.cycle.stop_reason"] == run["stop_reason"]
    assert about["promptkeeper.cycle.calls"] == run["spend"]["calls"]

    assert {call.kind for call in calls} == {Span.SPAN_KIND_CLIENT}
    assert {said(call)["promptkeeper.model.role"] for call in calls} == {"student", "teacher"}
    assert sum(said(call).get("promptkeeper.from_ledger") is False for call in calls) == run["spend"]["calls"]
    assert all(set(said(call)) <= MODEL_CALL for call in calls)

    everything = b"".join(came.body for came in collector.came)
    with degraded.library() as library:
        texts = {t.inputs["message"] for t in library.traces.list(limit=200)}
        assert not [text for text in texts if text.encode() in everything]
        # Sent to a Promptkeeper, they are nobody's production calls.
        before = len(library.traces.list(limit=1000))
        parcels = [Parcel(kind="otlp-traces", body=c.body, media_type="application/x-protobuf") for c in collector.came]
        assert {taken.status for taken in Keeper(library, lambda: world.START).keep(parcels)} == {200}
        assert len(library.traces.list(limit=1000)) == before


def test_a_cycle_that_breaks_off_is_told_by_its_kind(degraded, collector, monkeypatch):
    monkeypatch.setenv("PROMPTKEEPER_BUDGET__CALLS_PER_CYCLE", "5")
    assert degraded("cycle").code == 3
    found = spans(collector)
    (cycle,) = [span for span in found if span.name == "cycle"]
    assert said(cycle)["promptkeeper.cycle.stop_reason"] == "budget_spent"
    broken = [span for span in found if span.status.code == Status.STATUS_CODE_ERROR]
    assert "BudgetSpent" in {said(span)["error.type"] for span in broken}
    assert not any(span.status.message or span.events for span in found)


def test_a_collector_that_is_away_stops_nothing_and_is_one_line(process, triage):
    answer = process("cycle", "support/triage", "--force", **{SETTING: "http://127.0.0.1:9"})
    assert answer.code == 0, answer
    assert "Traceback" not in answer.err
    assert sum("cannot be sent" in line for line in answer.err.splitlines()) == 1


def test_nothing_of_it_is_loaded_where_it_is_off(process, triage):
    sdk = "opentelemetry.exporter.otlp.proto.http"  # the vector store loads other parts of OpenTelemetry
    answer = process(
        "cycle", "support/triage", "--force", after=f"print('LOADED', {sdk!r} in sys.modules, file=sys.stderr)"
    )
    assert answer.code == 0, answer
    assert "LOADED False" in answer.err
