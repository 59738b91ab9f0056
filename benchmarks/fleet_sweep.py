"""One sweep through the product over a whole fleet: reading, deciding and writing, after short and long histories.

    python -m benchmarks.fleet_sweep [--prompts 10000] [--url postgresql+psycopg://…]

Every prompt has a live version with two series, its judgements and whether its calls failed, and a history of 1,000 or
20,000 scores in three segments; one in a hundred has lost 0.2 since its last 200 scores. Then 20 calls with scores a
prompt arrive, are stored as ingest stores them, and one sweep is timed. Histories are built by the scan itself and
stored as states; the short ones are different for every prompt (so that false alarms can be counted), the long ones
repeat a few, because building 10,000 of them takes far longer than the sweep.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from agent.steps.monitor import sweep
from library.operations import ERROR, SYSTEM, SYSTEM_REVISION
from library.prompts import PRODUCTION, Content
from library.store.deltas import DeltaBatch, SeriesKey, join_writers
from library.store.stores import Library, open_library
from library.store.tables import labels, prompts, series, versions
from library.trends import GRID_SECONDS, Delta, TrendState
from policies.health.fleet import walk_many
from policies.rulebook import read_rulebook

START = datetime(2026, 6, 1, tzinfo=UTC).timestamp()
SEGMENTS = ("billing", "delivery", "account")
NEW, PER_STEP, LOST_SINCE, LOSS, EVERY = 20, 10, 200, 0.2, 100
DISTINCT = 48
CHUNK = 500
RULES = read_rulebook(None, "shipped").health
JUDGED = ("exact_match", "programmatic", "1")
CALLED = (ERROR, SYSTEM, SYSTEM_REVISION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one timed sweep took, and what it opened."""

    wall: float
    processor: float
    found: int
    wrong: int
    degraded: int


def is_degraded(number: int) -> bool:
    return number % EVERY == 0


