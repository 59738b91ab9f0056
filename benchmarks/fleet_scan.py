"""CPU seconds of one sweep over 10,000 series with 20 new scores each, after a short and after a long history.

    python -m benchmarks.fleet_scan [series]

Prints one table row per history: reading the state blobs, folding and looking (`walk_many`), writing the blobs back;
a scan of all series on its own; bytes per state. Distinct series are few and repeated: the work does not depend on
which scores they hold, and making 10,000 long histories would take much longer than the sweep.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from library.trends import Delta, TrendState, delta_of
from policies.health.evidence import ScanSettings
from policies.health.fleet import scan_many, walk_many

SECONDS_BETWEEN_SCORES = 30.0
NEW_SCORES = 20
LOOK_STEPS = 3
DISTINCT = 25
# A sweep commits this many series at a time.
CHUNK = 500
Law = Callable[[np.random.Generator, int], "np.ndarray[tuple[int], np.dtype[np.float64]]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    blob: bytes
    new: list[Delta]


def binary(rng: np.random.Generator, n: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return (rng.random(n) < 0.9).astype(np.float64)


def smooth(rng: np.random.Generator, n: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return rng.beta(16, 4, n)


def summed(deltas: list[Delta]) -> list[Delta]:
    """Scores of one step and segment arrive as one row, as the store keeps them."""
    rows: dict[tuple[int, str], list[Delta]] = {}
    for delta in deltas:
        rows.setdefault((delta.step, delta.segment), []).append(delta)
    return [
        Delta(
            segment=segment,
            step=step,
            n=sum(d.n for d in row),
            sum=sum(d.sum for d in row),
            sumsq=sum(d.sumsq for d in row),
            low=min(d.low for d in row),
            high=max(d.high for d in row),
        )
        for (step, segment), row in rows.items()
    ]


def make(seed: int, history: int, segments: int, law: Law) -> Series:
    rng = np.random.default_rng([seed, history, segments])
    n = history + NEW_SCORES
    clock = 1.7e9 + np.cumsum(rng.exponential(SECONDS_BETWEEN_SCORES, n))
    deltas = [
        delta_of(float(x), epoch_seconds=float(t), segment=f"segment {s}")
        for x, t, s in zip(law(rng, n), clock, rng.integers(0, segments, n), strict=True)
    ]
    ((state, _),) = walk_many([(TrendState(), summed(deltas[:history]))], ScanSettings(), look_steps=LOOK_STEPS)
    return Series(blob=state.to_blob(), new=summed(deltas[history:]))


def sweep(series: list[Series]) -> tuple[float, float, float]:
    """CPU seconds of reading, walking and writing, in chunks as a sweep commits them."""
    read = walk = write = 0.0
    for at in range(0, len(series), CHUNK):
        chunk = series[at : at + CHUNK]
        t0 = time.process_time()
        states = [TrendState.from_blob(s.blob) for s in chunk]
        t1 = time.process_time()
        done = walk_many(list(zip(states, (s.new for s in chunk), strict=True)), ScanSettings(), look_steps=LOOK_STEPS)
        t2 = time.process_time()
        for state, _ in done:
            state.to_blob()
        t3 = time.process_time()
        read, walk, write = read + t1 - t0, walk + t2 - t1, write + t3 - t2
    return read, walk, write


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"{count} series, {NEW_SCORES} new scores each, CPU seconds on one core\n")
    print("| scores | segments | history | read | fold and look | write | together | scan alone | bytes per state |")
    print("|---|---|---|---|---|---|---|---|---|")
    for law, name, segments in ((binary, "binary", 1), (smooth, "smooth", 1), (binary, "binary", 5)):
        together = []
        for history in (1_000, 20_000):
            distinct = [make(seed, history, segments, law) for seed in range(DISTINCT)]
            series = [distinct[i % DISTINCT] for i in range(count)]
            read, walk, write = sweep(series)
            states = [TrendState.from_blob(s.blob) for s in series[:CHUNK]]
            t0 = time.process_time()
            for _ in range(0, count, CHUNK):
                scan_many(states, ScanSettings())
            alone = time.process_time() - t0
            together.append(read + walk + write)
            size = sum(len(s.blob) for s in distinct) / DISTINCT
            print(
                f"| {name} | {segments} | {history:,} | {read:.2f} | {walk:.2f} | {write:.2f} | {together[-1]:.2f} "
                f"| {alone:.2f} | {size:,.0f} |",
                flush=True,
            )
        print(f"\n{name}, {segments}: 20,000 scores of history cost {together[1] / together[0]:.2f} times 1,000\n")


if __name__ == "__main__":
    main()
