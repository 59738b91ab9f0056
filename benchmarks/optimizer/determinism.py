"""Determinism: the same seed with 1, 8 and 64 calls at a time, answers arriving in another order each time.

The decision log of every run has to be the same to the byte.
"""

from pathlib import Path
from typing import Any

from benchmarks.optimizer.decision import decision_log
from benchmarks.optimizer.project import make, optimized
from benchmarks.optimizer.simulator import Simulator, World

CONCURRENCY = (1, 8, 64)
LATENCY = {"latency_ms": {"student": 15.0, "teacher": 20.0}, "sigma": 0.8, "latency_kind": "lognormal"}


def run_determinism(simulator: Simulator, worlds: list[World], out: Path) -> dict[str, Any]:
    """Per world: whether all logs are equal, and how the run ended."""
    simulator.configure(**LATENCY)
    try:
        rows = [_one(simulator, world, out) for world in worlds]
    finally:
        simulator.configure(latency_ms={"student": 0.0, "teacher": 0.0})
    return {"worlds": rows, "equal": sum(row["equal"] for row in rows), "of": len(rows)}


def _one(simulator: Simulator, world: World, out: Path) -> dict[str, Any]:
    logs, calls = [], []
    for parallel in CONCURRENCY:
        label, folder = f"determinism-{world.name}-{parallel}", out / "determinism" / f"{world.name}-{parallel}"
        make(folder, simulator.task(world), simulator.api(label, world), parallel=parallel)
        document = optimized(folder, seed=1)
        logs.append(decision_log(folder, document["id"]))
        (folder / "decision.json").write_text(logs[-1], encoding="utf-8")
        calls.append(simulator.stats(label)["student"]["calls"])
    return {"world": world.name, "equal": len(set(logs)) == 1, "ended": document["stop_reason"], "calls": calls}
