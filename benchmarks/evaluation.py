"""What the evaluation engine costs on top of the model library: wall and processor time, as ratios within one run.

Three ways to ask a local server the same 400 questions at 64 in flight, its answers taking 200 ms on average: a bare
litellm loop, the same loop through litellm's Router, and the whole engine (ledger on SQLite with synchronous commits,
budget, retries, scoring). Run from the repository:

    python -m benchmarks.evaluation [--calls N] [--rounds N] [--api-base URL --model NAME]

Without an address (or PROMPTKEEPER_BENCHMARK_API_BASE) a server of its own runs in another process. The order of the
ways rotates; each round is a line of ratios, so that other work on the machine shows as spread.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from library.calls import Caps
from library.datasets import Item
from library.prompts import Content
from library.store.stores import Library, open_library
from tools.evaluation import evaluate, excluded, mean
from tools.ledger import Ledger
from tools.litellm_gate import open_gate
from tools.metrics.opening import open_metric
from tools.models import ModelSettings, open_model

MODEL = "openai/gpt-4.1-mini"
IN_FLIGHT = 64
MEAN_DELAY_S = 0.2
BARE, ROUTER, ENGINE = "bare litellm", "litellm Router", "promptkeeper"
Took = tuple[float, float]
TEXT = "Answer with the number of the case, and nothing else.\nCase: {{number}}"


def serve(ready: Connection) -> None:
    """An OpenAI-compatible server that answers with the last word of the question after 100 to 300 ms."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            size = int(
                next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split()[1]
            )
            asked = json.loads(await reader.readexactly(size))
            word = asked["messages"][-1]["content"].split()[-1]
            await asyncio.sleep(MEAN_DELAY_S * (0.5 + random.Random(word).random()))
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": word}}
            usage = {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21}
            body = {"id": "1", "object": "chat.completion", "created": 1, "model": asked["model"]}
            said = json.dumps({**body, "choices": [choice], "usage": usage}).encode()
            lines = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(said)}\r\n\r\n"
            writer.write(lines.encode() + said)

    async def main() -> None:
        server = await asyncio.start_server(one, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked, and whom. echoes: the server answers with the number in the question, so answers are checked."""

    base: str
    model: str
    calls: int
    echoes: bool


async def bare_loop(load: Load, ask: Callable[..., Awaitable[Any]], **access: str) -> None:
    """The shortest loop that anyone would write: a semaphore and a gather."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> str:
        async with slots:
            text = TEXT.replace("{{number}}", str(number))
            messages = [{"role": "user", "content": text}]
            response = await ask(model=load.model, messages=messages, timeout=60, **access)
            return str(response.choices[0].message.content)

    said = await asyncio.gather(*(one(n) for n in range(load.calls)))
    if load.echoes and said != [str(n) for n in range(load.calls)]:
        raise SystemExit("the bare loop got wrong answers")


async def engine(load: Load, library: Library, scope: str) -> None:
    """The same questions through the product's own engine, scored and recorded."""
    ledger = Ledger(library.calls)
    settings = ModelSettings(
        role="student",
        model=load.model,
        api_base=load.base,
        max_parallel=IN_FLIGHT,
        input_usd_per_million=1.0,
        output_usd_per_million=1.0,
    )
    outcomes = await evaluate(
        Content(text=TEXT),
        [_item(number) for number in range(load.calls)],
        model=open_model(settings, ledger=ledger),
        metrics=(open_metric({"name": "exact_match"}),),
        scope=scope,
        caps=Caps(usd_per_scope=100.0, calls_per_scope=load.calls),
        max_parallel=IN_FLIGHT,
    )
    await ledger.close()
    if excluded(outcomes) or (load.echoes and mean(outcomes) != 1.0):
        raise SystemExit("the engine got wrong answers")


def _item(number: int) -> Item:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    said = {"inputs": {"number": str(number)}, "expected": str(number)}
    return Item(id=f"i-{number}", prompt="p", dataset="d", role="select", created_at=now, **said)


async def measure(load: Load, rounds: int, library: Library) -> list[dict[str, Took]]:
    """(wall, processor) seconds of every way, round by round."""
    open_gate()
    from litellm import acompletion
    from litellm.router import Router

    access = {"api_base": load.base, "api_key": "no-key"}
    router = Router(
        model_list=[{"model_name": load.model, "litellm_params": {"model": load.model, **access}}], num_retries=0
    )
    scopes = itertools.count()
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        BARE: lambda: bare_loop(load, acompletion, **access),
        ROUTER: lambda: bare_loop(load, router.acompletion),
        ENGINE: lambda: engine(load, library, f"evaluate:{next(scopes)}"),
    }
    # Connections, imports and first-use caches are nobody's cost.
    for way in ways.values():
        await way()
    names, took = list(ways), []
    for turn in range(rounds):
        times: dict[str, Took] = {}
        for name in names[turn % 3 :] + names[: turn % 3]:
            wall, processor = time.perf_counter(), time.process_time()
            await ways[name]()
            times[name] = (time.perf_counter() - wall, time.process_time() - processor)
        took.append(times)
    return took


def report(load: Load, took: Sequence[Mapping[str, Took]]) -> None:
    """Print each round's ratios and the medians."""
    print(f"{load.calls} calls, {IN_FLIGHT} in flight, {len(took)} rounds, {os.cpu_count()} processors; seconds")
    for turn, times in enumerate(took, 1):
        wall, processor = times[ENGINE][0] / times[BARE][0], times[ENGINE][1] / times[ROUTER][1]
        shown = "  ".join(f"{name} {wall:.2f}/{processor:.2f}" for name, (wall, processor) in times.items())
        print(f"round {turn}: wall / bare {wall:.2f}, CPU / Router {processor:.2f}   (wall/CPU: {shown})")
    print(f"{'median':16}{'wall':>8}{'CPU':>8}")
    for name in (BARE, ROUTER, ENGINE):
        wall, processor = (statistics.median(times[name][i] for times in took) for i in (0, 1))
        print(f"{name:16}{wall:8.2f}{processor:8.2f}")
    walls = [times[ENGINE][0] / times[BARE][0] for times in took]
    processors = [times[ENGINE][1] / times[ROUTER][1] for times in took]
    print(f"engine: wall / bare {statistics.median(walls):.2f}, CPU / Router {statistics.median(processors):.2f}")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=400)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--api-base", default=os.environ.get("PROMPTKEEPER_BENCHMARK_API_BASE", ""))
    options.add_argument("--model", default=MODEL)
    chosen = options.parse_args()
    server = None
    base = chosen.api_base
    if not base:
        here, there = multiprocessing.get_context("spawn").Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
        server.start()
        base = f"http://127.0.0.1:{here.recv()}/v1"
    load = Load(base=base, model=chosen.model, calls=chosen.calls, echoes=server is not None)
    with tempfile.TemporaryDirectory() as folder:
        library = open_library(f"sqlite:///{folder}/library.db")
        took = asyncio.run(measure(load, chosen.rounds, library))
        library.db.close()
    if server is not None:
        server.terminate()
    report(load, took)


if __name__ == "__main__":
    main()
