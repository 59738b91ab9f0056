"""Faults: 13 % of the student's calls fail in seven ways; the decision has to be the one that a quiet network gives.

A call that failed is sent again, so the answers are the same; only what is never answered may be left out. Beside it:
a cap on calls is overshot by at most one.
"""

from pathlib import Path
from typing import Any

from benchmarks.optimizer.decision import decision_log
from benchmarks.optimizer.project import make, optimized
from benchmarks.optimizer.simulator import Simulator, World

FAULTS = {
    "p429": 0.04, "p500": 0.02, "p503": 0.02, "p_trunc": 0.02, "p_badjson": 0.01, "p_drop": 0.01, "p_hang": 0.01,
    "retry_after": 0.05, "hang_s": 8,
}  # fmt: skip
"""13 % in all. Bodies that are valid but say something else are no faults of the network, and not among them."""
TIMEOUT = 3.0  # seconds, shorter than a hanging answer
CAP = 120


def run_faults(simulator: Simulator, worlds: list[World], out: Path) -> dict[str, Any]:
    """Per world: whether the decision is the same as without faults; then the cap."""
    rows = [_pair(simulator, world, out) for world in worlds]
    capped = _capped(simulator, worlds[0], out)
    return {"worlds": rows, "same": sum(row["same"] for row in rows), "of": len(rows), "cap": capped}


def _pair(simulator: Simulator, world: World, out: Path) -> dict[str, Any]:
    logs, ends = [], []
    for name, faults in (("quiet", {}), ("faulty", {"student": FAULTS})):
        label, folder = f"faults-{world.name}-{name}", out / "faults" / f"{world.name}-{name}"
        make(folder, simulator.task(world), simulator.api(label, world), timeout=TIMEOUT)
        simulator.configure(faults=faults)
        try:
            document = optimized(folder, seed=1)
        finally:
            simulator.configure(faults={})
        logs.append(decision_log(folder, document["id"]))
        ends.append(document["stop_reason"])
    said = simulator.stats(label)["student"]
    return {
        "world": world.name,
        "same": logs[0] == logs[1],
        "ended": ends,
        "faulted": sum(said["faults"].values()),
        "calls": said["calls"],
    }


def _capped(simulator: Simulator, world: World, out: Path) -> dict[str, Any]:
    label, folder = f"faults-{world.name}-cap", out / "faults" / f"{world.name}-cap"
    make(folder, simulator.task(world), simulator.api(label, world))
    document = optimized(folder, seed=1, more=("--budget-calls", str(CAP)))
    answered = sum(role["ok"] for role in simulator.stats(label).values())
    return {"cap": CAP, "answered": answered, "overshoot": answered - CAP, "ended": document["stop_reason"]}
