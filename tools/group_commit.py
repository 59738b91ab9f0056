"""Group commit: whatever waits while one transaction runs goes into the next one together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")


class GroupCommit(Generic[Entry]):
    """Hands everything that was added since the last time to `work`, one batch at a time.

    It lives on whatever event loop is running when something is added, and holds no task while there is nothing to do.
    `work` must not raise: it answers the entries' own futures.
    """

    def __init__(self, work: Callable[[Sequence[Entry]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: list[Entry] = []
        self._running: asyncio.Task[None] | None = None

    def add(self, entry: Entry) -> None:
        """Put an entry into the next batch."""
        self._waiting.append(entry)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def drained(self) -> None:
        """Wait until nothing is waiting or being worked on."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._work(batch)


async def in_thread(work: Callable[[], Any]) -> Any:
    """What work returns or raises, run in a thread: a failure belongs to those who wait, not to the batch."""
    return (await asyncio.gather(asyncio.to_thread(work), return_exceptions=True))[0]


def answer(future: "asyncio.Future[Any]", said: object) -> None:
    """Resolve a future with a value or an exception, unless whoever waited has gone."""
    if future.done():
        return
    if isinstance(said, BaseException):
        future.set_exception(said)
    else:
        future.set_result(said)
