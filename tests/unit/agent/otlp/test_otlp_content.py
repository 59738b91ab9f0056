"""What was said, what was called, how it ended: from each shape that spans have for it."""

import json

import pytest

from tests.unit.agent.otlp.sending import FORMS, SPAN, TRACE, decoded, only_row, span

CALL = {"gen_ai.operation.name": "chat", "gen_ai.prompt.name": "a"}
CALLED = {"id": "call_1", "name": "lookup", "arguments": {"order": 7}}


@pytest.mark.parametrize("form", FORMS)
def test_older_spans_carry_messages_as_events(form):
    events = [
        ("gen_ai.system.message", {"gen_ai.system": "openai", "content": "Name the queue."}),
        ("gen_ai.user.message", {"gen_ai.system": "openai", "content": "I was charged twice."}),
        (
            "gen_ai.choice",
            {
                "index": 0,
                "finish_reason": "length",
                "message": json.dumps({"role": "assistant", "content": "bill"}),
            },
        ),
    ]
    row = only_row(CALL, events, form=form)

    assert (row["inputs"], row["output"], row["finish_reason"]) == ({"input": "I was charged twice."}, "bill", "length")


def test_messages_on_the_span_come_before_those_of_events():
    row = only_row(
        {**CALL, "gen_ai.input.messages": json.dumps([{"role": "user", "content": "on the span"}])},
        [("gen_ai.user.message", {"content": "in an event"})],
    )

    assert row["inputs"] == {"input": "on the span"}


def test_an_event_with_the_details_of_the_call_is_read_like_the_span():
    details = {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}],
        "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "hi"}]}],
    }
    row = only_row(CALL, [("gen_ai.client.inference.operation.details", details)])

    assert (row["inputs"], row["output"]) == ({"input": "hello"}, "hi")


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": [{"type": "tool_call", **CALLED}], "finish_reason": "tool_call"}]
            )
        },
        {
            "gen_ai.output.messages": json.dumps(
                [
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {"id": "call_1", "function": {"name": "lookup", "arguments": '{"order": 7}'}},
                        ],
                    }
                ]
            )
        },
        {
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_1",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "lookup",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"order": 7}',
        },
        {
            "output.value": json.dumps(
                {
                    "choices": [
                        {
                            "finish_reason": "tool_calls",
                            "message": {
                                "role": "assistant",
                                "content": None,
                                "tool_calls": [
                                    {"id": "call_1", "function": {"name": "lookup", "arguments": '{"order": 7}'}}
                                ],
                            },
                        }
                    ]
                }
            )
        },
        {
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.tool_calls.0.id": "call_1",
            "gen_ai.completion.0.tool_calls.0.name": "lookup",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"order": 7}',
        },
    ],
)
def test_an_answer_that_only_calls_tools_says_nothing(attributes):
    row = only_row({**CALL, **attributes})

    assert row["tool_calls"] == [CALLED]
    assert "output" not in row


def test_a_call_that_stands_elsewhere_is_found_beside_empty_parts():
    row = only_row(
        {
            **CALL,
            "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]),
            "gen_ai.completion.0.function_call.name": "lookup",
            "gen_ai.completion.0.function_call.arguments": '{"order": 7}',
        }
    )

    assert row["tool_calls"] == [{**CALLED, "id": None}]
    assert row["finish_reason"] == "tool_calls"


def test_a_talk_keeps_who_said_what_and_leaves_the_instructions_out():
    said = [("system", "Be kind."), ("user", "hi"), ("assistant", "hello"), ("user", "bye")]
    messages = [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]

    row = only_row({**CALL, "gen_ai.input.messages": json.dumps(messages)})

    assert row["inputs"] == {"input": "user: hi\nassistant: hello\nuser: bye"}


@pytest.mark.parametrize("answer", ['{"role": "billing"}', '{"queue": "billing"}', "[1, 2]", "{broken", "", "plain"])
def test_an_answer_that_looks_like_json_stays_the_text_it_is(answer):
    row = only_row({**CALL, "output.value": answer, "llm.output_messages.0.message.content": answer})

    assert row.get("output") == answer


