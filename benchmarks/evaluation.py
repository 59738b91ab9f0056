"""What the evaluation engine costs on top of the model library: wall and processor time, as ratios within one run.

Ways to ask a local server the same 400 questions at 64 in flight, its answers taking 200 ms on average:
a bare litellm loop, the same loop through litellm's Router, and the whole engine (ledger on SQLite with synchronous
commits, budget, retries, scoring). The engine runs twice: with 64 questions open, and with half as many again, of
which still only 64 are at the server while the rest wait for a commit.
Run from the repository: `python -m benchmarks.evaluation [--calls N] [--rounds N]`.
The server runs in a process of its own. The table shows medians over the rounds; the order of the ways rotates.
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
from collections.abc import Awaitable, Callable
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


async def bare_loop(ask: Callable[..., Awaitable[Any]], calls: int, **access: str) -> None:
    """The shortest loop that anyone would write: a semaphore and a gather."""
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> str:
        async with slots:
            text = TEXT.replace("{{number}}", str(number))
            messages = [{"role": "user", "content": text}]
            response = await ask(model=MODEL, messages=messages, timeout=60, **access)
            return str(response.choices[0].message.content)

    said = await asyncio.gather(*(one(n) for n in range(calls)))
    if said != [str(n) for n in range(calls)]:
        raise SystemExit("the bare loop got wrong answers")


async def engine(base: str, calls: int, library: Library, scope: str, open_questions: int) -> None:
    """The same questions through the product's own engine, scored and recorded."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    items = [
        Item(
            id=f"i-{n}",
            prompt="p",
            dataset="d",
            role="select",
            inputs={"number": str(n)},
            expected=str(n),
            created_at=now,
        )
        for n in range(calls)
    ]
    ledger = Ledger(library.calls)
    settings = ModelSettings(role="student", model=MODEL, api_base=base, max_parallel=IN_FLIGHT)
    outcomes = await evaluate(
        Content(text=TEXT),
        items,
        model=open_model(settings, ledger=ledger),
        metrics=(open_metric({"name": "exact_match"}),),
        scope=scope,
        caps=Caps(usd_per_scope=10.0, calls_per_scope=calls),
        max_parallel=open_questions,
    )
    await ledger.close()
    if mean(outcomes) != 1.0 or excluded(outcomes):
        raise SystemExit("the engine got wrong answers")


async def measure(base: str, calls: int, rounds: int, library: Library) -> dict[str, list[tuple[float, float]]]:
    """(wall, processor) seconds of every way in every round."""
    open_gate()
    from litellm import acompletion
    from litellm.router import Router

    access = {"api_base": base, "api_key": "no-key"}
    deployment = {"model_name": MODEL, "litellm_params": {"model": MODEL, **access}}
    router = Router(model_list=[deployment], num_retries=0)

    scopes = itertools.count()
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        "bare litellm": lambda: bare_loop(acompletion, calls, **access),
        "litellm Router": lambda: bare_loop(router.acompletion, calls),
        "promptkeeper": lambda: engine(base, calls, library, f"evaluate:{next(scopes)}", IN_FLIGHT),
        "promptkeeper +50%": lambda: engine(base, calls, library, f"evaluate:{next(scopes)}", IN_FLIGHT * 3 // 2),
    }
    # Connections, imports and first-use caches are nobody's cost.
    for way in ways.values():
        await way()
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        for name in names[turn % 4 :] + names[: turn % 4]:
            wall, processor = time.perf_counter(), time.process_time()
            await ways[name]()
            took[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return took


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=400)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{here.recv()}/v1"
    with tempfile.TemporaryDirectory() as folder:
        library = open_library(f"sqlite:///{folder}/library.db")
        took = asyncio.run(measure(base, chosen.calls, chosen.rounds, library))
        library.db.close()
    server.terminate()
    print(f"{chosen.calls} calls, {IN_FLIGHT} in flight, {chosen.rounds} rounds, {os.cpu_count()} processors; seconds")
    print(f"{'':18}{'wall':>8}{'CPU':>8}{'wall / bare':>14}{'CPU / bare':>12}{'wall / Router':>15}{'CPU / Router':>14}")
    median = {name: tuple(statistics.median(t[i] for t in times) for i in (0, 1)) for name, times in took.items()}
    for name, (wall, processor) in median.items():
        ratios = [
            f"{mine / theirs:.2f}"
            for way in ("bare litellm", "litellm Router")
            for mine, theirs in zip((wall, processor), median[way], strict=True)
        ]
        print(f"{name:18}{wall:8.2f}{processor:8.2f}{ratios[0]:>14}{ratios[1]:>12}{ratios[2]:>15}{ratios[3]:>14}")


if __name__ == "__main__":
    main()
