"""How many traces, each with a score, one process stores per second: batches of 100, every batch committed and synced.

    python -m benchmarks.ingest [--traces 20000] [--batch 100] [--url sqlite:////some/library.db | --postgres URL]

Without --url it writes a fresh SQLite library into a temporary folder, as `promptkeeper init` would set it up; with
--postgres a fresh schema in that database, dropped at the end. The time includes building the rows, the transaction and
its sync to disk; it does not include making the traces.
"""

import argparse
import random
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.scaling import schema
from library.scores import Score
from library.store.stores import open_library
from library.traces import Trace

START = datetime(2026, 6, 1, tzinfo=UTC)
SEGMENTS = ("billing", "cards", "transfers", "identity", None)
SENTENCE = "my card was declined at the shop and I do not know why the transfer has not arrived yet please help"
WORDS = SENTENCE.split()


def make(count: int, seed: int) -> list[tuple[Trace, Score]]:
    """Calls of ten prompts over a month, with texts of 60 to 400 characters."""
    random_ = random.Random(seed)
    made = []
    for i in range(count):
        ts = START + timedelta(seconds=i * 30 * 86_400 / count)
        trace = Trace(
            id=f"t-{seed}-{i:08d}",
            ts=ts,
            prompt=f"support/triage-{i % 10}",
            version=1,
            label="production",
            inputs={"message": " ".join(random_.choices(WORDS, k=random_.randint(12, 80)))},
            output=random_.choice(WORDS),
            expected=random_.choice(WORDS),
            expected_source="import",
            segment=random_.choice(SEGMENTS),
            model="embedded/student",
            response_model="embedded/student",
            latency_ms=random_.uniform(50, 900),
            tokens_in=120,
            tokens_out=4,
            cost=0.0001,
            session=f"s-{i // 3}",
            finish_reason="stop",
        )
        value = float(random_.random() < 0.9)
        score = Score(
            trace_id=trace.id,
            name="exact_match",
            value=value,
            source="programmatic",
            evaluator="exact_match",
            revision="1",
            ts=ts,
        )
        made.append((trace, score))
    return made


def measure(url: str, *, count: int, batch: int, seed: int) -> tuple[float, float]:
    """Traces per second, and processor time per trace in microseconds."""
    library = open_library(url)
    made = make(count, seed)
    began, worked = time.perf_counter(), time.process_time()
    for at in range(0, count, batch):
        some = made[at : at + batch]
        library.traces.add([trace for trace, _ in some], [score for _, score in some])
    took, worked = time.perf_counter() - began, time.process_time() - worked
    library.db.close()
    return count / took, 1e6 * worked / count


def main() -> None:
    parser = argparse.ArgumentParser(description="How many traces with scores one process stores per second.")
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--url", help="default: a fresh SQLite file")
    parser.add_argument("--postgres", help="a PostgreSQL database in which a schema may be made")
    options = parser.parse_args()
    for repeat in range(options.repeats):
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url = options.url or f"sqlite:///{Path(folder) / 'library.db'}"
            url = stack.enter_context(schema(options.postgres)) if options.postgres else url
            # A seed of its own for each repeat: traces that were seen before would be skipped.
            rate, cpu = measure(url, count=options.traces, batch=options.batch, seed=time.time_ns() + repeat)
        said = f"{options.traces} in batches of {options.batch}, {cpu:.0f} µs of processor time each"
        print(f"{rate:,.0f} traces with scores per second ({said})")


if __name__ == "__main__":
    main()
