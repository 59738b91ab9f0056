"""A real server on a library with a degraded prompt and a proposal, and Debian's Chromium in front of it."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from agent.entrypoints.cli.main import main
from agent.entrypoints.web.pages.sign_in import make_link
from agent.entrypoints.web.server import new_secret
from library.access import Role
from library.store.stores import open_library
from tests.journeys.project import Clock, opened

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = os.environ.get("PROMPTKEEPER_REQUIRE_BROWSER")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium these tests are skipped, and say so."""
    if CHROMIUM or REQUIRED:
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="Chromium is not installed (Debian: apt install chromium)"))


@dataclass(frozen=True)
class Server:
    """A running server: its address and its project's folder."""

    address: str
    root: Path

    def token(self, name: str, role: Role) -> str:
        """The secret of a new token."""
        secret = new_secret()
        with self._library() as library:
            library.access.create_token(
                secret, name=name, role=role, agent=False, by="test", now=datetime.now(UTC), expires_at=None
            )
        return secret

    def link(self) -> str:
        """The address of a one-time sign-in link."""
        with self._library() as library:
            return self.address + make_link(library, new_secret(), datetime.now(UTC))

    def production(self, prompt: str) -> int:
        """The version in production."""
        with self._library() as library:
            return library.prompts.labelled(prompt, "production").number

    @contextlib.contextmanager
    def _library(self):
        library = open_library(f"sqlite:///{self.root}/.promptkeeper/library.db")
        try:
            yield library
        finally:
            library.db.close()


@pytest.fixture(scope="session")
def waiting_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder with nine days of traffic, an incident and a proposal that waits."""
    root = tmp_path_factory.mktemp("waiting")
    with contextlib.chdir(root):
        assert main(["init"]) == 0
    project = opened(root)
    project.clock = Clock(at=datetime.now(UTC))
    run = asyncio.run(project.cycle())
    assert run.proposal_id is not None, run.stop_detail
    project.library.db.close()
    return root


@contextlib.contextmanager
def running(root: Path) -> Iterator[Server]:
    """`promptkeeper serve` on a folder."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "agent.entrypoints.cli.main", "serve", "--port", "0", "--no-schedule", "--json"]
    child = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    try:
        yield Server(address=json.loads(child.stdout.readline())["listening"], root=root)
    finally:
        child.terminate()
        child.communicate(timeout=60)


@pytest.fixture
def server(waiting_library: Path, tmp_path: Path) -> Iterator[Server]:
    """A server on a library of its own."""
    root = shutil.copytree(waiting_library, tmp_path / "project")
    with running(root) as up:
        yield up


@pytest.fixture(scope="module")
def shared(waiting_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that only look."""
    root = shutil.copytree(waiting_library, tmp_path_factory.mktemp("shared") / "project")
    with running(root) as up:
        yield up


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a file; its event loop must be gone before the next file has its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _complains(said: ConsoleMessage) -> bool:
    # A refused decision is answered with 409, which the browser notes as an error of the network.
    return said.type == "error" and "409" not in said.text


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    """A tab without cookies; whatever it logs as an error fails the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and "409" not in said.text else None
    )
    yield page
    context.close()
    assert errors == []
