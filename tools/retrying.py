"""Asks again when a failure is transient: exponential waits with jitter, never against the provider's own wish."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tools.errors import ProviderError

Answer = TypeVar("Answer")

FIRST_WAIT = 0.5  # seconds
LONGEST_WAIT = 30.0  # seconds; also the cap on Retry-After


async def with_retries(
    call: Callable[[], Awaitable[Answer]],
    *,
    retries: int,
    rng: random.Random,
    sleep: Callable[[float], Awaitable[None]],
) -> Answer:
    """Run call, and again up to `retries` times after transient ProviderErrors; the last error is raised.

    Errors that are not transient are raised at once.
    """
    attempt = 0
    while True:
        try:
            return await call()
        except ProviderError as error:
            if not error.transient or attempt >= retries:
                raise
            pause = wait_before(attempt, error.retry_after, rng)
        await sleep(pause)
        attempt += 1


def wait_before(attempt: int, retry_after: float | None, rng: random.Random) -> float:
    """Seconds to wait after failure number `attempt` (from 0).

    Half of the exponential step is fixed, half is random, so that clients which failed together do not return
    together. A Retry-After is a floor, up to LONGEST_WAIT.
    """
    step = min(LONGEST_WAIT, FIRST_WAIT * 2.0**attempt)
    jittered = step * (0.5 + 0.5 * rng.random())
    return max(jittered, min(retry_after or 0.0, LONGEST_WAIT))
