"""A model simulator from a folder: started on loopback, its worlds made, its counters read, final prompts scored.

The folder holds `simserver.py` and `simcli.py`: an OpenAI-compatible server with a student that follows the prompt, a
teacher that rewrites prompts with human-like faults, and task worlds whose held-out quality is known. Everything in it
is deterministic by seed.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "PROMPTKEEPER_SIMULATOR"
"""The environment variable that names the simulator's folder."""
STARTS_WITHIN = 20.0  # seconds
SPLITS = ("train", "val", "golden")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A task: which family, by which seed, of k skills of which the first prompt says `known`."""

    family: str
    seed: int
    k: int = 10
    known: int = 3

    @property
    def name(self) -> str:
        """Its name in files and addresses."""
        return f"{self.family}-{self.seed}-{self.k}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What an optimiser may know of a world. rows: per split, {"inputs", "expected"}; safety: a clause to keep."""

    world: World
    prompt: str
    description: str
    safety: str
    variables: tuple[str, ...]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


class Simulator:
    """A running simulator."""

    def __init__(self, folder: Path, worlds: Path, port: int) -> None:
        self.folder, self.worlds, self.port = folder, worlds, port
        self.root = f"http://127.0.0.1:{port}"

    def api(self, label: str, world: World) -> str:
        """The address for a client; its calls are counted under the label."""
        return f"{self.root}/r/{label}/w/{world.name}/v1"

    def stats(self, label: str) -> dict[str, Any]:
        """Counters of a label: {"student": {calls, ok, tok_in, tok_out, faults…}, "teacher": …}."""
        roles: dict[str, Any] = self._ask(f"/stats?run={urllib.parse.quote(label)}")["roles"]
        return roles

    def log(self, label: str) -> list[dict[str, Any]]:
        """The teacher's calls of a label, where the server keeps them."""
        calls: list[dict[str, Any]] = self._ask(f"/admin/log?run={urllib.parse.quote(label)}")
        return calls

    def configure(self, **values: Any) -> None:
        """Change the server's settings, such as its faults."""
        self._ask("/admin/config", values)

    def reset(self, label: str) -> None:
        """Forget the counters of a label."""
        self._ask(f"/stats/reset?run={urllib.parse.quote(label)}", {})

    def task(self, world: World) -> Task:
        """What an optimiser may know of the world."""
        said = json.loads((self.worlds / f"{world.name}.json").read_text(encoding="utf-8"))
        rows = {
            split: [{"inputs": e["inputs"], "expected": e["expected"]} for e in said["examples"] if e["split"] == split]
            for split in SPLITS
        }
        return Task(
            world=world,
            prompt=said["initial_prompt"],
            description=said["task_description"],
            safety=said["safety"]["say"][0],
            variables=tuple(said["variables"]),
            rows=rows,
        )

    def score(self, world: World, prompt: str, file: Path, *, system: bool = False) -> dict[str, Any]:
        """The report on a final prompt over held-out data; the prompt is kept in the file.

        system: the prompt has no placeholders, so the inputs follow it.
        """
        file.write_text(prompt, encoding="utf-8")
        words = ["score", world.name, str(file), "--dir", str(self.worlds), *(["--system"] if system else [])]
        report: dict[str, Any] = json.loads(run_tool(self.folder, words))
        return report

    def _ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read())


def folder_of(named: Path | None) -> Path:
    """The simulator's folder: as named, else from the environment; ends the program with a line where there is none."""
    folder = named or (Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None)
    if folder is None or not (folder / "simserver.py").is_file():
        sys.exit(f"no simulator: name a folder that holds simserver.py with --sim, or set {FOLDER}")
    return folder.absolute()


@contextmanager
def running(folder: Path, worlds: Sequence[World], out: Path, *, options: Sequence[str] = ()) -> Iterator[Simulator]:
    """Make the worlds under out and serve them until the end of the block; answers take no time unless told."""
    made = out / "worlds"
    made.mkdir(parents=True, exist_ok=True)
    for world in worlds:
        if not (made / f"{world.name}.json").exists():
            words = ["gen", world.name, world.family, str(world.seed), "--k", str(world.k), "--known", str(world.known)]
            run_tool(folder, [*words, "--dir", str(made)])
    port = _free_port()
    quick = ["--student-ms", "0", "--teacher-ms", "0", "--judge-ms", "0"]
    words = [sys.executable, str(folder / "simserver.py"), "--port", str(port), "--worlds-dir", str(made), *quick]
    with (out / "simulator.log").open("ab") as said, subprocess.Popen([*words, *options], stderr=said) as process:
        try:
            simulator = Simulator(folder, made, port)
            _wait(simulator, process)
            yield simulator
        finally:
            process.terminate()


def run_tool(folder: Path, words: Sequence[str]) -> str:
    """Run the simulator's command and return what it prints."""
    done = subprocess.run([sys.executable, str(folder / "simcli.py"), *words], capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"simcli.py {words[0]} failed: {done.stderr.decode().strip().splitlines()[-1]}")
    return done.stdout.decode()


def _wait(simulator: Simulator, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            simulator._ask("/healthz")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    sys.exit("the simulator did not start; see simulator.log")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
