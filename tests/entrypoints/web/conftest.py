"""The application at a door of its own, without a network: requests go straight in."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.testclient import TestClient

from agent.bootstrap import conversations, memory_of, policies_of, rulebook_of
from agent.cycle import Wish
from agent.entrypoints.web.app import create_app
from agent.entrypoints.web.door import Door
from agent.entrypoints.web.keeper import Keeper
from agent.entrypoints.web.pages.sign_in import make_link
from agent.entrypoints.web.parcels import Parcel, Taken
from agent.entrypoints.web.server import NoBackground, new_secret
from agent.settings import load_settings
from library.access import Role
from library.prompts import Actor, Content
from library.store.stores import Library, open_library

NAME = "support/triage"
START = datetime(2026, 9, 1, 8, tzinfo=UTC)
ADDRESS = "http://127.0.0.1"
ADMIN = Actor(name="owner", kind="local", reviewer=True)


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def later(self, **units: float) -> None:
        """Move on."""
        self.at += timedelta(**units)


class InThisProcess:
    """An intake that stores at once, without a process of its own."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def send(self, parcel: Parcel) -> Taken:
        """The answer once it is committed."""
        return (await run_in_threadpool(self._keeper.keep, [parcel]))[0]


@dataclass(frozen=True)
class House:
    """Everything a test of the server needs."""

    door: Door
    app: FastAPI
    clock: Clock
    library: Library
    started: list[Wish]

    def client(self, token: str | None = None) -> TestClient:
        """A program, with a token or without."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return TestClient(self.app, base_url=ADDRESS, headers=headers, raise_server_exceptions=False)

    def token(self, role: Role, *, agent: bool = False, name: str = "") -> str:
        """The secret of a new token."""
        secret = new_secret()
        self.library.access.create_token(
            secret, name=name or role, role=role, agent=agent, by="test", now=self.clock(), expires_at=None
        )
        return secret

    def browser(self, role: Role | None = None) -> TestClient:
        """A browser, signed in with a token of the role, or by the one-time link."""
        client = self.client()
        if role is None:
            done = client.post(make_link(self.library, new_secret(), self.clock()), follow_redirects=False)
        else:
            done = client.post("/sign-in", data={"token": self.token(role)}, follow_redirects=False)
        assert done.status_code == 303, done.text
        return client


@pytest.fixture(scope="session")
def filled(_started: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with one prompt."""
    root = shutil.copytree(_started, tmp_path_factory.mktemp("filled") / "project")
    library = open_library(load_settings(root).library_url)
    _fill(library, Clock())
    library.db.close()
    return root


@pytest.fixture
def house(filled: Path, tmp_path: Path) -> Iterator[House]:
    """A server on loopback with one prompt: two versions, the first one in production."""
    settings = load_settings(shutil.copytree(filled, tmp_path / "project"))
    library = open_library(settings.library_url)
    clock, started = Clock(), []

    def start(wish: Wish) -> bool:
        started.append(wish)
        return True

    door = Door(
        library=library,
        policy_for=policies_of(settings),
        rulebook=rulebook_of(settings),
        open_memory=memory_of(settings),
        now=clock,
        secret=new_secret,
        background=NoBackground(),
        intake=InThisProcess(Keeper(library, clock, rulebook_of(settings).privacy.redact)),
        start=start,
        converse=conversations(settings, library, now=clock),
        names=("127.0.0.1", "localhost"),
        local=True,
    )
    yield House(door=door, app=create_app(door), clock=clock, library=library, started=started)
    library.db.close()


def _fill(library: Library, now: Callable[[], datetime]) -> None:
    library.prompts.create(
        NAME, description="Sorts messages", metrics=[{"name": "exact_match"}], actor=ADMIN, now=now()
    )
    for text in ("Name the queue: {{message}}\n", "Name the queue, nothing else: {{message}}\n"):
        library.prompts.add_version(NAME, Content(text=text), actor=ADMIN, now=now())
    library.prompts.move_label(NAME, "production", 1, expected=None, actor=ADMIN, reason="first", now=now())
