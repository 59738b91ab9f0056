"""A writer is killed with SIGKILL in the middle of its work: what it has acknowledged is there, once, and adds up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from library.store.stores import open_library
from tests.recorded import score, sums_of_scores, sums_of_trends, trace

REPOSITORY = Path(__file__).parents[2]
BATCH = 25

WRITER = """
import sys
from library.store.stores import open_library
from tests.faults.test_ingest_kill import add_batch
library = open_library(sys.argv[1])
for number in range(int(sys.argv[2]), 100_000):
    add_batch(library, number)
    print(number, flush=True)
"""


def add_batch(library, number):
    """New traces with scores, and a correction of every score of the batch before."""
    given = [trace(f"t-{number}-{i}", minutes=number, segment="ab"[i % 2]) for i in range(BATCH)]
    corrected = [score(f"t-{number - 1}-{i}", 1.0) for i in range(BATCH)] if number else []
    library.traces.add(given, [*(score(t.id, 0.5) for t in given), *corrected])


def write_and_kill(url, start, *, lines):
    """Let a writer acknowledge some batches, then kill it at once; the number of the last one acknowledged."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(start)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    acknowledged = [int(writer.stdout.readline()) for _ in range(lines)]
    # It goes on writing; the kill falls somewhere in the batches after that, as a real one would.
    time.sleep(0.01 * lines / 3)
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split()]
    assert writer.wait() == -signal.SIGKILL
    return acknowledged[-1]


@pytest.mark.parametrize("lines", [3, 8])
def test_acknowledged_batches_survive_kill_9_and_are_counted_once(tmp_path, lines):
    url = f"sqlite:///{tmp_path}/library.db"
    library = open_library(url)

    last = write_and_kill(url, 0, lines=lines)
    check(library, last)

    # The client does not know whether the batch after the last acknowledged one was stored: it sends it again.
    last = write_and_kill(url, last + 1, lines=lines)
    check(library, last)
    library.db.close()


def check(library, last):
    stored = {t.id for t in library.traces.list(limit=None)}
    expected = {f"t-{number}-{i}" for number in range(last + 1) for i in range(BATCH)}
    assert expected <= stored
    # Nothing but whole batches: at most the one that was not acknowledged any more.
    assert stored - expected in (set(), {f"t-{last + 1}-{i}" for i in range(BATCH)})
    newest = max(int(id.split("-")[1]) for id in stored)
    for id in stored:
        (judged,) = library.traces.scores(id)
        assert judged.value == (0.5 if id.startswith(f"t-{newest}-") else 1.0)
    assert sums_of_trends(library) == sums_of_scores(library)
