"""The command line in processes that start at once: one server imports everything, every command is its fork.

A fork can be killed, interrupted and waited for like any process; what it prints goes to files.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

PRELOADED = [
    "litellm",
    "chromadb.api.rust",
    "langgraph.checkpoint.sqlite.aio",
    "agent.bootstrap",
    "agent.optimize",
    "agent.entrypoints.cli.main",
    "agent.entrypoints.cli.optimize",
]
KEY = "PROMPTKEEPER_SIMULATOR_KEY"

_context: ForkServerContext | None = None


def _forks() -> ForkServerContext:
    global _context  # noqa: PLW0603 - the server of this process, started once
    if _context is None:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        os.environ[KEY] = "none"
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(PRELOADED)
    return _context


class Command:
    """`promptkeeper` at work in a folder."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._out, self._err = folder / "said.out", folder / "said.err"
        self._process: BaseProcess = _forks().Process(target=_run, args=(str(folder), words))
        self._process.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it without a goodbye."""
        if self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()

    def wait(self, seconds: float) -> tuple[int, str, str]:
        """Its exit code, and what it said on standard output and on standard error."""
        self._process.join(seconds)
        if self._process.is_alive():
            self.kill()
            raise TimeoutError(f"not finished after {seconds:.0f} s")
        code = self._process.exitcode
        return (-1 if code is None else code), self._out.read_text("utf-8"), self._err.read_text("utf-8")


def _run(folder: str, words: tuple[str, ...]) -> None:
    from agent.entrypoints.cli.main import main

    os.chdir(folder)
    for name, stream in (("said.out", sys.stdout), ("said.err", sys.stderr)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream.fileno())
        os.close(file)
    code = main(list(words))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
