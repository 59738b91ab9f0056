"""The door to models in a process of its own: what it prints, what it imports, and what a kill costs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from library.store.stores import open_library
from tests.fakes import Answer, FakeProvider

REPOSITORY = Path(__file__).parents[2]

QUIET = """
import asyncio, json, logging, sys
from library.calls import Caps
from library.errors import PromptkeeperError
from library.prompts import Message
from library.store.stores import open_library
from tools.ledger import Ledger
from tools.models import ModelSettings, Request, open_model

async def main(path, base):
    said = []
    for name in ("openai/gpt-4.1-mini", "nonsense/model", "embedded/nobody"):
        settings = ModelSettings(role="teacher", model=name, api_base=base, retries=0, timeout_s=5)
        model = open_model(settings, ledger=Ledger(open_library(path).calls), environ={})
        try:
            await model.complete(Request(messages=(Message(role="user", content="x"),)), scope="s", caps=Caps())
        except PromptkeeperError as error:
            said.append(str(error))
    print(json.dumps(said))

asyncio.run(main(*sys.argv[1:]))
"""


def test_nothing_of_litellm_reaches_stdout(tmp_path: Path) -> None:
    with FakeProvider() as server:
        dead = server.url
    done = subprocess.run(
        [sys.executable, "-c", QUIET, f"sqlite:///{tmp_path}/l.db", dead],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    said = json.loads(done.stdout)
    assert ["connection" in said[0], "nonsense/model" in said[1], "embedded/nobody" in said[2]] == [True] * 3
    assert done.stderr == ""


# Importing litellm takes seconds, so one process does it once, while it has no other thread, and forks a child for
# every line that it reads.
ASK_THIRTY = """
import asyncio, os, sys
from library.calls import Caps
from library.prompts import Message
from library.store.stores import open_library
from tools.ledger import Ledger
from tools.litellm_gate import open_gate
from tools.models import ModelSettings, Request, open_model

async def main(path, base):
    settings = ModelSettings(role="student", model="openai/gpt-4.1-mini", api_base=base, max_parallel=4, retries=0)
    model = open_model(settings, ledger=Ledger(open_library(path).calls), environ={})
    requests = [Request(messages=(Message(role="user", content=str(n)),)) for n in range(30)]
    slots = asyncio.Semaphore(4)

    async def ask(request):
        async with slots:
            return await model.complete(request, scope="run:1", caps=Caps(calls_per_scope=30, usd_per_scope=1.0))

    tasks = [asyncio.create_task(ask(request)) for request in requests]
    print(" ".join([(await one).text for one in tasks]), flush=True)

open_gate()
for _ in sys.stdin:
    child = os.fork()
    if not child:
        code = 1
        try:
            asyncio.run(main(*sys.argv[1:]))
            code = 0
        finally:
            os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_after_a_kill_no_finished_call_is_paid_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/l.db"
    store = open_library(url)
    with (
        FakeProvider(answer=lambda body: Answer(text=body["messages"][0]["content"], delay=0.03)) as server,
        subprocess.Popen(
            [sys.executable, "-c", ASK_THIRTY, url, server.url],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as asking,
    ):
        assert asking.stdin is not None
        assert asking.stdout is not None
        asking.stdin.write("first\n")
        first = int(asking.stdout.readline())
        while len(server.requests) < 14 and running(first):
            time.sleep(0.002)
        os.kill(first, signal.SIGKILL)
        assert int(asking.stdout.readline()) == -signal.SIGKILL
        committed, sent = store.calls.spend("run:1").calls, len(server.requests)
        assert 0 < committed < 30
        assert sent - committed <= 4
        answers, _ = asking.communicate("second\n")
        assert len(server.requests) - sent == 30 - committed
    _, said, code = answers.splitlines()
    assert (code, asking.returncode) == ("0", 0)
    assert said.split() == [str(n) for n in range(30)]
    assert store.calls.spend("run:1").calls == 30
    store.db.close()


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_door_is_cheap_to_open() -> None:
    heavy = "import sys, tools.evaluation, tools.metrics.opening, tools.models\n"
    heavy += "print([m for m in ('litellm', 'openai', 'chromadb', 'sqlalchemy', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout == "[]\n"
