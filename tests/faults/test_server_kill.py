"""A server whose processes are killed or told to stop under load: nothing acknowledged is lost or there twice."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.entrypoints.cli.main import main
from library.prompts import Actor, Content
from library.store.stores import open_library
from tests.recorded import START, sums_of_scores, sums_of_trends

REPOSITORY = Path(__file__).parents[2]
NAME = "support/triage"
BATCHES, SIZE = 50, 10
MANY = 10_000  # more than is sent before the server is gone
OWNER = Actor(name="owner", kind="local", reviewer=True)


@pytest.fixture(scope="module")
def _started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    with contextlib.chdir(folder):
        assert main(["init", "--json"]) == 0
    with opened(folder) as library:
        library.prompts.create(NAME, actor=OWNER, now=START)
        library.prompts.add_version(NAME, Content(text="Name the queue: {{message}}"), actor=OWNER, now=START)
        library.prompts.move_label(NAME, "production", 1, expected=None, actor=OWNER, reason="first", now=START)
    return folder


@pytest.fixture
def project(_started, tmp_path):
    """Folder of a project with one prompt."""
    return shutil.copytree(_started, tmp_path / "project")


@contextlib.contextmanager
def opened(folder):
    library = open_library(f"sqlite:///{folder}/.promptkeeper/library.db")
    try:
        yield library
    finally:
        library.db.close()


class Server:
    """`promptkeeper serve` as a group of processes of its own."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent.entrypoints.cli.main", "serve", "--port", "0", "--no-schedule", "--json"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.port = int(json.loads(self.process.stdout.readline())["listening"].rsplit(":", 1)[1])

    def storing(self) -> list[int]:
        """The storing processes that this server has started and that live."""
        folder = Path(f"/proc/{self.process.pid}/task")
        children = [int(id) for task in folder.iterdir() for id in (task / "children").read_text().split()]
        return [id for id in children if b"intake_worker" in Path(f"/proc/{id}/cmdline").read_bytes()]

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def server(project):
    up = Server(project)
    yield up
    up.stop()


class Sender:
    """Sends batches, several at a time, until one finds no server. answers: status of each batch, None for none."""

    def __init__(self, port: int, name: str) -> None:
        self.port, self.name = port, name
        self.answers: dict[int, int | None] = {}

    async def send(self, numbers) -> None:
        waiting = list(numbers)

        async def client():
            while waiting:
                number = waiting.pop(0)
                self.answers[number] = await self.ask("POST", "/api/v1/traces", self.batch(number))
                if self.answers[number] is None:
                    waiting.clear()

        await asyncio.gather(*(client() for _ in range(8)))

    def batch(self, number: int) -> bytes:
        rows = [
            {
                "id": id,
                "ts": START.isoformat(),
                "prompt": NAME,
                "inputs": {"message": "where is it?"},
                "scores": {"exact_match": 1},
            }
            for id in self.ids(number)
        ]
        return json.dumps(rows).encode()

    def ids(self, number: int) -> set[str]:
        return {f"{self.name}-{number}-{i}" for i in range(SIZE)}

    async def ask(self, method: str, path: str, body: bytes = b"") -> int | None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
            return status_of(await reader.read())
        except ConnectionError:
            return None

    async def ask_slowly(self, number: int, meanwhile) -> int | None:
        """Send a batch whose body comes only after `meanwhile`, which runs when the server is waiting for it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = self.batch(number)
        head = f"POST /api/v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        await meanwhile()
        writer.write(body)
        self.answers[number] = status_of(await reader.read())
        return self.answers[number]

    async def until_acknowledged(self, count: int) -> None:
        while sum(status == 200 for status in self.answers.values()) < count:
            await asyncio.sleep(0.002)

    @property
    def acknowledged(self) -> set[str]:
        return {id for number, status in self.answers.items() if status == 200 for id in self.ids(number)}


def status_of(said: bytes) -> int | None:
    return int(said.split(b" ", 2)[1]) if b"\r\n\r\n" in said else None


def check(folder, sender, *, whole=True) -> None:
    """Everything acknowledged is stored, batches are stored whole, and trends count each trace once."""
    with opened(folder) as library:
        stored = {t.id for t in library.traces.list(limit=None) if t.id.startswith(f"{sender.name}-")}
        assert sender.acknowledged <= stored
        for number in sender.answers:
            assert len(stored & sender.ids(number)) in ({0, SIZE} if whole else {SIZE})
        assert sums_of_trends(library) == sums_of_scores(library)


async def test_a_killed_storing_process_is_replaced_and_nothing_acknowledged_is_lost(project, server):
    sender = Sender(server.port, "worker")
    sending = asyncio.create_task(sender.send(range(BATCHES)))
    await sender.until_acknowledged(5)
    (first,) = server.storing()
    os.kill(first, signal.SIGKILL)
    await sending

    # Whoever was not acknowledged was told so, may send again, and is told by the same server that it is stored now.
    assert set(sender.answers.values()) == {200, 503}
    check(project, sender)
    await sender.send([number for number, status in sender.answers.items() if status != 200])
    assert set(sender.answers.values()) == {200}
    check(project, sender, whole=False)
    (second,) = server.storing()
    assert second != first
    assert await sender.ask("GET", f"/api/v1/prompts/{NAME}") == 200


async def test_when_everything_is_killed_every_acknowledged_trace_is_in_the_library(project, server):
    sender = Sender(server.port, "group")
    sending = asyncio.create_task(sender.send(range(MANY)))
    await sender.until_acknowledged(8)
    (storing,) = server.storing()
    os.killpg(server.process.pid, signal.SIGKILL)
    os.kill(storing, signal.SIGKILL)
    await sending

    assert server.process.wait() == -signal.SIGKILL
    assert None in sender.answers.values()
    check(project, sender)

    # A server that is started again takes the rest.
    again = Server(project)
    try:
        sender.port = again.port
        await sender.send([number for number, status in sender.answers.items() if status != 200])
        assert set(sender.answers.values()) == {200}
        check(project, sender, whole=False)
    finally:
        again.stop()


async def test_when_only_the_server_is_killed_the_storing_process_ends_by_itself(project, server):
    sender = Sender(server.port, "orphan")
    sending = asyncio.create_task(sender.send(range(MANY)))
    await sender.until_acknowledged(5)
    (storing,) = server.storing()
    server.process.kill()
    await sending
    for _ in range(2000):
        if not Path(f"/proc/{storing}/cmdline").exists() or not Path(f"/proc/{storing}/cmdline").read_bytes():
            break
        await asyncio.sleep(0.01)
    else:
        os.kill(storing, signal.SIGKILL)
        pytest.fail("the storing process outlives its server")
    check(project, sender)


@pytest.mark.parametrize("everybody", [False, True])
async def test_told_to_stop_it_answers_what_it_has_begun(project, server, everybody):
    name = f"stop-{everybody}"
    sender = Sender(server.port, name)
    sending = asyncio.create_task(sender.send(range(MANY)))
    await sender.until_acknowledged(5)
    (storing,) = server.storing()

    async def stop():
        server.process.send_signal(signal.SIGTERM)
        if everybody:  # a service manager may signal all processes that it has started
            os.kill(storing, signal.SIGTERM)
        await sending  # until the door is closed

    assert await sender.ask_slowly(MANY, stop) == 200

    # Whatever was let in was stored and acknowledged; who came later found a closed door, and no half answer.
    assert set(sender.answers.values()) == {200, None}
    check(project, sender)
    assert await asyncio.to_thread(server.process.wait, 30) == 0
    assert not Path(f"/proc/{storing}").exists()
