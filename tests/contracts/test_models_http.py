"""The door to models over real HTTP on loopback: faults, budgets, limits, and the ledger behind it."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from library.calls import Caps
from library.errors import BudgetSpent, InputError
from library.prompts import Message
from library.store.stores import Library, open_library
from tests.fakes import Answer, FakeProvider
from tools.errors import ProviderError
from tools.ledger import Ledger
from tools.models import Model, ModelSettings, Reply, Request, open_model

NOON = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
KNOWN = "openai/gpt-4.1-mini"  # in litellm's price table: 0.4 and 1.6 US dollars per million tokens
UNKNOWN = "openai/house-model"
REPOSITORY = Path(__file__).parents[2]
FREE = Caps()


class Sleeper:
    """Keeps what it was told to wait, and does not wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    yield opened
    opened.db.close()


def model_at(server: FakeProvider, store: Library, *, sleep: Any = None, environ: Any = None, **settings: Any) -> Model:
    said = ModelSettings(**{"role": "student", "model": KNOWN, "api_base": server.url, "retries": 0, **settings})
    return open_model(
        said,
        ledger=Ledger(store.calls),
        environ=environ or {},
        now=lambda: NOON,
        sleep=sleep or Sleeper(),
        rng=random.Random(1),
    )


def asking(text: str = "hello", **more: Any) -> Request:
    return Request(messages=(Message(role="user", content=text),), **more)


async def ask(model: Model, request: Request | None = None, *, scope: str = "run:1", caps: Caps = FREE) -> Reply:
    return await model.complete(request or asking(), scope=scope, caps=caps)


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


async def test_an_unknown_price_stays_unknown_even_after_a_router_was_built(store: Library) -> None:
    with FakeProvider() as server:
        routed = {"role": "teacher", "model": UNKNOWN, "fallbacks": ("openai/house-model-2",)}
        assert (await ask(model_at(server, store, **routed))).cost is None
        student = model_at(server, store, model=UNKNOWN)
        assert (await ask(student)).cost is None
        for caps in (Caps(usd_per_scope=1.0), Caps(usd_per_day=1.0)):
            with pytest.raises(InputError) as caught:
                await ask(student, asking("capped"), caps=caps)
            for word in (
                "house-model",
                "[models.student]",
                "input_usd_per_million",
                "output_usd_per_million",
                "[budget]",
            ):
                assert word in str(caught.value)
        assert len(server.requests) == 2
        priced = model_at(server, store, model=UNKNOWN, input_usd_per_million=2.0, output_usd_per_million=5.0)
        reply = await ask(priced, asking("capped"), caps=Caps(usd_per_scope=1.0))
        assert reply.cost == pytest.approx(10 * 2e-6 + 2 * 5e-6)


async def test_half_a_price_is_refused(store: Library) -> None:
    with FakeProvider() as server, pytest.raises(InputError, match="output_usd_per_million is not set"):
        await ask(model_at(server, store, model=UNKNOWN, input_usd_per_million=2.0))


async def test_a_call_budget_holds_across_parallel_calls(store: Library) -> None:
    with FakeProvider(answer=lambda body: Answer(delay=0.02)) as server:
        model = model_at(server, store, max_parallel=16)
        said = await asyncio.gather(
            *(ask(model, asking(str(n)), caps=Caps(calls_per_scope=5)) for n in range(20)), return_exceptions=True
        )
        assert len(server.requests) == 5
    assert [type(one) for one in said] == [Reply] * 5 + [BudgetSpent] * 15
    assert "calls_per_cycle" in str(said[-1])


async def test_a_money_budget_is_never_overshot_by_what_was_reserved(store: Library) -> None:
    with FakeProvider(answer=lambda body: Answer(delay=0.02)) as server:
        model = model_at(
            server, store, model=UNKNOWN, max_tokens=100, input_usd_per_million=0.0, output_usd_per_million=10_000.0
        )
        # Worst case 1 dollar a call (100 tokens), real cost 0.02: five at once fit 5 dollars, later more do.
        caps = Caps(usd_per_scope=5.0)
        first = await asyncio.gather(*(ask(model, asking(str(n)), caps=caps) for n in range(8)), return_exceptions=True)
        assert [type(one) for one in first] == [Reply] * 5 + [BudgetSpent] * 3
        assert "usd_per_cycle" in str(first[-1])
        assert (await ask(model, asking("later"), caps=caps)).cost == pytest.approx(0.02)
        assert len(server.requests) == 6
    assert store.calls.spend("run:1").usd == pytest.approx(0.12)


async def test_no_more_calls_are_open_than_allowed(store: Library) -> None:
    with FakeProvider(answer=lambda body: Answer(delay=0.02)) as server:
        model = model_at(server, store, max_parallel=3)
        await asyncio.gather(*(ask(model, asking(str(n))) for n in range(12)))
        assert server.most_in_flight == 3
        assert len(server.requests) == 12


