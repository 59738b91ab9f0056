"""The state of a trend: what is kept of a series of scores, and how it is written as bytes.

The names are public through `library.trends`, which also says how a state grows.
"""

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from library.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """A change of the sums of one segment in one grid step.

    step: floor(trace time in epoch seconds / GRID_SECONDS); n: number of scores, negative when scores are taken out
    (then sum and sumsq are negative too); low, high: smallest and largest of these scores.
    """

    segment: str
    step: int
    n: int
    sum: float
    sumsq: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSums:
    """Sums of one segment, one entry per bucket of the state.

    low, high: extremes ever seen (taking a score out does not narrow them); sup: largest evidence of any look.
    """

    n: "array[float]"
    total: "array[float]"
    squares: "array[float]"
    low: float = 1.0
    high: float = 0.0
    sup: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """The first alarm of a series: which look raised it and what it said about the onset.

    detected_step: last step with data at that look; onset_step, onset_low, onset_high: estimated first degraded step
    and its interval; segment: the segment blamed, None for everywhere; floor: measured against a known target.
    """

    detected_step: int
    onset_step: int
    onset_low: int
    onset_high: int
    evidence: float
    segment: str | None = None
    floor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What successive looks at a series have left behind.

    count: looks that saw new data; until: no step below this one opens another group of steps; sup, sup_floor: largest
    evidence so far, everywhere and against a known target; spread, spread_n, spread_top: sum, number and largest of the
    squared standardised differences between the means of successive groups; seen_n, seen_sum: totals at the last
    complete group; last_n, last_mean: scores and mean that it brought; looked_n, looked_until: number of scores, and
    value of until, at the last look.
    """

    count: int = 0
    until: int | None = None
    sup: float = 0.0
    sup_floor: float = 0.0
    spread: float = 0.0
    spread_n: int = 0
    spread_top: float = 0.0
    seen_n: float = 0.0
    seen_sum: float = 0.0
    last_n: float = 0.0
    last_mean: float = 0.0
    looked_n: float = 0.0
    looked_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendState:
    """All that is kept of one series: buckets on common edges, sums per segment, and what looks have found.

    starts: first step of each bucket, ascending; bucket i covers starts[i] <= step < starts[i + 1].
    count, total: number and sum of all scores. steps: number of grid steps that brought data. last_step: the newest.
    """

    starts: "array[int]" = field(default_factory=lambda: array("q"))
    segments: Mapping[str, SegmentSums] = field(default_factory=dict)
    count: float = 0.0
    total: float = 0.0
    steps: int = 0
    last_step: int | None = None
    looks: Looks = field(default_factory=Looks)
    latch: Latch | None = None

    def to_blob(self) -> bytes:
        """The state as compact bytes: a JSON head, then the columns as little-endian numbers, compressed."""
        looks, latch = self.looks, self.latch
        head = {
            "sums": [self.count, self.total],
            "steps": self.steps,
            "last": self.last_step,
            "buckets": len(self.starts),
            "segments": [[name, s.low, s.high, s.sup] for name, s in self.segments.items()],
            "looks": [getattr(looks, name) for name in _LOOK_FIELDS],
            "latch": None if latch is None else [getattr(latch, name) for name in _LATCH_FIELDS],
        }
        columns: list[array[int] | array[float]] = [self.starts]
        for s in self.segments.values():
            columns += [s.n, s.total, s.squares]
        text = json.dumps(head, separators=(",", ":")).encode()
        body = b"".join(_bytes(c) for c in columns)
        return _FORMAT + zlib.compress(struct.pack("<I", len(text)) + text + body, 1)

    @staticmethod
    def from_blob(blob: bytes) -> "TrendState":
        """Read what `to_blob` wrote; InputError when the bytes are something else."""
        try:
            if blob[:1] != _FORMAT:
                raise ValueError(f"format {blob[:1]!r}")
            return _parse(zlib.decompress(blob[1:]))
        except (ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
            raise InputError(
                f"this trend state cannot be read ({error})", "trend", "Rebuild the series from its stored scores."
            ) from error


_FORMAT = b"\x01"
_LOOK_FIELDS = tuple(Looks.__dataclass_fields__)
_LATCH_FIELDS = tuple(Latch.__dataclass_fields__)


def _bytes(column: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "little":
        return column.tobytes()
    swapped = column[:]
    swapped.byteswap()
    return swapped.tobytes()


def _parse(data: bytes) -> TrendState:
    (size,) = struct.unpack_from("<I", data)
    head = json.loads(data[4 : 4 + size])
    length = 8 * head["buckets"]
    columns = [data[at : at + length] for at in range(4 + size, len(data), length)] if length else []
    if len(columns) != (1 + 3 * len(head["segments"]) if length else 0):
        raise ValueError("wrong length")
    starts: array[int] = array("q", columns[0] if columns else b"")
    if sys.byteorder == "big":
        starts.byteswap()
    return TrendState(
        starts=starts,
        segments={
            name: SegmentSums(
                n=_floats(columns[3 * i + 1]),
                total=_floats(columns[3 * i + 2]),
                squares=_floats(columns[3 * i + 3]),
                low=low,
                high=high,
                sup=sup,
            )
            for i, (name, low, high, sup) in enumerate(head["segments"])
        },
        count=head["sums"][0],
        total=head["sums"][1],
        steps=head["steps"],
        last_step=head["last"],
        looks=Looks(**dict(zip(_LOOK_FIELDS, head["looks"], strict=True))),
        latch=None if head["latch"] is None else Latch(**dict(zip(_LATCH_FIELDS, head["latch"], strict=True))),
    )


def _floats(data: bytes) -> "array[float]":
    column: array[float] = array("d", data)
    if sys.byteorder == "big":
        column.byteswap()
    return column
