"""Keeps calls under a provider's requests and tokens per minute by waiting, so that no limit turns into a failure."""

from collections import deque
from collections.abc import Awaitable, Callable

WINDOW = 60.0  # seconds


class Pace:
    """Hands out starting times such that any minute holds at most rpm calls and tpm tokens (None: no limit).

    Limits count calls of this process only. Times come from `clock` (seconds, monotonic).
    """

    def __init__(
        self,
        rpm: int | None,
        tpm: int | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._rpm, self._tpm, self._clock, self._sleep = rpm, tpm, clock, sleep
        self._started: deque[tuple[float, int]] = deque()
        self._tokens = 0

    async def turn(self, tokens: int) -> None:
        """Wait until a call of this many tokens may start. A call larger than tpm waits for an empty minute."""
        if self._rpm is None and self._tpm is None:
            return
        now = self._clock()
        start = self._book(now, tokens)
        if start > now:
            await self._sleep(start - now)

    def _book(self, now: float, tokens: int) -> float:
        # Bookings are made in order and never move, so later callers queue behind earlier ones without a lock.
        start = max(now, self._started[-1][0] if self._started else now)
        self._leave(start)
        while self._started and self._full(tokens):
            start = max(start, self._started[0][0] + WINDOW)
            self._leave(start)
        self._started.append((start, tokens))
        self._tokens += tokens
        return start

    def _leave(self, at: float) -> None:
        while self._started and self._started[0][0] + WINDOW <= at:
            self._tokens -= self._started.popleft()[1]

    def _full(self, tokens: int) -> bool:
        if self._rpm is not None and len(self._started) >= self._rpm:
            return True
        return self._tpm is not None and self._tokens + tokens > self._tpm
