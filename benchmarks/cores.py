"""What the service spends of a processor: per trace over the API, per span over OTLP, per prompt that is fetched.

    python -m benchmarks.cores [--postgres postgresql+psycopg://…]

It counts processor time of the server, of its storing process and of PostgreSQL's processes for both, not the clock, so
it can be repeated on a machine that does other things too. Batches of 100, a few requests at a time. One core carries
1,000,000 divided by the sum of microseconds; the disk may give way before (see `benchmarks.ingest`).
"""

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from benchmarks.otlp_peers import PROTOBUF
from benchmarks.otlp_peers import batch as spans
from benchmarks.service import NAME, PROGRAM, Connection, batch
from benchmarks.storage import database
from library.store.engine import Database

SIZE, REQUESTS, FETCHES, IN_FLIGHT = 100, 100, 3000, 4
TICK = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """Processor time of one process so far; 0 when it is gone."""
    try:
        user, kernel = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(kernel)) / TICK


def children(pid: int) -> list[int]:
    """The processes that it has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if listed.exists():
        return [int(child) for child in listed.read_text().split()]
    return [int(f.name) for f in Path("/proc").glob("[0-9]*") if _parent(f) == pid]


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


class Meter:
    """Processor time by who spends it."""

    def __init__(self, server: int, url: str, mark: str) -> None:
        self._server, self._mark = server, mark
        self._db = Database(url) if url.startswith("postgresql") else None

    def read(self) -> dict[str, float]:
        """Seconds so far of the server, of its storing process, of the database's processes."""
        found = {"server": seconds(self._server), "storing": sum(map(seconds, children(self._server))), "database": 0.0}
        if self._db is not None:
            query = sa.text("SELECT pid FROM pg_stat_activity WHERE application_name = :mark")
            with self._db.read() as connection:
                found["database"] = sum(map(seconds, connection.execute(query, {"mark": self._mark}).scalars()))
        return found

    async def over(self, deed: Callable[[], Awaitable[int]]) -> dict[str, float]:
        """Microseconds for each of what a deed has done."""
        before = self.read()
        done = await deed()
        after = self.read()
        return {name: 1e6 * (after[name] - before[name]) / done for name in after}


async def send(port: int, path: str, headers: str, body: Callable[[int], bytes], requests: int) -> int:
    """Post so many batches, a few at a time; how many rows were acknowledged."""
    numbers = iter(range(requests))

    async def one() -> int:
        connection, sent = Connection(port), 0
        for number in numbers:
            status, said = await connection.ask("POST", path, body(number), headers)
            assert status == 200, (status, said[:200])
            sent += SIZE
        return sent

    return sum(await asyncio.gather(*(one() for _ in range(IN_FLIGHT))))


async def fetch(port: int) -> int:
    """Fetch the prompt over and over."""
    connection = Connection(port)
    for _ in range(FETCHES):
        status, _ = await connection.ask("GET", f"/api/v1/prompts/{NAME}")
        assert status == 200, status
    return FETCHES


async def measure(port: int, meter: Meter) -> dict[str, dict[str, float]]:
    """All three, warmed up."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    json_lines, first = "Content-Type: application/json\r\n", 10**6

    async def traces(requests: int, start: int) -> int:
        return await send(
            port, "/api/v1/traces", json_lines, lambda n: batch(start + n * SIZE, SIZE, at), requests=requests
        )

    async def otlp() -> int:
        return await send(port, "/v1/traces", PROTOBUF, lambda _: spans(), REQUESTS)

    await traces(10, 0)
    await fetch(port)
    return {
        "a trace with a score, JSON": await meter.over(lambda: traces(REQUESTS, first)),
        "a span, OTLP protobuf": await meter.over(otlp),
        "a prompt fetched": await meter.over(lambda: fetch(port)),
    }


@contextmanager
def served(root: Path, url: str) -> Iterator[tuple[int, int]]:
    """A server on a library with one prompt: its port and process id."""
    here = {**os.environ, "PROMPTKEEPER_LIBRARY__URL": url}
    (root / "p.md").write_text("Name the queue: {{message}}\n")
    for words in (["init"], ["prompts", "add", NAME, "p.md", "--label", "production"]):
        subprocess.run([*PROGRAM, *words], cwd=root, check=True, capture_output=True, env=here)
    command = [*PROGRAM, "serve", "--port", "0", "--no-schedule", "--json"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, env=here) as server:
        assert server.stdout is not None
        try:
            yield int(json.loads(server.stdout.readline())["listening"].rsplit(":", 1)[1]), server.pid
        finally:
            server.terminate()


def main() -> None:
    """Measure on one database or both, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", help="URL of a database in which a schema may be made")
    chosen = parser.parse_args()
    print("| µs of processor time | server | storing process | PostgreSQL | a core carries a second |")
    print("|---|---|---|---|---|")
    for name, where in (("SQLite", None), ("PostgreSQL", chosen.postgres)):
        if name == "PostgreSQL" and where is None:
            continue
        with ExitStack() as up:
            root = Path(up.enter_context(tempfile.TemporaryDirectory()))
            mark = f"cores-{uuid.uuid4().hex[:8]}"
            url = up.enter_context(database(where, root))
            if where is not None:
                marked = make_url(url).update_query_dict({"application_name": mark})
                url = marked.render_as_string(hide_password=False)
            port, pid = up.enter_context(served(root, url))
            plain = where if where is not None else url
            for deed, spent in asyncio.run(measure(port, Meter(pid, plain, mark))).items():
                figures = " | ".join(f"{spent[who]:,.0f}" for who in ("server", "storing", "database"))
                print(f"| {deed}, {name} | {figures} | {1e6 / sum(spent.values()):,.0f} |", flush=True)


if __name__ == "__main__":
    main()
