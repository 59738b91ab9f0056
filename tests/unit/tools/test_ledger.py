"""The ledger: every call is paid once, and many calls share few transactions."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from library.calls import Call, Caps, Reservation
from library.errors import BudgetSpent, Outage
from library.store.calls import CallStore
from library.store.stores import open_library
from tools.errors import ProviderError
from tools.ledger import Ledger

NOON = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
FREE = Caps()


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[CallStore]:
    library = open_library(f"sqlite:///{tmp_path}/library.db")
    yield library.calls
    library.db.close()


class Counted:
    """A call store that counts its transactions and, when told so, loses its connection on settling."""

    def __init__(self, calls: CallStore, *, broken: bool = False) -> None:
        self.calls, self.broken = calls, broken
        self.transactions = 0

    def lookup(self, scope: str, keys: Sequence[str]) -> dict[str, Call]:
        self.transactions += 1
        return self.calls.lookup(scope, keys)

    def reserve(self, wanted: Sequence[Reservation], caps: Caps) -> tuple[BudgetSpent | None, ...]:
        self.transactions += 1
        return self.calls.reserve(wanted, caps)

    def settle(self, finished: Sequence[Call], failed: Sequence[tuple[str, str]]) -> None:
        self.transactions += 1
        if self.broken:
            raise Outage("the library does not answer")
        self.calls.settle(finished, failed)


def wanted(key: str, scope: str = "run:1") -> Reservation:
    return Reservation(scope=scope, key=key, usd=0.1, at=NOON)


class Provider:
    """Sends calls: counts them, takes its time, and fails where it is told to."""

    def __init__(self, *, delay: float = 0.0, fails: Sequence[str] = ()) -> None:
        self.sent: list[str] = []
        self._delay, self._fails = delay, fails

    async def send(self, reservation: Reservation) -> Call:
        self.sent.append(reservation.key)
        await asyncio.sleep(self._delay)
        if reservation.key in self._fails:
            raise ProviderError("server", "down")
        return Call(
            scope=reservation.scope,
            key=reservation.key,
            role="student",
            model="m",
            response_model="m",
            output=f"answer {reservation.key}",
            finish_reason="stop",
            tokens_in=1,
            tokens_out=1,
            cost=0.01,
            latency_ms=1.0,
            at=NOON,
        )

    async def ask(self, ledger: Ledger, key: str, *, caps: Caps = FREE, scope: str = "run:1") -> tuple[str, bool]:
        reservation = wanted(key, scope)
        call, known = await ledger.once(reservation, caps, lambda: self.send(reservation))
        return call.output, known


async def test_many_calls_share_few_transactions(calls: CallStore) -> None:
    counted, provider = Counted(calls), Provider(delay=0.05)
    ledger = Ledger(counted)
    said = await asyncio.gather(*(provider.ask(ledger, str(n)) for n in range(64)))
    assert said == [(f"answer {n}", False) for n in range(64)]
    assert counted.transactions <= 12
    assert calls.spend("run:1").calls == 64


async def test_an_answer_is_committed_before_it_is_returned(calls: CallStore) -> None:
    provider, ledger = Provider(), Ledger(calls)
    await provider.ask(ledger, "a")
    assert calls.lookup("run:1", ["a"])["a"].output == "answer a"
    broken = Ledger(Counted(calls, broken=True))
    with pytest.raises(Outage, match="does not answer"):
        await provider.ask(broken, "b")


async def test_a_slot_is_held_until_the_answer_is_committed(calls: CallStore) -> None:
    class Watching(Counted):
        """Notes how many calls are sent and not yet committed, at most."""

        most = 0

        def settle(self, finished: Sequence[Call], failed: Sequence[tuple[str, str]]) -> None:
            self.most = max(self.most, len(provider.sent) - calls.spend("run:1").calls)
            super().settle(finished, failed)

    provider, watching, slot = Provider(delay=0.001), Watching(calls), asyncio.Semaphore(3)
    ledger = Ledger(watching)

    async def ask(key: str) -> None:
        await ledger.once(wanted(key), FREE, lambda: provider.send(wanted(key)), slot)

    await asyncio.gather(*(ask(str(n)) for n in range(20)))
    assert watching.most == 3
    assert calls.spend("run:1").calls == 20


async def test_a_call_that_fails_gives_its_slot_and_its_reservation_back(calls: CallStore) -> None:
    provider, ledger, slot = Provider(fails=["a"]), Ledger(calls), asyncio.Semaphore(1)
    with pytest.raises(ProviderError):
        await ledger.once(wanted("a"), FREE, lambda: provider.send(wanted("a")), slot)
    only_one = Caps(calls_per_scope=1)
    call, _ = await ledger.once(wanted("b"), only_one, lambda: provider.send(wanted("b")), slot)
    assert call.output == "answer b"


async def test_a_stored_call_is_not_sent_again(calls: CallStore) -> None:
    await Provider().ask(Ledger(calls), "a")
    provider = Provider()
    assert await provider.ask(Ledger(calls), "a") == ("answer a", True)
    assert provider.sent == []
    assert await provider.ask(Ledger(calls), "a", scope="run:2") == ("answer a", False)


async def test_a_spent_budget_sends_nothing_and_known_answers_stay_free(calls: CallStore) -> None:
    provider, ledger, caps = Provider(), Ledger(calls), Caps(calls_per_scope=2)
    asked = await asyncio.gather(*(provider.ask(ledger, str(n), caps=caps) for n in range(4)), return_exceptions=True)
    assert [type(one) for one in asked] == [tuple, tuple, BudgetSpent, BudgetSpent]
    assert provider.sent == ["0", "1"]
    assert await provider.ask(ledger, "0", caps=caps) == ("answer 0", True)


async def test_a_failed_call_gives_its_reservation_back(calls: CallStore) -> None:
    provider, ledger, caps = Provider(fails=["a"]), Ledger(calls), Caps(calls_per_scope=1)
    with pytest.raises(ProviderError, match="down"):
        await provider.ask(ledger, "a", caps=caps)
    assert await provider.ask(ledger, "b", caps=caps) == ("answer b", False)


async def test_a_call_that_nobody_waits_for_any_more_gives_its_reservation_back(calls: CallStore) -> None:
    provider, ledger, caps = Provider(delay=30.0), Ledger(calls), Caps(calls_per_scope=1)
    asking = asyncio.create_task(provider.ask(ledger, "a", caps=caps))
    while not provider.sent:
        await asyncio.sleep(0.001)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await ledger.close()
    assert await Provider().ask(ledger, "b", caps=caps) == ("answer b", False)


async def test_a_call_stays_alive_while_someone_still_waits(calls: CallStore) -> None:
    provider, ledger = Provider(delay=0.05), Ledger(calls)
    first, second = (asyncio.create_task(provider.ask(ledger, "a")) for _ in range(2))
    while not provider.sent:
        await asyncio.sleep(0.001)
    first.cancel()
    assert await second == ("answer a", True)
    assert provider.sent == ["a"]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_whoever_asks_after_a_cancellation_gets_a_call_of_their_own(calls: CallStore) -> None:
    provider, ledger = Provider(delay=0.02), Ledger(calls)
    first = asyncio.create_task(provider.ask(ledger, "a"))
    while not provider.sent:
        await asyncio.sleep(0.001)
    first.cancel()
    second = asyncio.create_task(provider.ask(ledger, "a"))
    assert await second == ("answer a", False)
    assert provider.sent == ["a", "a"]


async def test_cancelling_before_admission_leaves_no_reservation(calls: CallStore) -> None:
    provider, ledger = Provider(), Ledger(calls)
    asking = asyncio.create_task(provider.ask(ledger, "a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await ledger.close()
    assert provider.sent == []
    assert calls.release("run:1") == 0


async def test_closing_waits_for_what_is_in_flight(calls: CallStore) -> None:
    provider, ledger = Provider(delay=0.05), Ledger(calls)
    asking = [asyncio.create_task(provider.ask(ledger, str(n))) for n in range(3)]
    await asyncio.sleep(0)
    await ledger.close()
    assert calls.spend("run:1").calls == 3
    assert [(await one)[1] for one in asking] == [False] * 3


def test_a_ledger_outlives_its_event_loop(calls: CallStore) -> None:
    ledger = Ledger(calls)
    assert [asyncio.run(Provider().ask(ledger, key)) for key in ("a", "b", "a")] == [
        ("answer a", False),
        ("answer b", False),
        ("answer a", True),
    ]