def test_an_answer_of_several_parts_is_all_of_its_text():
    content = [{"type": "text", "text": "one"}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "two"}]
    indexed = {
        "llm.output_messages.0.message.contents.0.message_content.text": "one",
        "llm.output_messages.0.message.contents.1.message_content.type": "image",
        "llm.output_messages.0.message.contents.2.message_content.text": "two",
    }

    assert (
        only_row({**CALL, "gen_ai.completion": json.dumps({"role": "x", "content": content})})["output"] == "one\ntwo"
    )
    assert only_row({**CALL, **indexed})["output"] == "one\ntwo"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"gen_ai.completion.0.finish_reason": "stop", "gen_ai.completion.0.role": "assistant"},
        {"gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [], "finish_reason": "stop"}])},
        {"llm.output_messages.0.message.role": "assistant", "llm.finish_reason": "stop"},
    ],
)
def test_without_captured_content_there_is_a_trace_without_text(attributes):
    row = only_row({**CALL, "gen_ai.prompt.0.role": "user", **attributes})

    assert row["inputs"] == {}
    assert "output" not in row
    assert row.get("finish_reason") == ("stop" if attributes else None)


def test_an_answer_that_is_empty_is_one():
    parts = [{"type": "text", "content": ""}]
    row = only_row({**CALL, "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": parts}])})

    assert row["output"] == ""


def test_what_only_calls_tools_is_not_replaced_by_the_raw_answer():
    row = only_row(
        {
            **CALL,
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "lookup",
            "output.value": json.dumps({"candidates": [{"functionCall": {"name": "lookup"}}]}),
        }
    )

    assert "output" not in row
    assert row["tool_calls"][0]["name"] == "lookup"


@pytest.mark.parametrize("said", ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens"])
def test_every_word_for_the_limit_of_tokens_is_the_same(said):
    assert only_row({**CALL, "gen_ai.response.finish_reasons": [said]})["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("attributes", "events", "status", "expected"),
    [
        ({"error.type": "timeout"}, (), 2, {"type": "timeout", "message": "it broke"}),
        ({"error.type": "timeout"}, (), 0, {"type": "timeout", "message": "it broke"}),
        ({}, (), 2, {"type": "error", "message": "it broke"}),
        (
            {},
            [("exception", {"exception.type": "RateLimit", "exception.message": "slow down"})],
            2,
            {"type": "RateLimit", "message": "slow down"},
        ),
        ({}, [("exception", {"exception.type": "RateLimit", "exception.message": "slow down"})], 1, None),
        (
            {"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "no"},
            (),
            0,
            {"type": "error", "message": "no"},
        ),
        ({"error.type": "e" * 300}, (), 2, {"type": "e" * 100, "message": "it broke"}),
        ({}, (), 0, None),
    ],
)
def test_a_call_that_failed_says_why(attributes, events, status, expected):
    row = only_row({**CALL, **attributes}, events, status=status, message="it broke")

    assert row.get("error") == expected


@pytest.mark.parametrize(("said", "number"), [(3, 3), ("3", 3), ("v3", 3), ("003", 3), (" 3 ", 3)])
def test_a_version_is_a_number_however_it_is_written(said, number):
    assert only_row({**CALL, "gen_ai.prompt.version": said})["version"] == number


@pytest.mark.parametrize("said", ["3.1", "summer", "-1", "0", "a3f9c2", "3" * 50, True])
def test_a_version_of_another_kind_is_never_taken_for_production(said):
    found = decoded(span({**CALL, "gen_ai.prompt.version": said}))

    assert (found.rows, found.rejected) == ([], 1)
    assert "is not the number of a version" in found.reasons[0]
    assert SPAN in found.reasons[0]


@pytest.mark.parametrize("cost", [0, 0.0, "0", -1, "nan", "much", True, None, float("inf"), 1e400])
def test_a_price_that_is_not_known_stays_unknown(cost):
    assert "cost" not in only_row({**CALL, "litellm.cost.total": cost})


def test_measures_that_make_no_sense_are_left_out():
    row = only_row({**CALL, "gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": 2**40}, ms=-1)

    assert "latency_ms" not in row
    assert row["tokens"] == {"input": None, "output": None}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"trace": "00" * 16}, "malformed"),
        ({"span": "00" * 8}, "malformed"),
        ({"trace": TRACE + "00"}, "malformed"),
        ({"span": ""}, "malformed"),
        ({"start": 0}, "no start time"),
    ],
)
def test_a_call_without_what_a_trace_needs_is_rejected_with_the_reason(bad, why, form):
    found = decoded(span(CALL, **bad), span(CALL), form=form)

    assert (len(found.rows), found.rejected) == (1, 1)
    assert why in found.reasons[0]


def test_no_other_span_is_ever_rejected():
    found = decoded(span({"http.request.method": "GET"}, trace="00" * 16, start=0))

    assert (found.rows, found.rejected) == ([], 0)


def test_the_same_span_has_the_same_id_in_both_forms_and_in_upper_case():
    ids = {only_row(CALL, form=form)["id"] for form in FORMS}
    ids.add(only_row(CALL, trace=TRACE.upper())["id"])

    assert len(ids) == 1
