"""The door to models over real HTTP on loopback: what is sent, what comes back, and what goes wrong."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from library.calls import Caps
from library.errors import InputError
from library.store.stores import Library, open_library
from tests.asking import KNOWN, Sleeper, ask, asking, model_at
from tests.fakes import Answer, FakeProvider
from tools.errors import ProviderError
from tools.ledger import Ledger
from tools.litellm_gate import open_gate
from tools.models import ModelSettings, open_model


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    yield opened
    opened.db.close()


async def test_an_answer_is_priced_recorded_and_paid_once(store: Library) -> None:
    with FakeProvider() as server:
        reply = await ask(model_at(server, store))
        again = await ask(model_at(server, store))  # another ledger on the same store, as after a crash
        assert len(server.requests) == 1
    assert (reply.text, reply.finish_reason, reply.tokens_in, reply.tokens_out) == ("ok", "stop", 10, 2)
    assert reply.cost == pytest.approx(10 * 0.4e-6 + 2 * 1.6e-6)
    assert (reply.from_ledger, again.from_ledger) == (False, True)
    assert (again.text, again.cost, again.latency_ms) == (reply.text, reply.cost, reply.latency_ms)
    spend = store.calls.spend("run:1")
    assert (spend.calls, spend.usd) == (1, pytest.approx(reply.cost))


async def test_a_repeat_another_scope_and_other_settings_are_other_calls(store: Library) -> None:
    with FakeProvider() as server:
        model = model_at(server, store)
        for request in (asking(), asking(repeat=1), asking(config={"temperature": 0.5}), asking(temperature=0.0)):
            await ask(model, request)
        await ask(model, scope="run:2")
        assert [r.get("temperature") for r in server.requests] == [None, None, 0.5, 0.0, None]


async def test_only_allowed_settings_travel(store: Library) -> None:
    with FakeProvider() as server:
        model = model_at(server, store, temperature=0.2, max_tokens=50)
        config = {"temperature": 0.7, "top_p": 0.9, "seed": 3, "stop": ["\n"], "model": "gpt-4.1-nano"}
        await ask(model, asking(config=config, response_format={"type": "json_object"}))
        sent = server.requests[0]
        assert {k: sent[k] for k in ("model", "temperature", "top_p", "max_tokens", "seed", "stop")} == {
            "model": "gpt-4.1-nano",
            "temperature": 0.7,
            "top_p": 0.9,
            "max_tokens": 50,
            "seed": 3,
            "stop": ["\n"],
        }
        assert sent["response_format"] == {"type": "json_object"}
        for key in ("api_base", "api_key", "extra_headers", "base_url", "callbacks"):
            with pytest.raises(InputError, match=f"'{key}' is not allowed"):
                await ask(model, asking(config={key: "http://127.0.0.1:1"}))
        assert len(server.requests) == 1


FUNCTION = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object", "properties": {}}}}


async def test_functions_travel_and_their_calls_come_back_as_text(store: Library) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": '{"id": 7}'}}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini", "choices": [choice]}
    with FakeProvider([Answer(raw=json.dumps(body))]) as server:
        model = model_at(server, store)
        reply = await ask(model, asking(config={"tools": [FUNCTION]}))
        assert server.requests[0]["tools"] == [FUNCTION]
        for tool in ({"type": "mcp", "server_url": "litellm_proxy"}, "lookup"):
            with pytest.raises(InputError, match="not of type 'function'"):
                await ask(model, asking(config={"tools": [tool]}))
        assert len(server.requests) == 1
    assert json.loads(reply.text) == [{"name": "lookup", "arguments": '{"id": 7}'}]
    assert reply.finish_reason == "tool_calls"


async def test_a_version_cannot_send_the_key_to_another_provider(store: Library) -> None:
    with FakeProvider() as server:
        with pytest.raises(InputError, match="asks for model 'anthropic/claude-3'"):
            await ask(model_at(server, store), asking(config={"model": "anthropic/claude-3"}))
        teacher = model_at(server, store, role="teacher")
        await ask(teacher, asking(config={"model": "anthropic/claude-3"}))
        assert [r["model"] for r in server.requests] == ["gpt-4.1-mini"]
        with pytest.raises(InputError, match="of another provider"):
            model_at(server, store, role="teacher", fallbacks=("anthropic/claude-3",))


FAULTS = [
    (Answer(status=429, headers={"retry-after": "7"}), "rate_limit", True),
    (Answer(status=429, error="You exceeded your current quota: insufficient_quota"), "auth", False),
    (Answer(status=500), "server", True),
    (Answer(status=503), "server", True),
    (Answer(hang=True), "timeout", True),
    (Answer(cut=True), "connection", True),
    (Answer(raw="{not json"), "bad_answer", True),
    (Answer(raw="{}"), "bad_answer", True),
    (Answer(raw='{"choices": [], "model": "gpt-4.1-mini"}'), "bad_answer", True),
    (Answer(text=None), "bad_answer", True),
    (Answer(status=401), "auth", False),
    (Answer(status=403), "auth", False),
    (Answer(status=404), "not_found", False),
    (Answer(status=400), "bad_request", False),
    (Answer(status=400, error="maximum context length is 10 tokens. context_length_exceeded"), "bad_request", False),
]


@pytest.mark.parametrize(("fault", "kind", "transient"), FAULTS)
async def test_a_fault_is_typed_retried_if_it_may_pass_and_costs_nothing(
    store: Library, fault: Answer, kind: str, transient: bool
) -> None:
    with FakeProvider([fault, fault, Answer(text="at last")]) as server:
        model = model_at(server, store, retries=1, timeout_s=0.3 if fault.hang else 10.0)
        with pytest.raises(ProviderError) as caught:
            await ask(model)
        assert (caught.value.kind, caught.value.transient) == (kind, transient)
        assert str(caught.value).startswith("[models.student]: the call to model") or kind == "bad_answer"
        assert "\n" not in str(caught.value)
        assert len(server.requests) == (2 if transient else 1)  # ours are the only retries
    spend = store.calls.spend("run:1")
    assert (spend.calls, spend.usd) == (0, pytest.approx(0.0))
    # The reservation is gone: the one call that the cap allows is still to be had.
    with FakeProvider([Answer(text="at last")]) as server:
        assert (await ask(model_at(server, store), caps=Caps(calls_per_scope=1))).text == "at last"


CUT_SHORT = Answer(text="bil", finish_reason="length")  # two tokens
SAID_NOTHING = Answer(
    raw='{"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini", "choices": [{"index": 0,'
    ' "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}],'
    ' "usage": {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}}'
)


@pytest.mark.parametrize("fault", [CUT_SHORT, SAID_NOTHING], ids=["broken off", "empty"])
async def test_an_answer_that_the_provider_lost_is_asked_for_again_and_is_no_answer(
    store: Library, fault: Answer
) -> None:
    with FakeProvider([fault, Answer(text="billing")]) as server:
        assert (await ask(model_at(server, store, retries=1, max_tokens=50))).text == "billing"
        assert len(server.requests) == 2
    with FakeProvider(answer=lambda body: fault) as server:
        with pytest.raises(ProviderError) as caught:
            await ask(model_at(server, store, retries=1, max_tokens=50), asking("again"))
        assert (caught.value.kind, len(server.requests)) == ("bad_answer", 2)
    assert store.calls.spend("run:1").calls == 1


async def test_an_answer_that_ran_into_its_limit_or_was_meant_to_be_empty_is_an_answer(store: Library) -> None:
    with FakeProvider([CUT_SHORT, CUT_SHORT, Answer(text="")]) as server:
        full = await ask(model_at(server, store, max_tokens=2), asking("1"))
        unlimited = await ask(model_at(server, store), asking("2"))
        silent = await ask(model_at(server, store), asking("3"))  # two tokens that nobody sees: it thought
    assert [(r.text, r.finish_reason) for r in (full, unlimited, silent)] == [
        ("bil", "length"),
        ("bil", "length"),
        ("", "stop"),
    ]


async def test_retry_after_is_honoured(store: Library) -> None:
    sleeper = Sleeper()
    with FakeProvider([Answer(status=429, headers={"retry-after": "7"}), Answer(status=500)]) as server:
        assert (await ask(model_at(server, store, retries=4, sleep=sleeper))).text == "ok"
        assert len(server.requests) == 3
    assert sleeper.slept[0] == 7.0
    assert 0.5 <= sleeper.slept[1] <= 1.0


async def test_a_dead_port_is_a_connection_fault(store: Library) -> None:
    with FakeProvider() as server:
        url = server.url
    model = open_model(
        ModelSettings(role="student", model=KNOWN, api_base=url, retries=0), ledger=Ledger(store.calls), environ={}
    )
    with pytest.raises(ProviderError) as caught:
        await ask(model)
    assert caught.value.kind == "connection"


@pytest.mark.parametrize("answered", ["gpt-4.1", "gpt-4.1-mini-high", "other"])
async def test_another_model_answering_is_an_infrastructure_error_and_is_not_paid_again(
    store: Library, answered: str
) -> None:
    with FakeProvider(answer=lambda body: Answer(model=answered)) as server:
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                await ask(model_at(server, store, retries=3))
            assert caught.value.kind == "wrong_model"
            assert f"'{answered}'" in str(caught.value)
        assert len(server.requests) == 1
        assert store.calls.spend("run:1").calls == 1
        assert (await ask(model_at(server, store, role="teacher"))).response_model == answered


async def test_a_dated_snapshot_is_the_same_model(store: Library) -> None:
    with FakeProvider([Answer(model="gpt-4.1-mini-2025-04-14", finish_reason="length")]) as server:
        reply = await ask(model_at(server, store))
    assert (reply.model, reply.response_model) == (KNOWN, "gpt-4.1-mini-2025-04-14")
    assert reply.finish_reason == "length"


async def test_a_teacher_falls_back_and_a_student_may_not(store: Library) -> None:
    def by_model(body: dict[str, Any]) -> Answer:
        return Answer(status=500) if body["model"] == "gpt-4.1" else Answer(text="from the other")

    with FakeProvider(answer=by_model) as server:
        settings = {"role": "teacher", "model": "openai/gpt-4.1", "fallbacks": (KNOWN,)}
        reply = await ask(model_at(server, store, **settings))
        assert (reply.text, reply.response_model) == ("from the other", "gpt-4.1-mini")
        assert reply.cost == pytest.approx(10 * 0.4e-6 + 2 * 1.6e-6)  # the price of the one that answered
        for role in ("student", "judge"):
            with pytest.raises(InputError, match="cannot have fallbacks"):
                model_at(server, store, role=role, fallbacks=(KNOWN,))


async def test_the_key_comes_from_the_named_variable_only(store: Library) -> None:
    with FakeProvider() as server:
        await ask(model_at(server, store, api_key_env="HOUSE_KEY", environ={"HOUSE_KEY": "k-1"}))
        await ask(model_at(server, store, environ={"OPENAI_API_KEY": "secret"}), asking("2"))
        assert [h["authorization"] for h in server.headers] == ["Bearer k-1", "Bearer no-key"]
        with pytest.raises(InputError) as caught:
            await ask(model_at(server, store, api_key_env="HOUSE_KEY"), asking("3"))
        assert "HOUSE_KEY" in str(caught.value)
        assert "[models.student] api_key_env" in str(caught.value)
        with pytest.raises(InputError, match="needs a key and no variable is named"):
            await ask(model_at(server, store, api_base=None), asking("4"))
        assert len(server.requests) == 2


async def test_a_withheld_answer_is_reported_as_such(store: Library) -> None:
    refusal = Answer(status=400, error="content_policy_violation: invalid_request_error")
    with FakeProvider([refusal, Answer(text=None, finish_reason="content_filter")]) as server:
        model = model_at(server, store)
        for n in range(2):
            reply = await ask(model, asking(str(n)))
            assert (reply.text, reply.finish_reason) == ("", "content_filter")


def test_what_the_libraries_build_for_good_is_out_of_the_collector_s_sight() -> None:
    open_gate()
    assert gc.get_freeze_count() > 100_000


async def test_the_embedded_student_needs_nothing(store: Library) -> None:
    model = open_model(ModelSettings(role="student", model="embedded/student"), ledger=Ledger(store.calls), environ={})
    text = "Answer with one label.\n- billing: invoices and charges\n- login: passwords\n\nMessage: my invoice is wrong"
    reply = await ask(model, asking(text), caps=Caps(usd_per_scope=0.01))
    assert (reply.text, reply.cost) == ("billing", 0.0)
