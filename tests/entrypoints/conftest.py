"""A project in a folder of its own, and the command line to work on it."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.entrypoints.cli.main import main
from library.store.stores import open_library

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it has to be."""
        return json.loads(self.out)


class CommandLine:
    """Runs `promptkeeper` in a folder, inside this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: object) -> Answer:
        self._capsys.readouterr()
        with contextlib.chdir(self.folder):
            code = main([str(word) for word in words])
        said = self._capsys.readouterr()
        return Answer(code, said.out, said.err)

    def fails(self, *words: object, code: int = 2) -> str:
        """Run what must go wrong; the one line that it says on standard error."""
        answer = self(*words)
        assert answer.code == code, answer
        assert answer.out == ""
        lines = answer.err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("promptkeeper: ")
        return lines[0]

    def write(self, name: str, content: object) -> Path:
        """A file in the folder: text, bytes, or a list of rows as JSON lines."""
        file = self.folder / name
        if isinstance(content, bytes):
            file.write_bytes(content)
        elif isinstance(content, list):
            file.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        else:
            file.write_text(str(content), encoding="utf-8")
        return file

    @contextlib.contextmanager
    def library(self):
        """The library of the folder's project."""
        opened = open_library(f"sqlite:///{self.folder}/.promptkeeper/library.db")
        try:
            yield opened
        finally:
            opened.db.close()


class Process:
    """Runs `promptkeeper` as the console script does, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, after: str = "", stdin: bytes = b"", **environ: str) -> Answer:
        """after: Python that runs when the command has ended (what it prints goes to standard error)."""
        program = f"import sys\nfrom agent.entrypoints.cli.main import main\ncode = main()\n{after}\nsys.exit(code)"
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="session")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("started")
    with contextlib.chdir(folder):
        assert main(["init"]) == 0
    return folder


@pytest.fixture
def promptkeeper(_started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in a fresh project without prompts."""
    folder = tmp_path / "project"
    shutil.copytree(_started, folder)
    return CommandLine(folder, capsys)


@pytest.fixture
def triage(promptkeeper: CommandLine) -> CommandLine:
    """The command line in a project with the prompt `support/triage`: two versions, the first one in production."""
    promptkeeper.write("v1.md", "Name the queue.\n- billing: about money\nMessage: {{message}}\n")
    promptkeeper.write("v2.md", "Name the queue, nothing else.\n- billing: about money\nMessage: {{message}}\n")
    assert promptkeeper("prompts", "add", "support/triage", "v1.md", "--label", "production").code == 0
    assert promptkeeper("prompts", "add", "support/triage", "v2.md").code == 0
    return promptkeeper


@pytest.fixture
def process(promptkeeper: CommandLine) -> Process:
    """The program as a process of its own, in the folder of the `promptkeeper` fixture."""
    return Process(promptkeeper.folder)
