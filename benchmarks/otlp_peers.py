"""OTLP/HTTP side by side: the same spans, the same way, to Promptkeeper and to a peer's endpoint, in one run.

    python -m benchmarks.otlp_peers                                   # Promptkeeper alone
    python -m benchmarks.otlp_peers --mlflow ENVIRONMENT/bin/mlflow   # beside MLflow's server on SQLite

ENVIRONMENT: a virtual environment with mlflow installed; its telemetry is switched off. Batches of 100 spans in
protobuf, a few requests in flight at a time, for some seconds each. Both servers are started once and stay up, idle
while the other one is at work; they take turns. MLflow runs as it is shipped, with four workers, which need up to a
minute until they answer on a small machine. Reported: spans acknowledged a second, p50 and p99 of a request that was
acknowledged, and requests that were refused with 429 or 503 (MLflow's SQLite may be locked by another of its workers).
Promptkeeper acknowledges after a synchronous commit.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.service import NAME, PROGRAM, Connection, percentile

SPANS = 100
IN_FLIGHT = 4
TURNS = 3
WARM_SECONDS = 5.0
START_SECONDS = 240.0
ANSWER_SECONDS = 60.0
BUSY, AGAIN_SECONDS = {429, 503}, 1.0  # what exporters send again later
PROTOBUF = "Content-Type: application/x-protobuf\r\n"
EXPERIMENT = "x-mlflow-experiment-id: 0\r\n"


def say(text: str) -> None:
    """Progress, beside the figures."""
    print(text, file=sys.stderr, flush=True)


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


async def offer(port: int, headers: str, seconds: float) -> dict[str, float | None]:
    """Send for so long; what was acknowledged, how long it took, how often the server was too busy.

    A server that goes silent, or says anything else, ends the run.
    """
    taken: list[float] = []
    refused: list[int] = []

    async def one() -> None:
        connection, until = Connection(port), time.perf_counter() + seconds
        while time.perf_counter() < until:
            body = batch()
            begun = time.perf_counter()
            async with asyncio.timeout(ANSWER_SECONDS):
                status, said = await connection.ask("POST", "/v1/traces", body, headers)
            if status in BUSY:
                refused.append(status)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            assert status == 200, (status, said[:200])
            taken.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(one())
    return {
        "spans_per_second": round(SPANS * len(taken) / (time.perf_counter() - begun)),
        "p50_ms": round(percentile(taken, 0.5), 1) if taken else None,
        "p99_ms": round(percentile(taken, 0.99), 1) if taken else None,
        "requests": len(taken),
        "refused": len(refused),
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
        try:
            yield int(json.loads(server.stdout.readline())["listening"].rsplit(":", 1)[1])
        finally:
            server.terminate()


@contextmanager
def mlflow(program: str, root: Path) -> Iterator[int]:
    """MLflow's server on SQLite; its port, once it answers. Its parent listens long before a worker does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = ["--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", f"sqlite:///{root}/m.db"]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    with (
        (root / "mlflow.log").open("wb") as log,
        subprocess.Popen(
            [program, "server", *place], cwd=root, env=quiet, stdout=log, stderr=log, start_new_session=True
        ) as server,
    ):
        try:
            asyncio.run(_answers(port))
            yield port
        finally:
            _end(server)


async def _answers(port: int) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            with suppress(OSError, EOFError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(5):
                    if (await Connection(port).ask("GET", "/health"))[0] == 200:
                        return
            await asyncio.sleep(0.5)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End it with its workers; those of them that do not listen are killed."""
    for told in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, told)
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=10)


def main() -> None:
    """Run both in turns and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mlflow", help="its program")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--turns", type=int, default=TURNS)
    chosen = parser.parse_args()
    with ExitStack() as up:
        folders = [Path(up.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        say("starting Promptkeeper")
        ports = {"promptkeeper": (up.enter_context(ours(folders[0])), PROTOBUF)}
        if chosen.mlflow:
            say("starting MLflow")
            ports["mlflow"] = (up.enter_context(mlflow(chosen.mlflow, folders[1])), PROTOBUF + EXPERIMENT)
        found: dict[str, list[dict[str, float | None]]] = {name: [] for name in ports}
        for turn in range(chosen.turns):
            for name, (port, headers) in ports.items():
                asyncio.run(offer(port, headers, WARM_SECONDS))
                found[name].append(asyncio.run(offer(port, headers, chosen.seconds)))
                say(f"turn {turn + 1}, {name}: {found[name][-1]}")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
