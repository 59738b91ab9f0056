"""Keeping under requests and tokens per minute by waiting."""

from hypothesis import given
from hypothesis import strategies as st

from tools.pacing import WINDOW, Pace


class Clock:
    """A clock that only moves when somebody sleeps or `tick`s; keeps when each turn began."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def starts(rpm: int | None, tpm: int | None, calls: list[tuple[float, int]]) -> list[float]:
    clock = Clock()
    pace = Pace(rpm, tpm, clock=clock, sleep=clock.sleep)
    began = []
    for gap, tokens in calls:
        clock.now += gap
        await pace.turn(tokens)
        began.append(clock.now)
    return began


async def test_without_limits_nothing_waits() -> None:
    assert await starts(None, None, [(0.0, 10**9)] * 3) == [0.0, 0.0, 0.0]


async def test_calls_per_minute() -> None:
    assert await starts(2, None, [(0.0, 1), (10.0, 1), (0.0, 1), (0.0, 1), (0.0, 1)]) == [0.0, 10.0, 60.0, 70.0, 120.0]


async def test_tokens_per_minute() -> None:
    assert await starts(None, 100, [(0.0, 60), (0.0, 40), (0.0, 1), (0.0, 40)]) == [0.0, 0.0, 60.0, 60.0]


async def test_a_call_larger_than_the_limit_waits_for_an_empty_minute() -> None:
    assert await starts(None, 100, [(0.0, 50), (5.0, 500), (0.0, 1)]) == [0.0, 60.0, 120.0]


@given(
    st.integers(1, 5),
    st.integers(50, 200),
    st.lists(st.tuples(st.floats(0, 90), st.integers(1, 50)), min_size=1, max_size=40),
)
async def test_no_minute_holds_more_than_the_limits(rpm: int, tpm: int, calls: list[tuple[float, int]]) -> None:
    began = await starts(rpm, tpm, calls)
    assert began == sorted(began)
    for at in began:
        minute = [tokens for start, (_, tokens) in zip(began, calls, strict=True) if at <= start < at + WINDOW - 1e-6]
        assert len(minute) <= rpm
        assert sum(minute) <= tpm
