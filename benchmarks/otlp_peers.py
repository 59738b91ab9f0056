"""OTLP/HTTP side by side: the same spans, the same way, to Promptkeeper and to a peer's endpoint, in one run.

    python -m benchmarks.otlp_peers                                   # Promptkeeper alone
    python -m benchmarks.otlp_peers --mlflow ENVIRONMENT/bin/mlflow   # beside MLflow's server on SQLite

ENVIRONMENT: a virtual environment with mlflow installed; its telemetry is switched off. Batches of 100 spans in
protobuf, a few requests in flight at a time, for some seconds each, in turns. Reported: spans acknowledged a second,
and p50 and p99 of a request. Promptkeeper acknowledges after a synchronous commit.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.service import NAME, PROGRAM, Connection, percentile

SPANS = 100
IN_FLIGHT = 4


def batch() -> bytes:
    """A request of spans that are calls of a prompt, each with ids of its own."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for _ in range(SPANS):
        span = spans.add(
            trace_id=os.urandom(16),
            span_id=os.urandom(8),
            name="chat m",
            kind=3,
            start_time_unix_nano=now,
            end_time_unix_nano=now + 120_000_000,
        )
        for key, value in (
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.prompt.name", NAME),
            ("gen_ai.request.model", "m"),
            ("gen_ai.input.messages", '[{"role":"user","parts":[{"type":"text","content":"where is my parcel"}]}]'),
            ("gen_ai.output.messages", '[{"role":"assistant","parts":[{"type":"text","content":"shipping"}]}]'),
        ):
            span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


async def offer(port: int, headers: str, seconds: float) -> dict[str, float]:
    """Send for so long; what was acknowledged and how long it took."""
    taken: list[float] = []

    async def one() -> None:
        connection, until = Connection(port), time.perf_counter() + seconds
        while time.perf_counter() < until:
            body = batch()
            begun = time.perf_counter()
            status, said = await connection.ask("POST", "/v1/traces", body, headers)
            assert status == 200, (status, said[:200])
            taken.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(one())
    return {
        "spans_per_second": round(SPANS * len(taken) / (time.perf_counter() - begun)),
        "p50_ms": percentile(taken, 0.5),
        "p99_ms": percentile(taken, 0.99),
    }


@contextmanager
def ours(root: Path) -> Iterator[int]:
    """Our server on a library with one prompt; its port."""
    for words in (["init"], ["prompts", "add", NAME, "p.md", "--label", "production"]):
        (root / "p.md").write_text("Name the queue: {{message}}\n")
        subprocess.run([*PROGRAM, *words], cwd=root, check=True, capture_output=True)
    command = [*PROGRAM, "serve", "--port", "0", "--no-schedule", "--json"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield int(json.loads(server.stdout.readline())["listening"].rsplit(":", 1)[1])
        server.terminate()


@contextmanager
def mlflow(program: str, root: Path) -> Iterator[int]:
    """MLflow's server on SQLite; its port, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        program,
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--backend-store-uri",
        f"sqlite:///{root}/m.db",
    ]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    log = (root / "mlflow.log").open("wb")
    with subprocess.Popen(command, cwd=root, env=quiet, stdout=log, stderr=log, start_new_session=True) as server:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        time.sleep(3)
        yield port
        os.killpg(server.pid, 15)


def main() -> None:
    """Run both, twice in turns, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlflow", help="its program")
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {"promptkeeper": [], "mlflow": []}
    content = "Content-Type: application/x-protobuf\r\n"
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as port:
            asyncio.run(offer(port, content, 2.0))
            found["promptkeeper"].append(asyncio.run(offer(port, content, chosen.seconds)))
        if chosen.mlflow:
            with tempfile.TemporaryDirectory() as folder, mlflow(chosen.mlflow, Path(folder)) as port:
                named = content + "x-mlflow-experiment-id: 0\r\n"
                asyncio.run(offer(port, named, 2.0))
                found["mlflow"].append(asyncio.run(offer(port, named, chosen.seconds)))
    print(json.dumps({name: runs for name, runs in found.items() if runs}, indent=2))


if __name__ == "__main__":
    main()
