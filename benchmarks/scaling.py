"""Cycles a minute with one, two and four workers on PostgreSQL, each with one cycle at a time.

    python -m benchmarks.scaling --sim FOLDER --postgres URL [--workers 1,2,4] [--cycles 12] [--latency-ms 200]

FOLDER holds the model simulator (see `benchmarks.optimizer`); in the database of URL schemas are made and dropped.
For every number of workers: a fresh schema with as many copies of one prompt as there are cycles, a simulator whose
answers take so long, and workers as a person starts them. Each worker first runs a cycle that does not count, as it
imports its libraries then; after that all cycles are put into the queue at once, and the clock runs until the last one
has ended. Reported: cycles a minute and their ratio to one worker; the same of calls, because cycles differ with their
seeds; processor time of the workers as a share of one core, and the machine's load: workers that wait for processors
cannot show what they would do with their own.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import yaml
from sqlalchemy.engine import make_url

from agent.bootstrap import utc_now
from agent.cycle import Wish
from agent.queue import open_queue
from benchmarks.optimizer.command import KEY
from benchmarks.optimizer.project import PACKS, SETTINGS, add_prompt
from benchmarks.optimizer.simulator import Simulator, World, folder_of, running
from library.store.engine import Database
from library.store.stores import Library, open_library

PROGRAM = (sys.executable, "-P", "-m", "agent.entrypoints.cli.main")
WORLD = World(family="triage", seed=11)
RULES = {"search": {"max_rounds": 1, "patience": 1}}
WITHIN = 3600.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """workers: their number; rate: cycles a minute; cpu: processor seconds a second, of all workers together; calls: of
    models in each cycle; load: of the machine."""

    workers: int
    rate: float
    cpu: float
    calls: float
    load: float


@contextmanager
def schema(server: str) -> Iterator[str]:
    """The URL of a schema of one's own."""
    name, db = f"scaling_{uuid.uuid4().hex[:12]}", Database(server)
    with db.write() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    yield url.render_as_string(hide_password=False)
    with db.write() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    db.close()


@contextmanager
def chroma(folder: Path) -> Iterator[str]:
    """The address of a Chroma server, which workers share as they would on several machines."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["run", "--path", str(folder / "chroma"), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "chroma.log").open("wb") as log:
        server = subprocess.Popen([Path(sys.executable).parent / "chroma", *words], stdout=log, stderr=log)
    try:
        while server.poll() is None:
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def project(
    folder: Path, url: str, memory: str, simulator: Simulator, prompts: Sequence[str], parallel: int
) -> Library:
    """A folder with settings and rules, and a library with these prompts."""
    api = simulator.api("scaling", WORLD)
    said = SETTINGS.format(api=api, key=KEY, parallel=parallel, timeout=60, memory="memory")
    said = said.replace('path = "memory"', f'url = "{memory}"')
    (folder / "promptkeeper.toml").write_text(f'[library]\nurl = "{url}"\n{said}', encoding="utf-8")
    (folder / "policies").mkdir()
    (folder / "policies" / "base.yaml").write_text(yaml.safe_dump({"version": 1, "extends": PACKS}), encoding="utf-8")
    (folder / "policies" / "rulebook.yaml").write_text(yaml.safe_dump(RULES), encoding="utf-8")
    library, task = open_library(url), simulator.task(WORLD)
    for name in prompts:
        add_prompt(library, task, name)
    return library


@contextmanager
def working(folder: Path, number: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """So many workers, ready; told to stop at the end."""
    log = (folder / "workers.log").open("a")
    started = [
        subprocess.Popen(
            [*PROGRAM, "worker", "--name", f"w{at}", "--json"],
            cwd=folder,
            env={**os.environ, KEY: "any"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        for at in range(number)
    ]
    try:
        for one in started:
            assert one.stdout is not None
            if not one.stdout.readline():
                sys.exit(f"a worker did not start; see {log.name}")
        yield started
    finally:
        for one in started:
            one.send_signal(signal.SIGTERM)
        for one in started:
            one.wait()
        log.close()


def run_all(library: Library, prompts: Sequence[str]) -> float:
    """Ask for a cycle of each and wait for all; seconds."""
    queue, begun = open_queue(library, utc_now), time.perf_counter()
    for name in prompts:
        queue(Wish(prompt=name, trigger="force"))
    wanted = set(prompts)
    while time.perf_counter() < begun + WITHIN:
        ended = {run.prompt for run in library.runs.list(limit=1000) if run.state != "running"}
        if wanted <= ended:
            queue.close()
            return time.perf_counter() - begun
        time.sleep(0.1)
    sys.exit("the cycles did not end; see workers.log")


def cpu_of(processes: Sequence["subprocess.Popen[str]"]) -> float:
    """Processor seconds that they have used so far."""
    ticks = 0
    for one in processes:
        fields = Path(f"/proc/{one.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(server: str, simulator: Simulator, workers: int, cycles: int, parallel: int) -> Measured:
    """One number of workers."""
    first, counted = [f"warm/{n}" for n in range(workers)], [f"sim/{n}" for n in range(cycles)]
    with tempfile.TemporaryDirectory() as name, schema(server) as url, chroma(Path(name)) as memory:
        folder = Path(name)
        library = project(folder, url, memory, simulator, [*first, *counted], parallel)
        with working(folder, workers) as processes:
            run_all(library, first)
            before = cpu_of(processes)
            took = run_all(library, counted)
            used = cpu_of(processes) - before
        runs = [run for run in library.runs.list(limit=1000) if run.prompt in set(counted)]
        broken = [run for run in runs if run.state == "failed" or run.stop_reason in {"models_down", "budget_spent"}]
        if broken:
            sys.exit(f"{len(broken)} cycles did not work, such as: {broken[0].stop_detail}")
        calls = sum(library.calls.spend(f"run:{run.id}").calls for run in runs) / len(runs)
        library.db.close()
    return Measured(workers=workers, rate=60 * cycles / took, cpu=used / took, calls=calls, load=os.getloadavg()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description="Cycles a minute with several workers.")
    parser.add_argument("--sim", type=Path, help="the simulator's folder")
    parser.add_argument("--postgres", default=os.environ.get("PROMPTKEEPER_TEST_POSTGRES"), help="a database's URL")
    parser.add_argument("--workers", default="1,2,4", help="how many, in turn")
    parser.add_argument("--cycles", type=int, default=12, help="for each number of workers")
    parser.add_argument("--latency-ms", type=int, default=200, help="of every answer of a model")
    parser.add_argument("--parallel", type=int, default=4, help="calls of the student that a cycle sends at once")
    options = parser.parse_args()
    if not options.postgres:
        sys.exit("no database: name one with --postgres")
    slow = ["--student-ms", str(options.latency_ms), "--teacher-ms", str(options.latency_ms)]
    with tempfile.TemporaryDirectory() as out, running(folder_of(options.sim), [WORLD], Path(out), options=slow) as sim:
        one = calls = 0.0
        for number in map(int, options.workers.split(",")):
            got = measure(options.postgres, sim, number, options.cycles, options.parallel)
            one, calls = one or got.rate / number, calls or got.rate * got.calls / number
            print(
                f"{number} workers: {got.rate:.2f} cycles a minute, x {got.rate / one:.2f}; {got.calls:.0f} calls each,"
                f" calls a minute x {got.rate * got.calls / calls:.2f}; workers use {100 * got.cpu:.0f} % of one core"
                f" ({os.cpu_count()} cores, load {got.load:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
