"""Runs a user's own functions in processes of their own, each call under a time-out."""

import contextlib
import json
import math
import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, failed

PLACE = "[metrics.functions]"
TARGET = re.compile(r"(?:[A-Za-z_][\w.]*|[^:\0]+\.py):[A-Za-z_]\w*")
START_S = 60.0
"""Seconds for the interpreter and the module's own imports."""
MOST_HANGS = 3
"""Calls in a row that may run out of time; the rest would only take as long and say as little."""
LONGEST_REASON = 300
LONGEST_ANSWER = 1_000_000  # bytes
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "VIRTUAL_ENV")
"""The only variables of the environment that a function's process sees: keys of providers are not among them."""


class Gone(Exception):
    """The process did not answer in time, or ended."""


class Functions:
    """The functions that the settings name, by their own names. Each gets one process, started at its first call.

    targets: name to `module:function` or `file.py:function`; folder: where modules and files are looked for, and the
    processes' working folder; timeout_s: seconds for one call. The processes run with the rights of this one.
    """

    def __init__(
        self, targets: Mapping[str, str] | None = None, *, folder: Path = Path(), timeout_s: float = 10.0
    ) -> None:
        self._targets, self._folder, self._timeout_s = dict(targets or {}), folder.absolute(), timeout_s
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def check(self, name: str) -> None:
        """Load the function; InputError where the settings name nothing, or nothing that can be called."""
        with self._lock:
            running = self._running.get(name)
            if running is None:
                running = self._running[name] = _Running(self._target(name), self._folder, self._timeout_s)
        with running.lock:
            fault = running.load()
        if fault is not None:
            place = f"{PLACE} {name} = '{self._targets[name]}'"
            raise InputError(f"the function cannot be loaded ({fault})", place, "Correct the file or the setting.")

    def judge(self, name: str, output: str, item: Item) -> Judgement:
        """Ask a function that was checked; blocks for at most its time-outs. A failure is a judgement without score."""
        question = {"output": output, "expected": item.expected, "inputs": dict(item.inputs)}
        running = self._running.get(name)
        if running is None:
            return failed(f"function '{name}' is closed")
        with running.lock:
            return _judgement(name, running.ask(question))

    def _target(self, name: str) -> str:
        target = self._targets.get(name)
        if target is None:
            known = ", ".join(sorted(self._targets)) or "none yet"
            raise InputError(
                f"no function '{name}' is declared ({known})", PLACE, f'Write {name} = "file.py:function" there.'
            )
        if not TARGET.fullmatch(target):
            raise InputError(f"'{target}' names no function", f"{PLACE} {name}", 'Write "module:function".')
        where = target.rpartition(":")[0]
        if where.endswith(".py"):
            file, folder = (self._folder / where).resolve(), self._folder.resolve()
            if not file.is_relative_to(folder) or not file.is_file():
                raise InputError(f"there is no file {where} in {folder}", f"{PLACE} {name}", "Correct the path.")
        return target

    def close(self) -> None:
        """End every process."""
        with self._lock:
            running, self._running = list(self._running.values()), {}
        for one in running:
            with one.lock:
                one.stop()


class _Running:
    """One function's process, started when it is needed and killed when it hangs."""

    def __init__(self, target: str, folder: Path, timeout_s: float) -> None:
        self.lock = threading.Lock()
        self._target, self._folder, self._timeout_s = target, folder, timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._hangs = 0

    def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """The process's answer; {"error": …} for whatever goes wrong."""
        if self._hangs >= MOST_HANGS:
            return {"error": f"not asked any more: it ran out of time {self._hangs} times in a row"}
        fault = self.load()
        if fault is not None:
            return {"error": f"it cannot be loaded ({fault})"}
        try:
            answer = self._exchange((json.dumps(question) + "\n").encode(), self._timeout_s)
        except Gone as gone:
            self.stop()
            return {"error": str(gone)}
        self._hangs = 0
        return answer

    def load(self) -> str | None:
        """Start the process if none is running; what went wrong, if something did."""
        if self._process is not None:
            return None
        try:
            started = self._start()
        except Gone as gone:
            self.stop()
            return str(gone)
        if "error" in started:
            self.stop()
            return str(started["error"])
        return None

    def stop(self) -> None:
        """End the process and whatever it has started in its session."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait()

    def _start(self) -> Mapping[str, Any]:
        worker = Path(__file__).with_name("function_worker.py")
        self._process = subprocess.Popen(
            # -P: the worker's own folder is no place to import from
            [sys.executable, "-P", "-u", str(worker), str(self._folder), self._target],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
            start_new_session=True,
            bufsize=0,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        return self._exchange(b"", START_S)

    def _exchange(self, sending: bytes, seconds: float) -> Mapping[str, Any]:
        """Send a line and read one, however slowly the other side takes either."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Gone("its process is not running")
        deadline, received = time.monotonic() + seconds, b""
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            if sending:
                ready.register(process.stdin, selectors.EVENT_WRITE)
            while not received.endswith(b"\n"):
                left = deadline - time.monotonic()
                events = ready.select(left) if left > 0 else []
                if not events:
                    self._hangs += 1
                    raise Gone(f"it took more than {seconds:g} s")
                for key, _ in events:
                    if key.fileobj is process.stdin:
                        sending = _send(process.stdin.fileno(), sending)
                        if not sending:
                            ready.unregister(process.stdin)
                    elif part := os.read(process.stdout.fileno(), 65_536):
                        received += part
                        if len(received) > LONGEST_ANSWER:
                            raise Gone("it answered without end")
                    else:
                        raise Gone("its process ended")
        return _read(received)


def _send(to: int, rest: bytes) -> bytes:
    try:
        return rest[os.write(to, rest) :]
    except BrokenPipeError:
        raise Gone("its process ended") from None


def _read(line: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        raise Gone("its process wrote something that is no answer") from None
    return said if isinstance(said, dict) else {"error": "its process wrote something that is no answer"}


def _judgement(name: str, said: Mapping[str, Any]) -> Judgement:
    score, reason = said.get("score"), str(said.get("reason", said.get("error", "no score")))
    if not isinstance(score, float) or "error" in said:
        return failed(f"function '{name}': {reason}"[:LONGEST_REASON])
    if not math.isfinite(score) or not 0.0 <= score <= 1.0:
        return failed(f"function '{name}' answered {score}, not a score from 0 to 1")
    return Judgement(score=score, reason=" ".join(reason.split())[:LONGEST_REASON])
