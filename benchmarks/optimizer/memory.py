"""Memory: a failure that was repaired before, in another prompt, should cost less to repair; a new one not more.

Recurring: a prompt is optimised and its proposal approved; a second prompt of the same task has the same failure. With
memory it is optimised in the same library, without memory in a fresh one. New: the first prompt is of another task.
"""

from pathlib import Path
from typing import Any

from benchmarks.optimizer.command import Command
from benchmarks.optimizer.project import add_prompt, library_of, make, optimized, repoint
from benchmarks.optimizer.simulator import Simulator, World
from library.store.stores import Library

SECOND = "sim/second"


def run_memory(simulator: Simulator, pairs: list[tuple[World, World]], out: Path) -> dict[str, Any]:
    """A row per pair of worlds (the earlier one, the one that is measured): calls with and without the earlier one."""
    rows = [_pair(simulator, earlier, world, out) for earlier, world in pairs]
    kinds = {}
    for kind in ("recurring", "new"):
        mine = [r for r in rows if r["kind"] == kind]
        spent = {key: sum(r[key]["first_fix"] for r in mine) for key in ("with", "without")}
        kinds[kind] = {**spent, "change": spent["with"] / spent["without"] - 1 if spent["without"] else None}
    return {"rows": rows, **kinds}


def _pair(simulator: Simulator, earlier: World, world: World, out: Path) -> dict[str, Any]:
    kind = "recurring" if earlier == world else "new"
    folder = out / "memory" / f"{kind}-{earlier.name}-{world.name}"
    make(folder, simulator.task(earlier), simulator.api(f"memory-{folder.name}-before", earlier))
    first = optimized(folder, seed=1)
    approved = first["proposal_id"] is not None and _approve(folder, first["proposal_id"])
    label = f"memory-{folder.name}"
    repoint(folder, simulator.api(label, world))
    return {
        "kind": kind,
        "earlier": earlier.name,
        "world": world.name,
        "approved": approved,
        "with": _second(simulator, world, folder, label),
        "without": _alone(simulator, world, out / "memory" / f"alone-{kind}-{world.name}"),
    }


def _approve(folder: Path, proposal: int) -> bool:
    code, _, _ = Command(folder, "proposals", "approve", *_ticks(folder, proposal)).wait(60.0)
    return code == 0


def _ticks(folder: Path, proposal: int) -> list[str]:
    """The words that approve a proposal with everything that is flagged ticked."""
    library = library_of(folder)
    try:
        packet = library.proposals.get(proposal).packet
    finally:
        library.db.close()
    flagged = sorted({f["policy"] for f in packet["verdict"]["findings"] if f["severity"] == "flag"})
    return [str(proposal), *(word for policy in flagged for word in ("--tick", policy))]


def _alone(simulator: Simulator, world: World, folder: Path) -> dict[str, Any]:
    label = f"memory-{folder.name}"
    make(folder, simulator.task(world), simulator.api(label, world))
    return _second(simulator, world, folder, label)


def _second(simulator: Simulator, world: World, folder: Path, label: str) -> dict[str, Any]:
    library = library_of(folder)
    try:
        add_prompt(library, simulator.task(world), SECOND)
    finally:
        library.db.close()
    document = optimized(folder, seed=2, name=SECOND)
    library = library_of(folder)
    try:
        calls = _calls_to_first_fix(library, document["id"])
        stored = document["proposal_id"]
        text = library.proposals.get(stored).content.text if stored is not None else simulator.task(world).prompt
    finally:
        library.db.close()
    stats = simulator.stats(label)
    return {
        "first_fix": calls,
        "calls": stats["student"]["calls"],
        "quality": simulator.score(world, text, folder / "second.txt")["test"]["final"],
        "ended": document["stop_reason"],
    }


def _calls_to_first_fix(library: Library, run_id: int) -> int:
    """Model calls until the first round that had a better prompt at its end; all calls where there was none."""
    attempts = library.runs.attempts(run_id=run_id)
    bill = library.runs.bill(run_id)
    later = [a for a in attempts if int(a.result.get("parent", 0)) > 0]
    if not later:
        return len(bill)
    return sum(charge.at < later[0].created_at for charge in bill)
