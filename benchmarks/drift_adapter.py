"""The health scan behind the interface of a drift benchmark: update(scores, segments, timestamps) -> Alarm | None.

`make` is the product as it is shipped: the looks and thresholds of the rulebook, on the clock of the stream.
`make_each` looks once per update of fifty scores, as the other detectors of such a benchmark do. `make_young` and
`make_told` are the same two, given the true mean as a known target.
Scores come in order of arrival, segments as small integers, times of the traces in seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from library.trends import GRID_SECONDS, TrendState, delta_of
from policies.health.evidence import ScanSettings
from policies.health.scan import walk
from policies.rulebook import read_rulebook

# The promise of the benchmark: 20,000 scores, a look after every 50.
PROMISED_LOOKS, PER_LOOK = 400, 50
# One group of steps for all time: then every walk ends with exactly one look.
ALL_TIME = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Position (in order of arrival) of the first degraded score, size of the drop, index of the segment blamed."""

    onset: int
    effect: float
    segment: int | None = None


class HealthScan:
    """Translates positions into trace times and back; everything else is the product's own `walk`."""

    def __init__(self, settings: ScanSettings, *, look_steps: int, floor: float | None = None) -> None:
        self.settings, self.floor, self.look_steps = settings, floor, look_steps
        self.state = TrendState()
        self.times: list[float] = []

    def update(self, scores: Sequence[float], segments: Sequence[int], timestamps: Sequence[float]) -> Alarm | None:
        self.times.extend(float(t) for t in timestamps)
        deltas = [
            delta_of(float(x), epoch_seconds=float(t), segment=str(s))
            for x, s, t in zip(scores, segments, timestamps, strict=True)
        ]
        self.state, found = walk(
            self.state,
            deltas,
            self.settings,
            look_steps=self.look_steps,
            until_step=ALL_TIME if self.look_steps == ALL_TIME else None,
            floor=self.floor,
        )
        if found.status != "alarm" or found.onset_step is None or found.effect is None:
            return None
        began = found.onset_step * GRID_SECONDS
        onset = next(i for i, t in enumerate(self.times) if t >= began)
        return Alarm(onset=onset, effect=found.effect, segment=None if found.segment is None else int(found.segment))


def make(*, baseline: float | None, n_base: int, n_seg: int) -> HealthScan:
    """The shipped rulebook: looks and thresholds as the product has them."""
    return _shipped(n_base)


def make_young(*, baseline: float | None, n_base: int, n_seg: int) -> HealthScan:
    """The shipped rulebook, and the true mean as the target that a young version is held against."""
    return _shipped(n_base, floor=baseline)


def make_each(*, baseline: float | None, n_base: int, n_seg: int) -> HealthScan:
    """A look at every update, under the promise of the benchmark."""
    return _each(n_base)


def make_told(*, baseline: float | None, n_base: int, n_seg: int) -> HealthScan:
    """The same, told the true mean as a known target."""
    return _each(n_base, floor=baseline)


def _shipped(n_base: int, *, floor: float | None = None) -> HealthScan:
    rules = read_rulebook(None, "shipped").health
    return HealthScan(replace(rules.settings, n_base=n_base), look_steps=rules.look_steps, floor=floor)


def _each(n_base: int, *, floor: float | None = None) -> HealthScan:
    settings = ScanSettings(looks=PROMISED_LOOKS, look_scores=PER_LOOK, n_base=n_base)
    return HealthScan(settings, look_steps=ALL_TIME, floor=floor)
