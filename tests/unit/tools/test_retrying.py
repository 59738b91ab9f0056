"""Retries: only what may pass, in growing steps, and never sooner than the provider asked."""

import random

import pytest

from tools.errors import MENDS, TRANSIENT, FaultKind, ProviderError
from tools.retrying import LONGEST_WAIT, wait_before, with_retries


class Script:
    """Fails with the given errors in order, then answers `done`; keeps how long it was told to sleep."""

    def __init__(self, *errors: ProviderError) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.slept: list[float] = []

    async def call(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def run(self, retries: int, seed: int = 1) -> str:
        return await with_retries(self.call, retries=retries, rng=random.Random(seed), sleep=self.sleep)


async def test_transient_failures_are_asked_again_in_growing_steps() -> None:
    script = Script(*(ProviderError("server", "down") for _ in range(4)))
    assert await script.run(retries=4) == "done"
    assert script.calls == 5
    steps = [0.5, 1.0, 2.0, 4.0]
    assert all(step / 2 <= slept <= step for slept, step in zip(script.slept, steps, strict=True))


async def test_the_last_failure_is_raised_when_retries_are_used_up() -> None:
    errors = [ProviderError("timeout", f"try {n}") for n in range(3)]
    script = Script(*errors)
    with pytest.raises(ProviderError) as caught:
        await script.run(retries=2)
    assert caught.value is errors[2]
    assert (script.calls, len(script.slept)) == (3, 2)


@pytest.mark.parametrize("kind", sorted(MENDS))
async def test_only_transient_kinds_are_asked_again(kind: FaultKind) -> None:
    script = Script(ProviderError(kind, "no"))
    if kind in TRANSIENT:
        assert await script.run(retries=1) == "done"
    else:
        with pytest.raises(ProviderError):
            await script.run(retries=1)
        assert (script.calls, script.slept) == (1, [])


async def test_retry_after_is_a_floor_with_a_cap() -> None:
    asked = Script(
        ProviderError("rate_limit", "slow", retry_after=7.0), ProviderError("rate_limit", "x", retry_after=3600)
    )
    await asked.run(retries=2)
    assert asked.slept == [7.0, LONGEST_WAIT]


def test_waits_are_the_same_for_the_same_seed_and_spread_between_seeds() -> None:
    waits = [wait_before(3, None, random.Random(seed)) for seed in range(50)]
    assert waits == [wait_before(3, None, random.Random(seed)) for seed in range(50)]
    assert max(waits) - min(waits) > 1.0
    assert max(wait_before(50, None, random.Random(seed)) for seed in range(50)) <= LONGEST_WAIT


def test_every_kind_has_a_mend_and_an_outage_exit_code() -> None:
    for kind in MENDS:
        error = ProviderError(kind, "it failed", "[models.student]")
        assert error.exit_code == 3
        assert str(error) == f"[models.student]: it failed. {MENDS[kind]}"
