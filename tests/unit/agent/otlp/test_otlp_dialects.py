"""One call, told in the words of every convention, is the same row."""

import json

import pytest

from agent.entrypoints.trace_rows import TraceRow
from agent.entrypoints.web.otlp.dialects import DIALECTS, GENERATIONS, REGISTRIES, SOURCES
from tests.unit.agent.otlp.sending import FORMS, ID, decoded, only_row, span
from tests.unit.agent.otlp.tellings import (
    ANSWER,
    GEN_AI,
    LANGFUSE,
    MESSAGES,
    OLDER,
    OPENINFERENCE,
    OURS,
    QUESTION,
    TELLINGS,
)

SAME = {
    "id": ID,
    "ts": "2026-09-01T08:00:00.123456+00:00",
    "prompt": "support/triage",
    "version": 3,
    "inputs": {"message": QUESTION},
    "output": "billing",
    "model": "small",
    "response_model": "small-2026",
    "latency_ms": 250.0,
    "tokens": {"input": 11, "output": 3},
    "cost": 0.002,
    "session": "s-1",
    "finish_reason": "stop",
    "tool_calls": [],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("telling", TELLINGS)
def test_every_convention_tells_the_same_call(telling, form):
    row = only_row(TELLINGS[telling], form=form)

    assert row == SAME
    assert TraceRow.model_validate(row).version == 3


@pytest.mark.parametrize(
    "attributes",
    [
        {name: value for name, value in GEN_AI.items() if "variable" not in name},
        {name: value for name, value in OLDER.items() if "variable" not in name},
        {name: value for name, value in OPENINFERENCE.items() if "variables" not in name},
        {name: value for name, value in LANGFUSE.items() if name != "metadata"},
        {**OURS, "promptkeeper.prompt.variable.message": None, "promptkeeper.input": QUESTION},
        {
            "prompt.id": "a",
            "openinference.span.kind": "LLM",
            "input.value": json.dumps({"messages": [{"role": "user", "content": QUESTION}]}),
        },
        {"prompt.id": "a", "openinference.span.kind": "LLM", "input.value": QUESTION},
    ],
)
def test_without_variables_the_question_is_the_input(attributes):
    assert only_row(attributes)["inputs"] == {"input": QUESTION}


def test_messages_may_be_attributes_of_their_own_kind_instead_of_json():
    row = only_row({**GEN_AI, "gen_ai.input.messages": MESSAGES, "gen_ai.output.messages": ANSWER})

    assert row == SAME


def test_our_own_names_come_first_and_generic_ones_last():
    mixed = {"metadata": json.dumps({"prompt_name": "generic"}), **OPENINFERENCE}
    for more, expected in (
        ({}, "support/triage"),
        ({"gen_ai.prompt.name": "standard"}, "standard"),
        ({"traceloop.prompt.key": "vendor"}, "vendor"),
        ({"promptkeeper.prompt.name": "own"}, "own"),
    ):
        mixed = {**mixed, **more}
        assert only_row(mixed)["prompt"] == expected
    assert only_row({**mixed, "prompt.id": "", "gen_ai.prompt.name": ""})["prompt"] == "own"


def test_the_number_of_another_registry_is_no_version_of_ours():
    attributes = {**OURS, "promptkeeper.prompt.version": None, "langfuse.observation.prompt.version": 7}

    assert "version" not in only_row(attributes)
    assert only_row({**attributes, "gen_ai.prompt.version": "4"})["version"] == 4


def test_the_table_keeps_its_own_order():
    assert {source.dialect for source in SOURCES} == set(DIALECTS)
    assert set(DIALECTS) > REGISTRIES
    for field in {source.field for source in SOURCES}:
        ranks = [DIALECTS.index(source.dialect) for source in SOURCES if source.field == field]
        assert ranks == sorted(ranks), field
    places = [(source.field, source.attribute, source.part) for source in SOURCES]
    assert len(places) == len(set(places))
    assert {source.attribute for source in SOURCES if source.field == "kind"} == set(GENERATIONS)


@pytest.mark.parametrize(
    ("attributes", "counts"),
    [
        ({"gen_ai.operation.name": "chat"}, True),
        ({"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "m"}, False),
        ({"gen_ai.operation.name": "execute_tool"}, False),
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"}, False),
        ({"openinference.span.kind": "LLM"}, True),
        ({"openinference.span.kind": "CHAIN", "input.value": "x", "output.value": "y"}, False),
        ({"traceloop.span.kind": "workflow"}, False),
        ({"langfuse.observation.type": "span", "gen_ai.request.model": "m"}, False),
        ({"gen_ai.request.model": "m"}, True),
        ({"promptkeeper.output": "y"}, True),
        ({"http.request.method": "POST"}, False),
        ({}, False),
    ],
)
def test_only_calls_of_a_model_count(attributes, counts):
    found = decoded(span({"promptkeeper.prompt.name": "support/triage", **attributes}))

    assert (len(found.rows), found.rejected) == (int(counts), 0)


def test_a_call_that_names_no_prompt_is_none_of_ours():
    found = decoded(span({name: value for name, value in GEN_AI.items() if name != "gen_ai.prompt.name"}))

    assert (found.rows, found.rejected, found.reasons) == ([], 0, [])
