"""The server under load, on loopback: traces offered at a steady rate while prompts are fetched.

    python -m benchmarks.service                       # 60 s at 5,000 traces a second in batches of 100
    python -m benchmarks.service --seconds 600         # the same for ten minutes: is memory flat?
    python -m benchmarks.service --single              # one trace a request: what the group commit gives
    python -m benchmarks.service --kill                # kill -9 half-way: is everything acknowledged there, once?

Every trace carries a score. Offered means by the clock, not as fast as answers come: a server that falls behind shows
it in its latency and in what is left unacknowledged. Reported: acknowledged traces, p50 and p99 of their requests, p50
and p99 of a prompt fetch idle and under that load with their ratio, resident memory over time.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from library.store.stores import open_library

NAME = "support/triage"
JSON = "Content-Type: application/json\r\n"
TRIES, AGAIN_SECONDS = 10, 2.0  # as the server's Retry-After asks
PROGRAM = (sys.executable, "-P", "-m", "agent.entrypoints.cli.main")


class Connection:
    """One keep-alive connection: a request, an answer, nothing else."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = JSON) -> tuple[int, bytes]:
        """The status and body of one request. headers: whole lines, sent with a body.

        A connection that the server has closed while it was idle is opened anew, as every HTTP client does.
        """
        kept = self._reader is not None
        try:
            return await self._once(method, path, body, headers)
        except (ConnectionError, asyncio.IncompleteReadError):
            self._reader = None
            if not kept:
                raise
            return await self._once(method, path, body, headers)

    async def _once(self, method: str, path: str, body: bytes, headers: str) -> tuple[int, bytes]:
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(f"{head}{headers if body else ''}\r\n".encode() + body)
        said = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(said.split("content-length:", 1)[1].split("\r\n", 1)[0])
        return int(said.split(" ", 2)[1]), await self._reader.readexactly(length)


def batch(first: int, size: int, at: str) -> bytes:
    """A body of traces, each with a score."""
    rows = (
        f'{{"id":"t{i}","ts":"{at}","prompt":"{NAME}","inputs":{{"message":"where is my parcel {i}"}},'
        f'"output":"shipping","segment":"s{i % 8}","model":"m","latency_ms":120,'
        f'"tokens":{{"input":80,"output":3}},"scores":{{"exact_match":{i % 10 != 0:d}}}}}'
        for i in range(first, first + size)
    )
    return ("[" + ",".join(rows) + "]").encode()


def percentile(values: Sequence[float], share: float) -> float:
    """Of a list of latencies, in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def fetch(port: int, seconds: float, rate: float = 100.0) -> list[float]:
    """Latencies of prompt fetches, one after another at a steady pace."""
    connection, taken, until = Connection(port), [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = time.perf_counter()
        status, _ = await connection.ask("GET", f"/api/v1/prompts/{NAME}")
        assert status == 200, status
        taken.append(time.perf_counter() - begun)
        await asyncio.sleep(max(0.0, 1 / rate - taken[-1]))
    return taken


class Offered:
    """Traces offered by the clock, again after a refusal, as exporters do.

    acknowledged: first ids of the batches that were answered with 200; latencies: until then; refused: answers.
    """

    def __init__(self, port: int, rate: float, size: int) -> None:
        self._port, self._rate, self._size = port, rate, size
        self._idle: list[Connection] = []
        self.latencies: list[float] = []
        self.acknowledged: list[int] = []
        self.refused = 0

    async def run(self, seconds: float) -> None:
        """Offer for so long, then wait for the answers."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        begun, number = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            while (due := begun + number * self._size / self._rate) < begun + seconds:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._one(number * self._size, at))
                number += 1

    async def _one(self, first: int, at: str) -> None:
        begun, body = time.perf_counter(), batch(first, self._size, at)
        for _ in range(TRIES):
            connection = self._idle.pop() if self._idle else Connection(self._port)
            try:
                status, _ = await connection.ask("POST", "/api/v1/traces", body)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.refused += 1
                return
            self._idle.append(connection)
            if status == 200:
                self.latencies.append(time.perf_counter() - begun)
                self.acknowledged.append(first)
                return
            self.refused += 1
            await asyncio.sleep(AGAIN_SECONDS)


