"""Crash: the process is killed with SIGKILL at every tenth call and started again until the run ends.

It has to end with the decision of an undisturbed run and with the same calls in its ledger; per kill, the server may
have seen at most those calls twice that were in flight.
"""

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.optimizer.command import Command
from benchmarks.optimizer.decision import decision_log, keys_of
from benchmarks.optimizer.project import DATASET, NAME, library_of, make, optimized
from benchmarks.optimizer.simulator import Simulator, World

EVERY = 10
PARALLEL = 4
MOST = 400  # starts of one run
LATENCY = {"latency_ms": {"student": 40.0, "teacher": 0.0}, "latency_kind": "const"}
WORDS = ("optimize", NAME, "--dataset", DATASET, "--seed", "1", "--json")


def run_crash(simulator: Simulator, world: World, out: Path) -> dict[str, Any]:
    """Kills, calls that the server saw and that the ledger holds, and whether the decision is the same."""
    task = simulator.task(world)
    calm, killed = out / "crash" / "undisturbed", out / "crash" / "killed"
    make(calm, task, simulator.api("crash-calm", world), parallel=PARALLEL)
    first = optimized(calm, seed=1)
    make(killed, task, simulator.api("crash-killed", world), parallel=PARALLEL)
    simulator.configure(**LATENCY)
    try:
        sessions, document = _sessions(simulator, killed)
    finally:
        simulator.configure(latency_ms={"student": 0.0})
    twice = [s["sent"] - s["committed"] for s in sessions]
    return {
        "world": world.name,
        "kills": len(sessions) - 1,
        "sent": sum(s["sent"] for s in sessions),
        "committed": sum(s["committed"] for s in sessions),
        "most_lost_at_a_kill": max(twice),
        "lost_in_the_last_session": twice[-1],
        "same_decision": decision_log(calm, first["id"]) == decision_log(killed, document["id"]),
        "same_calls": keys_of(calm, first["id"]) == keys_of(killed, document["id"]),
        "ended": document["stop_reason"],
    }


def _sessions(simulator: Simulator, folder: Path) -> tuple[list[dict[str, int]], dict[str, Any]]:
    sessions: list[dict[str, int]] = []
    for _ in range(MOST):
        sent, committed = _sent(simulator), _committed(folder)
        ended = _until_killed(simulator, Command(folder, *WORDS), sent + EVERY)
        sessions.append({"sent": _sent(simulator) - sent, "committed": _committed(folder) - committed})
        if ended is not None:
            return sessions, ended
    raise RuntimeError(f"the run had not ended after {MOST} starts")


def _until_killed(simulator: Simulator, command: Command, at: int) -> dict[str, Any] | None:
    """Kill the process while the student answers and this many calls were sent; its document when it ended before.

    Not while the teacher is asked: the simulated one draws anew when a question comes twice, and then the two runs
    could not be compared.
    """
    before = _sent(simulator, "student")
    while command.running:
        now = _sent(simulator, "student")
        if now > before and _sent(simulator) >= at:
            command.kill()
            return None
        before = now
        time.sleep(0.02)
    _, out, err = command.wait(60.0)
    if not out:
        raise RuntimeError(err[-500:])
    document: dict[str, Any] = json.loads(out)
    return document


def _sent(simulator: Simulator, role: str | None = None) -> int:
    said = simulator.stats("crash-killed")
    return sum(r["calls"] for name, r in said.items() if role in {None, name})


def _committed(folder: Path) -> int:
    library = library_of(folder)
    try:
        return library.calls.spend("run:1").calls
    finally:
        library.db.close()
