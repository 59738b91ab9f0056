"""A project on PostgreSQL with real processes around it: workers and servers as a person would start them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from agent.bootstrap import utc_now
from agent.cycle import Wish
from agent.queue import open_queue
from agent.settings import Settings, load_settings
from library.prompts import Message
from library.runs import Trigger
from library.store.engine import Database
from library.store.stores import Library, open_library
from tests.fakes import Answer, FakeProvider
from tests.journeys.teachers import Answering, Teacher, good, student
from tools.models import Request

REPOSITORY = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-P", "-m", "agent.entrypoints.cli.main")
PATIENCE = 120.0  # seconds after which a test gives up on what must happen much sooner


@contextlib.contextmanager
def schema() -> Iterator[str]:
    """The URL of an empty schema of one's own; the test is skipped, or fails, where no server is named."""
    server = os.environ.get("PROMPTKEEPER_TEST_POSTGRES")
    if not server:
        if os.environ.get("PROMPTKEEPER_REQUIRE_POSTGRES") == "1":
            pytest.fail("PROMPTKEEPER_REQUIRE_POSTGRES is 1, but PROMPTKEEPER_TEST_POSTGRES names no server")
        pytest.skip("PROMPTKEEPER_TEST_POSTGRES is not set")
    name, db = f"scaled_{uuid.uuid4().hex}", Database(server)
    with db.write() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    # Durability is the server's affair, not this suite's: no test here needs to wait for its disk.
    # One that sleeps in the middle of a transaction is given up sooner than in life.
    options = f"-csearch_path={name} -csynchronous_commit=off -cidle_in_transaction_session_timeout=3000"
    yield make_url(server).update_query_dict({"options": options}).render_as_string(hide_password=False)
    with db.write() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    db.close()


@contextlib.contextmanager
def chroma(folder: Path) -> Iterator[str]:
    """The address of a real Chroma server on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).parent / "chroma", "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port), "the Chroma server")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something is so, and return it; processes of their own can only be looked at."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE / 0.05)):
        if found := holds():
            return found
        waiting.wait(0.05)
    raise AssertionError(f"{what} did not happen within {PATIENCE:g} s")


class Program:
    """A running `promptkeeper`; said: the JSON document that it began with."""

    def __init__(self, root: Path, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, *words, "--json"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._heard: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first.endswith("}\n"), first + self.process.stdout.read() + self.log()
        self.said: dict[str, Any] = json.loads(first)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self._heard.extend(iter(self.process.stderr.readline, ""))

    @property
    def heard(self) -> str:
        """What it has said on standard error so far."""
        return "".join(self._heard)

    def log(self) -> str:
        """All that it said on standard error, once it has ended."""
        self.process.wait(PATIENCE)
        self._listener.join(PATIENCE)
        return self.heard

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to it and to its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """As a power cut would."""
        self.tell(signal.SIGKILL)
        self.process.wait(PATIENCE)


@dataclass(kw_only=True)
class Site:
    """A project folder whose library is in PostgreSQL; started: what runs there, ended with the site."""

    root: Path
    library: Library
    environment: dict[str, str] = field(default_factory=dict)
    started: list[Program] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return load_settings(self.root, self.environment)

    def worker(self, *words: str, **environment: str) -> Program:
        """A worker that takes cycles."""
        return self._start("worker", *words, **environment)

    def server(self, *words: str, **environment: str) -> Program:
        """A server on a free port."""
        return self._start("serve", "--port", "0", *words, **environment)

    def ask(self, prompt: str, trigger: Trigger = "incident") -> None:
        """Put a cycle into the queue."""
        queue = open_queue(self.library, utc_now)
        assert queue(Wish(prompt=prompt, trigger=trigger))
        queue.close()

    def _start(self, *words: str, **environment: str) -> Program:
        program = Program(self.root, words, self.environment | environment)
        self.started.append(program)
        return program

    def sql(self, text: str) -> Sequence[Any]:
        """Rows of a query."""
        with self.library.db.read() as connection:
            return connection.execute(sa.text(text)).all()


@contextlib.contextmanager
def site(root: Path, settings: str, *, rules: str = "", url: str | None = None) -> Iterator[Site]:
    """A project in this folder. settings: further tables of its file; rules: its rulebook."""
    with contextlib.ExitStack() as stack:
        address = url or stack.enter_context(schema())
        root.mkdir(parents=True, exist_ok=True)
        (root / "promptkeeper.toml").write_text(f'[library]\nurl = "{address}"\n{settings}', encoding="utf-8")
        (root / "policies").mkdir(exist_ok=True)
        (root / "policies" / "rulebook.yaml").write_text(rules or "{}\n", encoding="utf-8")
        library = open_library(address)
        place = Site(root=root, library=library)
        try:
            yield place
        finally:
            for program in place.started:
                program.tell(signal.SIGCONT)
                program.kill()
            library.db.close()


def provider(
    *, teach: Answering | None = None, learn: Answering = student, delay: Callable[[str], float] = lambda role: 0.0
) -> FakeProvider:
    """A loopback provider behind which the scripted student and teacher answer. delay: seconds, by role."""
    said: Mapping[str, Answering] = {"teacher": teach or Teacher(good), "student": learn}

    def answer(body: dict[str, Any]) -> Answer:
        role = "teacher" if "teacher" in body["model"] else "student"
        messages = tuple(Message(role=m["role"], content=m["content"]) for m in body["messages"])
        return Answer(text=said[role](Request(messages=messages, config={})), delay=delay(role))

    return FakeProvider(answer=answer)


def models(url: str, *, parallel: int = 8) -> str:
    """Settings that ask this provider; an answer of the student costs 0.0021 US dollars, and 0.02 at most."""
    priced = {"student": (10, 1000.0), "teacher": (2000, 10.0)}
    return "".join(
        f'[models.{role}]\nmodel = "openai/{role}"\napi_base = "{url}"\nmax_parallel = {parallel}\n'
        f"max_tokens = {most}\ninput_usd_per_million = 10.0\noutput_usd_per_million = {usd}\n"
        for role, (most, usd) in priced.items()
    )
