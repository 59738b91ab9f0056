"""Prices, budgets and limits of the door to models, as the server at the other end sees them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from library.calls import Caps
from library.errors import BudgetSpent, InputError
from library.store.stores import Library, open_library
from tests.asking import UNKNOWN, Sleeper, ask, asking, model_at
from tests.fakes import Answer, FakeProvider
from tools.models import Reply


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Library]:
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    yield opened
    opened.db.close()


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
