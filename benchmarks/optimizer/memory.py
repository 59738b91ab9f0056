"""Memory: a kind of failure repaired before, in another prompt, should cost less to repair; a new one not more.

A prompt is optimised and its proposal approved; then a second prompt is optimised, with memory in the same library,
without memory in a fresh one. Recurring: both are of one family with other texts, another organisation and other
labels, and six of the seven rules that the second one lacks were missing in the first one. New: the first prompt is of
another family, and nothing that it taught is of use.
"""

import shutil
from pathlib import Path
from typing import Any

from benchmarks.optimizer.command import Command
from benchmarks.optimizer.project import add_prompt, library_of, make, optimized, repoint, write_policy
from benchmarks.optimizer.simulator import Simulator, World
from library.store.stores import Library

SECOND = "sim/second"


def run_memory(simulator: Simulator, pairs: list[tuple[World, World]], out: Path) -> dict[str, Any]:
    """A row per pair of worlds (the earlier one, the one that is measured): calls with and without the earlier one."""
    place = out / "memory"
    taught = {w: _taught(simulator, w, place / f"first-{w.name}") for w in dict.fromkeys(e for e, _ in pairs)}
    alone = {w: _alone(simulator, w, place / f"alone-{w.name}") for w in dict.fromkeys(w for _, w in pairs)}
    rows = [
        {
            "kind": "recurring" if earlier.family == world.family else "new",
            "earlier": earlier.name,
            "world": world.name,
            "approved": taught[earlier],
            "with": _with(simulator, world, place / f"first-{earlier.name}", place / f"{earlier.name}-{world.name}"),
            "without": alone[world],
        }
        for earlier, world in pairs
    ]
    kinds = {}
    for kind in ("recurring", "new"):
        mine = [r for r in rows if r["kind"] == kind]
        kinds[kind] = {what: _compared(mine, what) for what in ("first_fix", "accepted", "quality")}
    return {"rows": rows, **kinds}


def _compared(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """Sums of calls, or mean quality, with and without memory; change: the relative difference."""
    if not rows:
        return {}
    of = len(rows) if what == "quality" else 1
    sums = {key: sum(r[key][what] for r in rows) / of for key in ("with", "without")}
    return {**sums, "change": sums["with"] / sums["without"] - 1}


def _taught(simulator: Simulator, world: World, folder: Path) -> bool:
    """A library in which the world's prompt was optimised; whether its proposal was approved."""
    make(folder, simulator.task(world), simulator.api(f"memory-{folder.name}", world))
    proposal = optimized(folder, seed=1)["proposal_id"]
    return proposal is not None and _approve(folder, proposal)


def _with(simulator: Simulator, world: World, earlier: Path, folder: Path) -> dict[str, Any]:
    label = f"memory-{folder.name}"
    shutil.copytree(earlier, folder)
    repoint(folder, simulator.api(label, world))
    return _second(simulator, world, folder, label)


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
        write_policy(folder / "policies" / f"{SECOND}.yaml", simulator.task(world))
    finally:
        library.db.close()
    document = optimized(folder, seed=2, name=SECOND)
    library = library_of(folder)
    try:
        calls = _calls_to_first_fix(library, document["id"])
        bill = len(library.runs.bill(document["id"]))
        recalled = [a.state for a in library.runs.attempts(run_id=document["id"]) if a.strategy == "recalled"]
        stored = document["proposal_id"]
        text = library.proposals.get(stored).content.text if stored is not None else simulator.task(world).prompt
    finally:
        library.db.close()
    stats = simulator.stats(label)
    return {
        "first_fix": calls,
        "accepted": bill,
        "calls": stats["student"]["calls"],
        "recalled": recalled,
        "quality": simulator.score(world, text, folder / "second.txt")["test"]["final"],
        "ended": document["stop_reason"],
    }


def _calls_to_first_fix(library: Library, run_id: int) -> int:
    """Model calls until the end of the race that the first better prompt came out of; all calls where there was none.

    What was paid before its round wrote, the items that a remembered fix was tried on, and the race: the items of the
    leader and of every candidate.
    """
    attempts = library.runs.attempts(run_id=run_id)
    bill = library.runs.bill(run_id)
    by_number = {a.number: a for a in attempts}
    built_upon = {int(a.result.get("parent", 0)) for a in attempts}
    gated = {int(a.result.get("of", 0)) or a.number for a in attempts if "gate" in a.result}
    turns = [by_number[n].round for n in built_upon | gated if n in by_number]
    if not turns:
        return len(bill)
    mine = [a for a in attempts if a.round == min(turns)]
    raced = [a.result for a in mine if "of_items" in a.result]
    tried = max((int(a.result.get("tried_on", 0)) for a in mine), default=0)
    before = sum(charge.at < mine[0].created_at for charge in bill)
    return before + tried + max(int(r["of_items"]) for r in raced) + sum(int(r["n"]) for r in raced)
