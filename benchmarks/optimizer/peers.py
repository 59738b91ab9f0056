"""Other optimisers on the same worlds: each in a virtual environment of its own, over the same endpoint and data."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.optimizer.result import Point, Result, measured
from benchmarks.optimizer.simulator import Simulator, World

HERE = Path(__file__).parent
LIMIT = 1200.0  # seconds for one run
QUIET = {
    "OPIK_TRACK_DISABLE": "true",
    "OPIK_USAGE_REPORT_ENABLED": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LANGSMITH_TRACING": "false",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "FI_DISABLE_TELEMETRY": "1",
}
"""Telemetry off, for every peer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """An optimiser: what pip installs, which script runs it, with which words; why not, where it cannot run."""

    install: tuple[str, ...]
    script: str = ""
    words: tuple[str, ...] = ()
    cannot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A peer that was not measured, and why."""

    name: str
    why: str


def peers() -> Mapping[str, Peer]:
    """By name, with the versions pinned in `peers.json`."""
    said = json.loads((HERE / "peers.json").read_text(encoding="utf-8"))
    return {
        name: Peer(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}) for name, row in said.items()
    }


def environment(name: str, peer: Peer, out: Path) -> Path | Missing:
    """The peer's Python, its environment made when it is not there yet."""
    folder = out / "environments" / peer.install[0].replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.install]
        done = subprocess.run(words, capture_output=True, check=False)
        if done.returncode:
            lines = done.stderr.decode().strip().splitlines()
            return Missing(name=name, why=f"not installable: {lines[-1] if lines else 'pip says nothing'}")
        (folder / "complete").touch()
    return python


def run_peer(simulator: Simulator, name: str, world: World, seed: int, calls: int, out: Path) -> Result | Missing:
    """One run of a peer with a budget of so many student calls."""
    peer = peers()[name]
    if peer.cannot:
        return Missing(name=name, why=peer.cannot)
    python = environment(name, peer, out)
    if isinstance(python, Missing):
        return python
    label, folder = f"{name}-{world.name}-{seed}-{calls}", out / name / f"{world.name}-{seed}-{calls}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "order.json").write_text(json.dumps(_order(simulator, world, seed, calls, label)), encoding="utf-8")
    (folder / "found.json").unlink(missing_ok=True)
    simulator.reset(label)
    began = time.monotonic()
    failed = _process(python, peer, folder)
    seconds = time.monotonic() - began
    if failed:
        return Missing(name=name, why=failed)
    found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    report = simulator.score(world, found["prompt"], folder / "final.txt", system=found["system"])
    said = measured(report, simulator.stats(label))
    point = Point(calls=said["calls"], tokens=said["tokens"], quality=said["final"])
    return Result(
        optimizer=name, world=world.name, seed=seed, seconds=seconds, ended=found["ended"], curve=(point,),
        more={"limit": calls}, **said,
    )  # fmt: skip


def _order(simulator: Simulator, world: World, seed: int, calls: int, label: str) -> dict[str, Any]:
    task = simulator.task(world)
    instructions, _, _ = task.prompt.rpartition("\n\n")
    return {
        "api": simulator.api(label, world),
        "prompt": task.prompt,
        "instructions": instructions,
        "description": task.description,
        "family": world.family,
        "variables": list(task.variables),
        "train": list(task.rows["train"]),
        "val": list(task.rows["val"]),
        "seed": seed,
        "calls": calls,
    }


def _process(python: Path, peer: Peer, folder: Path) -> str:
    """Run the peer's script; why it failed, empty when it did not."""
    words = [str(python), str(HERE / "peer_runs" / peer.script), "order.json", "found.json", *peer.words]
    with (folder / "log.txt").open("wb") as log:
        try:
            code = subprocess.run(
                words, cwd=folder, stdout=log, stderr=log, timeout=LIMIT, check=False, env={**os.environ, **QUIET}
            ).returncode
        except subprocess.TimeoutExpired:
            return f"not finished after {LIMIT:.0f} s"
    if code == 0:
        return ""
    lines = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"failed: {lines[-1][:200] if lines else f'exit code {code}'}"