def lived(number: int, length: int) -> int:
    """Scores of one prompt before the sweep: not all prompts were born in the same five minutes."""
    return length + PER_STEP * (number // EVERY % 16)


def history(number: int, nominal: int, *, perfect: bool = False) -> list[Delta]:
    """Scores of one prompt as sums on the grid, ten in every five minutes."""
    rng = np.random.default_rng([number, nominal])
    length = lived(number, nominal)
    base = 1.0 if perfect else rng.uniform(0.75, 0.97)
    means = np.full(length, base)
    if is_degraded(number) and not perfect:
        means[length - LOST_SINCE :] -= LOSS
    scores = (rng.random(length) < means).astype(float)
    where = rng.integers(0, len(SEGMENTS), length)
    steps = int(START // GRID_SECONDS) + np.arange(length) // PER_STEP
    found = []
    for step in np.unique(steps):
        for s, name in enumerate(SEGMENTS):
            mine = scores[(steps == step) & (where == s)] if length < 5_000 else _slice(scores, where, steps, step, s)
            if len(mine):
                low, high, total = float(mine.min()), float(mine.max()), float(mine.sum())
                found.append(
                    Delta(segment=name, step=int(step), n=len(mine), sum=total, sumsq=total, low=low, high=high)
                )
    return found


def _slice(scores: np.ndarray, where: np.ndarray, steps: np.ndarray, step: int, segment: int) -> np.ndarray:
    first, last = np.searchsorted(steps, [step, step + 1])
    return scores[first:last][where[first:last] == segment]


def states(count: int, length: int) -> Iterator[tuple[int, bytes, bytes, float]]:
    """For every prompt the states of its two series and the p-value of the first, as sweeps would have left them."""
    end = int(START // GRID_SECONDS) + length // PER_STEP
    calm = [history(n * EVERY, length, perfect=True) for n in range(16)]
    walked = walk_many([(TrendState(), one) for one in calm], RULES.settings, look_steps=RULES.look_steps)
    blank = [state.to_blob() for state, _ in walked]
    distinct = count if length < 5_000 else 2 * DISTINCT
    made: list[tuple[bytes, float]] = []
    for at in range(0, distinct, CHUNK):
        numbers = [_number(i, count, distinct) for i in range(at, min(at + CHUNK, distinct))]
        walked = walk_many(
            [(TrendState(), history(n, length)) for n in numbers],
            RULES.settings,
            look_steps=RULES.look_steps,
            until_step=end,
        )
        made += [(state.to_blob(), evidence.p_value) for state, evidence in walked]
    for number in range(count):
        blob, p = made[number if distinct == count else _like(number)]
        yield number, blob, blank[number // EVERY % 16], p


def _number(i: int, count: int, distinct: int) -> int:
    """The i-th history to build: all prompts, or first some degraded ones and then as many healthy ones."""
    if distinct == count:
        return i
    return i * EVERY if i < DISTINCT else (i - DISTINCT) * EVERY + 1


def _like(number: int) -> int:
    """Which of the few histories a prompt shares: one of its own age, degraded or not."""
    age = number // EVERY % 16
    nth = number // (16 * EVERY) if is_degraded(number) else number
    return age + 16 * (nth % (DISTINCT // 16)) + (0 if is_degraded(number) else DISTINCT)


def build(library: Library, count: int, length: int) -> None:
    """Prompts with a live version and the states of their history, written in bulk."""
    now = datetime.fromtimestamp(START, UTC)
    content = Content(text="Answer the question: {{question}}")
    names = [f"fleet/prompt-{n:05d}" for n in range(count)]
    with library.db.write() as connection:
        metrics = [{"name": JUDGED[0]}]
        connection.execute(
            prompts.insert(), [{"name": n, "description": "", "metrics": metrics, "created_at": now} for n in names]
        )
        said = {"content": content.to_json(), "content_hash": content.hash, "created_by": "benchmark", "note": ""}
        connection.execute(versions.insert(), [{"prompt": n, "number": 1, "created_at": now, **said} for n in names])
        connection.execute(labels.insert(), [{"prompt": n, "label": PRODUCTION, "version": 1} for n in names])
        rows = []
        for number, judged, called, p in states(count, length):
            for (metric, evaluator, revision), blob, p_value in ((JUDGED, judged, p), (CALLED, called, 1.0)):
                key = {"metric": metric, "evaluator": evaluator, "revision": revision}
                rows.append({"prompt": names[number], "version": 1, "state": blob, "p_value": p_value, **key})
        connection.execute(series.insert(), rows)


def arrive(library: Library, count: int, length: int) -> datetime:
    """Twenty new calls with scores a prompt, stored as deltas; the time when they are complete."""
    rng = np.random.default_rng(1)
    batch = DeltaBatch()
    for number in range(count):
        base = np.random.default_rng([number, length]).uniform(0.75, 0.97) - (LOSS if is_degraded(number) else 0.0)
        name = f"fleet/prompt-{number:05d}"
        for i in range(NEW):
            ts = datetime.fromtimestamp(START + (lived(number, length) + i) / PER_STEP * GRID_SECONDS, UTC)
            segment = SEGMENTS[int(rng.integers(0, len(SEGMENTS)))]
            batch.put(SeriesKey(name, 1, *JUDGED), ts=ts, segment=segment, value=float(rng.random() < base))
            batch.put(SeriesKey(name, 1, *CALLED), ts=ts, segment=segment, value=1.0)
    with library.db.write() as connection:
        join_writers(connection)
        batch.write(connection)
    return datetime.fromtimestamp(START + (length + NEW) / PER_STEP * GRID_SECONDS + 3_600, UTC)


def measure(url: str, count: int, length: int) -> Result:
    library = open_library(url)
    build(library, count, length)
    now = arrive(library, count, length)
    began, worked = time.perf_counter(), time.process_time()
    readings = sweep(library, RULES, now=now, until=now)
    wall, processor = time.perf_counter() - began, time.process_time() - worked
    opened = {r.incident.prompt for r in readings if r.incident is not None}
    wrong = sum(not is_degraded(int(name[-5:])) for name in opened)
    library.db.close()
    return Result(
        wall=wall,
        processor=processor,
        found=len(opened) - wrong,
        wrong=wrong,
        degraded=sum(is_degraded(n) for n in range(count)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="One sweep over a whole fleet.")
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--url", help="an empty database; default: a fresh SQLite file for each history")
    parser.add_argument("--history", type=int, nargs="*", default=[1_000, 20_000])
    options = parser.parse_args()
    took = {}
    for length in options.history:
        with tempfile.TemporaryDirectory() as folder:
            url = options.url or f"sqlite:///{Path(folder) / 'library.db'}"
            r = took[length] = measure(url, options.prompts, length)
        share = r.wrong / max(r.found + r.wrong, 1)
        print(
            f"{options.prompts:,} prompts, {length:,} scores of history, {NEW} new: {r.wall:.2f} s, "
            f"{r.processor:.2f} s of processor time; {r.found} of {r.degraded} degraded found, {r.wrong} false alarms "
            f"({share:.1%} of all)",
            flush=True,
        )
    if len(took) > 1:
        short, long = took[min(took)], took[max(took)]
        ratio, worked = long.wall / short.wall, long.processor / short.processor
        print(f"the long history costs {ratio:.2f} times the short one ({worked:.2f} of processor time)")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
