"""Pays for every model call once: reserves before it is sent, and commits the answer before anyone sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from library.calls import Call, Caps, Reservation
from library.errors import BudgetSpent


class CallRecords(Protocol):
    """What the ledger needs of a store: the library's call store, or anything that keeps the same promises."""

    def lookup(self, scope: str, keys: Sequence[str]) -> dict[str, Call]:
        """The finished calls of a scope among these keys."""

    def reserve(self, wanted: Sequence[Reservation], caps: Caps) -> tuple[BudgetSpent | None, ...]:
        """Reserve in one transaction, in order: None where it fits the caps, else the error that names the cap."""

    def settle(self, finished: Sequence[Call], failed: Sequence[tuple[str, str]]) -> None:
        """In one transaction: record finished calls, drop the reservations of failed ones (scope, key)."""


@dataclass(slots=True)
class _Open:
    """A call that is being made, and how many callers wait for it."""

    task: "asyncio.Task[tuple[Call, bool]]"
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admission:
    """A call that asks to be sent: answered with the stored call, or None once its reservation is committed."""

    reservation: Reservation
    caps: Caps
    granted: "asyncio.Future[Call | None]"


class Ledger:
    """Answers each (scope, key) once. Whatever waits while a transaction runs goes into the next one together.

    So 64 calls in flight cost a few commits, not 64. One ledger belongs to one process; several processes meet in the
    store, whose caps hold across them.
    """

    def __init__(self, calls: CallRecords) -> None:
        self._calls = calls
        self._open: dict[tuple[str, str], _Open] = {}
        self._admissions: list[_Admission] = []
        self._finished: list[tuple[Call, asyncio.Future[None]]] = []
        self._failed: list[tuple[str, str]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def once(
        self,
        reservation: Reservation,
        caps: Caps,
        send: Callable[[], Awaitable[Call]],
        *,
        slots: AbstractAsyncContextManager[Any],
    ) -> tuple[Call, bool]:
        """The call for the reservation's scope and key, and whether it was known before (and so cost nothing now).

        Known calls come from the store; one that is in flight in this process is awaited; any other is reserved under
        the caps, sent, and committed before it is returned. slots: held from before the call is sent until its commit,
        so that a semaphore there bounds what a crash can make us pay again. Raises BudgetSpent (nothing was sent),
        whatever `send` raises (the reservation is dropped), and the store's own errors.
        """
        place = (reservation.scope, reservation.key)
        entry = self._open.get(place)
        shared = entry is not None
        if entry is None:
            entry = _Open(asyncio.create_task(self._make(reservation, caps, send, slots)))
            self._open[place] = entry
            entry.task.add_done_callback(lambda _: self._open.pop(place, None))
        entry.waiting += 1
        try:
            call, known = await asyncio.shield(entry.task)
        except asyncio.CancelledError:
            if entry.waiting == 1:
                entry.task.cancel()
            raise
        finally:
            entry.waiting -= 1
        return call, known or shared

    async def close(self) -> None:
        """Wait until everything in flight is answered and committed."""
        while self._open:
            await asyncio.gather(*(entry.task for entry in self._open.values()), return_exceptions=True)
        if self._flusher is not None:
            await self._flusher

    async def _make(
        self,
        reservation: Reservation,
        caps: Caps,
        send: Callable[[], Awaitable[Call]],
        slots: AbstractAsyncContextManager[Any],
    ) -> tuple[Call, bool]:
        granted: asyncio.Future[Call | None] = asyncio.get_running_loop().create_future()
        self._admissions.append(_Admission(reservation=reservation, caps=caps, granted=granted))
        self._kick()
        known = await granted
        if known is not None:
            return known, True
        call: Call | None = None
        try:
            async with slots:
                call = await send()
                await self._commit(call)
        except BaseException:
            if call is None:
                self._failed.append((reservation.scope, reservation.key))
                self._kick()
            raise
        return call, False

    async def _commit(self, call: Call) -> None:
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._finished.append((call, committed))
        self._kick()
        await committed

    def _kick(self) -> None:
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        while self._admissions or self._finished or self._failed:
            finished, self._finished = self._finished, []
            failed, self._failed = self._failed, []
            admissions, self._admissions = self._admissions, []
            # Settling first gives back what finished calls had reserved beyond their cost.
            if finished or failed:
                await self._settle(finished, failed)
            groups: dict[tuple[str, Caps], list[_Admission]] = {}
            for one in admissions:
                groups.setdefault((one.reservation.scope, one.caps), []).append(one)
            for group in groups.values():
                await self._admit(group)

    async def _settle(
        self, finished: Sequence[tuple[Call, "asyncio.Future[None]"]], failed: Sequence[tuple[str, str]]
    ) -> None:
        written = await _outcome(lambda: self._calls.settle([call for call, _ in finished], failed))
        for _, committed in finished:
            _answer(committed, written)

    async def _admit(self, group: Sequence[_Admission]) -> None:
        answers = await _outcome(lambda: self._look_up_or_reserve([one.reservation for one in group], group[0].caps))
        failed = isinstance(answers, BaseException)
        for one, said in zip(group, [answers] * len(group) if failed else answers, strict=True):
            if one.granted.cancelled() and said is None:
                self._failed.append((one.reservation.scope, one.reservation.key))
            _answer(one.granted, said)

    def _look_up_or_reserve(self, wanted: Sequence[Reservation], caps: Caps) -> list[Call | BudgetSpent | None]:
        known = self._calls.lookup(wanted[0].scope, [one.key for one in wanted])
        missing = [one for one in wanted if one.key not in known]
        refused = (
            dict(zip([one.key for one in missing], self._calls.reserve(missing, caps), strict=True)) if missing else {}
        )
        return [known.get(one.key) or refused.get(one.key) for one in wanted]


async def _outcome(work: Callable[[], Any]) -> Any:
    """What work returns or raises, run in a thread: a failure belongs to those who wait, not to the flusher."""
    return (await asyncio.gather(asyncio.to_thread(work), return_exceptions=True))[0]


def _answer(future: "asyncio.Future[Any]", said: object) -> None:
    if future.done():
        return
    if isinstance(said, BaseException):
        future.set_exception(said)
    else:
        future.set_result(said)