def resident(pid: int) -> float:
    """Megabytes of a process and its children."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "status").read_text()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
        if int(fields["Pid"]) == pid or int(fields["PPid"]) == pid:
            total += int(fields.get("VmRSS", "0 kB").split()[0])
    return total / 1024


async def watch(pid: int, seconds: float) -> list[float]:
    """Resident memory, twelve times over the load."""
    seen = []
    for _ in range(12):
        await asyncio.sleep(seconds / 12)
        seen.append(resident(pid))
    return seen


async def load(port: int, pid: int, *, seconds: float, rate: float, size: int) -> dict[str, object]:
    """Idle, then under load."""
    await fetch(port, 1.0)
    idle = await fetch(port, min(10.0, seconds))
    offered = Offered(port, rate, size)
    begun = time.perf_counter()
    _, busy, memory = await asyncio.gather(offered.run(seconds), fetch(port, seconds), watch(pid, seconds))
    took = time.perf_counter() - begun
    count = len(offered.acknowledged) * size
    return {
        "offered_per_second": rate,
        "acknowledged": count,
        "acknowledged_per_second": round(count / took),
        "refused_requests": offered.refused,
        "post_ms": {"p50": percentile(offered.latencies, 0.5), "p99": percentile(offered.latencies, 0.99)},
        "fetch_idle_ms": {"p50": percentile(idle, 0.5), "p99": percentile(idle, 0.99)},
        "fetch_busy_ms": {"p50": percentile(busy, 0.5), "p99": percentile(busy, 0.99)},
        "fetch_p99_ratio": percentile(busy, 0.99) / percentile(idle, 0.99),
        "memory_mb": [round(m) for m in memory],
    }


async def killed(port: int, server: "subprocess.Popen[bytes]", *, rate: float, size: int) -> list[int]:
    """Offer for six seconds, kill everything after three; the batches that were acknowledged."""
    offered = Offered(port, rate, size)
    running = asyncio.create_task(offered.run(6.0))
    await asyncio.sleep(3.0)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = dict(x.split(":", 1) for x in (folder / "status").read_text().splitlines() if ":" in x)
        except OSError:
            continue
        if int(fields["PPid"]) == server.pid:
            os.kill(int(fields["Pid"]), signal.SIGKILL)
    server.kill()
    await running
    return offered.acknowledged


def missing(root: Path, acknowledged: Sequence[int], size: int) -> int:
    """How many acknowledged traces the library does not hold. (Ids are keys: none can be there twice.)"""
    library = open_library(f"sqlite:///{root}/.promptkeeper/library.db")
    try:
        held = {trace.id for trace in library.traces.list(limit=None)}
    finally:
        library.db.close()
    return sum(f"t{i}" not in held for first in acknowledged for i in range(first, first + size))


def main() -> None:
    """Run one scenario and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=5000.0, help="traces a second")
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--kill", action="store_true")
    chosen = parser.parse_args()
    size = 1 if chosen.single else 100
    rate = 1000.0 if chosen.single and chosen.rate == 5000.0 else chosen.rate
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subprocess.run([*PROGRAM, "init"], cwd=root, check=True, capture_output=True)
        (root / "p.md").write_text("Name the queue: {{message}}\n")
        subprocess.run(
            [*PROGRAM, "prompts", "add", NAME, "p.md", "--label", "production"],
            cwd=root,
            check=True,
            capture_output=True,
        )
        command = [*PROGRAM, "serve", "--port", "0", "--no-schedule", "--json"]
        server = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)
        assert server.stdout is not None
        port = int(json.loads(server.stdout.readline())["listening"].rsplit(":", 1)[1])
        try:
            if chosen.kill:
                acknowledged = asyncio.run(killed(port, server, rate=rate, size=size))
                said: dict[str, object] = {
                    "acknowledged": len(acknowledged) * size,
                    "missing": missing(root, acknowledged, size),
                }
            else:
                said = asyncio.run(load(port, server.pid, seconds=chosen.seconds, rate=rate, size=size))
        finally:
            server.terminate()
            server.wait()
        print(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
