"""Pays for every model call once: reserves before it is sent, and commits the answer before anyone sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from library.calls import Call, Caps, Reservation
from library.errors import BudgetSpent, PromptkeeperError
from tools.group_commit import GroupCommit, answer, in_thread


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settlement:
    """What became of a call that was sent: the call, or None where it failed; answered once that is committed."""

    place: tuple[str, str]
    call: Call | None
    committed: "asyncio.Future[None]"


class Ledger:
    """Answers each (scope, key) once. Whatever waits while a transaction runs goes into the next one together.

    So 64 calls in flight cost a few commits, not 64. One ledger belongs to one process; several processes meet in the
    store, whose caps hold across them.
    """

    def __init__(self, calls: CallRecords) -> None:
        self._calls = calls
        self._open: dict[tuple[str, str], _Open] = {}
        self._tasks: set[asyncio.Task[tuple[Call, bool]]] = set()
        self._admissions = GroupCommit(self._admit)
        self._settlements = GroupCommit(self._settle)

    async def once(
        self,
        reservation: Reservation,
        caps: Caps,
        send: Callable[[], Awaitable[Call]],
        slot: AbstractAsyncContextManager[object] | None = None,
    ) -> tuple[Call, bool]:
        """The call for the reservation's scope and key, and whether it was known before (and so cost nothing now).

        Known calls come from the store; one that is in flight in this process is awaited; any other is reserved under
        the caps, sent, and committed before it is returned. slot: held from before a call is sent until its answer is
        committed; so a crash costs at most as many calls as there are slots, while others wait for their reservation.
        Raises BudgetSpent (nothing was sent), whatever `send` raises (the reservation is dropped), and the store's own
        errors.
        """
        place = (reservation.scope, reservation.key)
        entry = self._open.get(place)
        shared = entry is not None
        if entry is None:
            entry = self._start(place, self._make(reservation, caps, send, slot or nullcontext()))
        entry.waiting += 1
        try:
            call, known = await asyncio.shield(entry.task)
        except asyncio.CancelledError:
            if entry.waiting == 1:
                # Out of sight at once: whoever asks the same from now on must not share a call that is going away.
                self._forget(place, entry)
                entry.task.cancel()
            raise
        finally:
            entry.waiting -= 1
        return call, known or shared

    async def close(self) -> None:
        """Wait until everything in flight is answered and committed."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._admissions.drained()
        await self._settlements.drained()

    def _start(self, place: tuple[str, str], making: Coroutine[Any, Any, tuple[Call, bool]]) -> _Open:
        entry = self._open[place] = _Open(asyncio.create_task(making))
        self._tasks.add(entry.task)
        entry.task.add_done_callback(self._tasks.discard)
        entry.task.add_done_callback(lambda _: self._forget(place, entry))
        return entry

    def _forget(self, place: tuple[str, str], entry: _Open) -> None:
        if self._open.get(place) is entry:
            del self._open[place]

    async def _make(
        self,
        reservation: Reservation,
        caps: Caps,
        send: Callable[[], Awaitable[Call]],
        slot: AbstractAsyncContextManager[object],
    ) -> tuple[Call, bool]:
        granted: asyncio.Future[Call | None] = asyncio.get_running_loop().create_future()
        self._admissions.add(_Admission(reservation=reservation, caps=caps, granted=granted))
        known = await granted
        if known is not None:
            return known, True
        place = (reservation.scope, reservation.key)
        call: Call | None = None
        try:
            async with slot:
                call = await send()
                await self._settled(place, call)
        except PromptkeeperError:
            if call is None:
                await self._settled(place, None)
            raise
        except BaseException:
            if call is None:
                self._let_go(place)
            raise
        return call, False

    def _settled(self, place: tuple[str, str], call: Call | None) -> "asyncio.Future[None]":
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settlements.add(_Settlement(place=place, call=call, committed=committed))
        return committed

    def _let_go(self, place: tuple[str, str]) -> None:
        """Give a reservation back after a cancellation: nobody waits for the commit, or hears of its failure."""
        self._settled(place, None).add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _settle(self, batch: Sequence[_Settlement]) -> None:
        finished = [one.call for one in batch if one.call is not None]
        failed = [one.place for one in batch if one.call is None]
        written = await in_thread(lambda: self._calls.settle(finished, failed))
        for one in batch:
            answer(one.committed, written)

    async def _admit(self, batch: Sequence[_Admission]) -> None:
        groups: dict[tuple[str, Caps], list[_Admission]] = {}
        for one in batch:
            groups.setdefault((one.reservation.scope, one.caps), []).append(one)
        for (_, caps), group in groups.items():
            wanted = [one.reservation for one in group]
            said = await in_thread(partial(self._look_up_or_reserve, wanted, caps))
            answers = [said] * len(group) if isinstance(said, BaseException) else said
            for one, own in zip(group, answers, strict=True):
                if own is None and one.granted.cancelled():
                    self._let_go((one.reservation.scope, one.reservation.key))
                answer(one.granted, own)

    def _look_up_or_reserve(self, wanted: Sequence[Reservation], caps: Caps) -> list[Call | BudgetSpent | None]:
        known = self._calls.lookup(wanted[0].scope, [one.key for one in wanted])
        missing = [one for one in wanted if one.key not in known]
        verdicts = self._calls.reserve(missing, caps) if missing else ()
        refused = {one.key: verdict for one, verdict in zip(missing, verdicts, strict=True)}
        return [known.get(one.key) or refused.get(one.key) for one in wanted]
