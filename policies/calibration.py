"""Are promises kept? Reported gains drawn towards what gains use to be, and held against what came of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.intervals import wilson

Z95 = 1.959964
FEWEST = 5  # looks before gains can be drawn towards each other
SMALLEST_ERROR = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A gain with its 95 % interval, in score units."""

    gain: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Its standard error, read from the interval."""
        return max(SMALLEST_ERROR, (self.high - self.low) / (2 * Z95))


def measured_in(result: Mapping[str, Any]) -> Measured | None:
    """The gain that the gate measured, from what an attempt remembers; None where it never came there, or void."""
    gate = result.get("gate")
    if not isinstance(gate, Mapping) or gate.get("verdict") in {None, "void"} or not gate.get("n"):
        return None
    return Measured(gain=float(gate["gain"]), low=float(gate["low"]), high=float(gate["high"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The gain to expect in production, with its 95 % interval; kept: the share of the measured distance from the usual
    gain that remains, 1 where nothing was drawn in; usual: mean of the earlier gains; looks: how many they were."""

    gain: float
    low: float
    high: float
    kept: float
    usual: float
    looks: int


def expected_gain(measured: Measured, earlier: Sequence[Measured]) -> Expected:
    """The measured gain, drawn towards the mean of all earlier ones as far as chance makes up their differences.

    Empirical Bayes (Morris 1983) with the spread between gains by DerSimonian and Laird (1986). earlier: all looks at
    the gate, those that confirmed nothing too, or the winners' luck would stay in (Efron 2011). Fewer than five earlier
    looks say nothing, and the gain stays as measured.
    """
    k = len(earlier)
    if k < FEWEST:
        return Expected(
            gain=measured.gain, low=measured.low, high=measured.high, kept=1.0, usual=_mean(earlier), looks=k
        )
    between, usual = _between(earlier)
    variance = measured.error**2
    drawn = (k - 3) / (k - 1) * variance / (variance + between)
    gain = measured.gain - drawn * (measured.gain - usual)
    spread = variance * (1 - drawn * (k - 1) / k) + 2 / (k - 3) * (drawn * (measured.gain - usual)) ** 2
    half = Z95 * math.sqrt(spread)
    return Expected(gain=gain, low=gain - half, high=gain + half, kept=1 - drawn, usual=usual, looks=k)


def _mean(measured: Sequence[Measured]) -> float:
    return math.fsum(m.gain for m in measured) / len(measured) if measured else 0.0


def _between(measured: Sequence[Measured]) -> tuple[float, float]:
    """Variance between the true gains, and their mean weighted by it."""
    weights = [1 / m.error**2 for m in measured]
    total = math.fsum(weights)
    mean = math.fsum(w * m.gain for w, m in zip(weights, measured, strict=True)) / total
    q = math.fsum(w * (m.gain - mean) ** 2 for w, m in zip(weights, measured, strict=True))
    scale = total - math.fsum(w * w for w in weights) / total
    between = max(0.0, (q - (len(measured) - 1)) / scale)
    weights = [1 / (m.error**2 + between) for m in measured]
    return between, math.fsum(w * m.gain for w, m in zip(weights, measured, strict=True)) / math.fsum(weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a proposal promised, and what production showed after its release."""

    promised: Measured
    realised: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRecord:
    """n promises: means of both sides, the share whose realised gain lay where the promise and both errors allow (95 %
    when promises are honest) with its interval, and a sentence."""

    n: int
    promised: float
    realised: float
    kept: float
    kept_low: float
    kept_high: float
    sentence: str


def promise_record(promises: Sequence[Promise]) -> PromiseRecord:
    """Promised against realised gains of released proposals."""
    n = len(promises)
    kept = sum(_kept(p) for p in promises)
    low, high = wilson(kept, n)
    promised, realised = _mean([p.promised for p in promises]), _mean([p.realised for p in promises])
    said = f"{n} released: promised {promised:+.3f}, realised {realised:+.3f} on average; {kept} of {n} as promised"
    share = kept / n if n else 0.0
    return PromiseRecord(
        n=n,
        promised=promised,
        realised=realised,
        kept=share,
        kept_low=low,
        kept_high=high,
        sentence=said if n else "nothing was released yet",
    )


def _kept(promise: Promise) -> bool:
    error = math.hypot(promise.promised.error, promise.realised.error)
    return abs(promise.promised.gain - promise.realised.gain) <= Z95 * error