async def test_the_same_question_asked_at_once_is_sent_once(store: Library) -> None:
    with FakeProvider(answer=lambda body: Answer(delay=0.05)) as server:
        model = model_at(server, store)
        replies = await asyncio.gather(*(ask(model) for _ in range(5)))
        assert len(server.requests) == 1
    assert [reply.from_ledger for reply in replies] == [False, True, True, True, True]


async def test_calls_per_minute_are_kept_by_waiting(store: Library) -> None:
    sleeper = Sleeper()
    with FakeProvider() as server:
        model = model_at(server, store, rpm=2, sleep=sleeper)
        for n in range(4):
            await ask(model, asking(str(n)))
        assert len(server.requests) == 4
    assert len(sleeper.slept) == 2
    assert all(58.0 < slept <= 60.0 for slept in sleeper.slept)


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


async def test_the_embedded_student_needs_nothing(store: Library) -> None:
    model = open_model(ModelSettings(role="student", model="embedded/student"), ledger=Ledger(store.calls), environ={})
    text = "Answer with one label.\n- billing: invoices and charges\n- login: passwords\n\nMessage: my invoice is wrong"
    reply = await ask(model, asking(text), caps=Caps(usd_per_scope=0.01))
    assert (reply.text, reply.cost) == ("billing", 0.0)


QUIET = """
import asyncio, json, logging, sys
from library.calls import Caps
from library.errors import PromptkeeperError
from library.prompts import Message
from library.store.stores import open_library
from tools.ledger import Ledger
from tools.models import ModelSettings, Request, open_model

async def main(path, base):
    said = []
    for name in ("openai/gpt-4.1-mini", "nonsense/model", "embedded/nobody"):
        settings = ModelSettings(role="teacher", model=name, api_base=base, retries=0, timeout_s=5)
        model = open_model(settings, ledger=Ledger(open_library(path).calls), environ={})
        try:
            await model.complete(Request(messages=(Message(role="user", content="x"),)), scope="s", caps=Caps())
        except PromptkeeperError as error:
            said.append(str(error))
    print(json.dumps(said))

asyncio.run(main(*sys.argv[1:]))
"""


def test_nothing_of_litellm_reaches_stdout(tmp_path: Path) -> None:
    with FakeProvider() as server:
        dead = server.url
    done = subprocess.run(
        [sys.executable, "-c", QUIET, f"sqlite:///{tmp_path}/l.db", dead],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    said = json.loads(done.stdout)
    assert ["connection" in said[0], "nonsense/model" in said[1], "embedded/nobody" in said[2]] == [True] * 3
    assert done.stderr == ""


ASK_THIRTY = """
import asyncio, sys
from library.calls import Caps
from library.prompts import Message
from library.store.stores import open_library
from tools.ledger import Ledger
from tools.models import ModelSettings, Request, open_model

async def main(path, base):
    settings = ModelSettings(role="student", model="openai/gpt-4.1-mini", api_base=base, max_parallel=4, retries=0)
    model = open_model(settings, ledger=Ledger(open_library(path).calls), environ={})
    requests = [Request(messages=(Message(role="user", content=str(n)),)) for n in range(30)]
    slots = asyncio.Semaphore(4)

    async def ask(request):
        async with slots:
            return await model.complete(request, scope="run:1", caps=Caps(calls_per_scope=30, usd_per_scope=1.0))

    print(" ".join([(await one).text for one in [asyncio.create_task(ask(request)) for request in requests]]))

asyncio.run(main(*sys.argv[1:]))
"""


def test_after_a_kill_no_finished_call_is_paid_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/l.db"
    store = open_library(url)
    with FakeProvider(answer=lambda body: Answer(text=body["messages"][0]["content"], delay=0.03)) as server:
        command = [sys.executable, "-c", ASK_THIRTY, url, server.url]
        first = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
        while len(server.requests) < 14 and first.poll() is None:
            time.sleep(0.002)
        first.kill()
        first.communicate()
        committed, sent = store.calls.spend("run:1").calls, len(server.requests)
        assert 0 < committed < 30
        assert sent - committed <= 4
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert len(server.requests) - sent == 30 - committed
    assert done.stdout.split() == [str(n) for n in range(30)]
    assert store.calls.spend("run:1").calls == 30
    store.db.close()


def test_the_door_is_cheap_to_open() -> None:
    heavy = "import sys, tools.evaluation, tools.metrics.opening, tools.models\n"
    heavy += "print([m for m in ('litellm', 'openai', 'chromadb', 'sqlalchemy', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout == "[]\n"
