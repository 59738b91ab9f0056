"""Promptkeeper on one world: its own command, its own library, the model over HTTP."""

import time
from pathlib import Path
from typing import Any

from benchmarks.optimizer.project import NAME, library_of, make, optimized
from benchmarks.optimizer.result import Point, Result, measured
from benchmarks.optimizer.simulator import Simulator, World
from library.runs import Attempt
from library.store.stores import Library

OURS = "promptkeeper"


def run(simulator: Simulator, world: World, seed: int, out: Path, *, protect: bool = True) -> Result:
    """Optimise the world's prompt from scratch; the project stays in out for a look."""
    label = f"{OURS}-{world.name}-{seed}"
    folder = out / OURS / f"{world.name}-{seed}"
    make(folder, simulator.task(world), simulator.api(label, world), protect=protect)
    began = time.monotonic()
    document = optimized(folder, seed)
    seconds = time.monotonic() - began
    library = library_of(folder)
    try:
        prompt = final_prompt(library, document)
        report = simulator.score(world, prompt, folder / "final.txt")
        curve = _curve(simulator, world, library, document, folder) if report else ()
        rounds = max((a.round for a in library.runs.attempts(run_id=document["id"])), default=0)
    finally:
        library.db.close()
    last = Point(
        calls=report_calls(simulator, label), tokens=_tokens(simulator, label), quality=report["test"]["final"]
    )
    return Result(
        optimizer=OURS,
        world=world.name,
        seed=seed,
        seconds=seconds,
        ended=document["stop_reason"],
        rounds=rounds,
        curve=(*curve, last),
        more={"detail": document["stop_detail"], "attempts": document["attempts"], "exit_code": document["exit_code"]},
        **measured(report, simulator.stats(label)),
    )


def final_prompt(library: Library, document: dict[str, Any]) -> str:
    """The proposed text; where nothing was proposed, the one in production."""
    if document["proposal_id"] is not None:
        return library.proposals.get(document["proposal_id"]).content.text
    return library.prompts.labelled(NAME, "production").content.text


def report_calls(simulator: Simulator, label: str) -> int:
    """Student calls that the server has counted."""
    calls: int = simulator.stats(label).get("student", {}).get("calls", 0)
    return calls


def _tokens(simulator: Simulator, label: str) -> int:
    teacher = simulator.stats(label).get("teacher", {})
    tokens: int = teacher.get("tok_in", 0) + teacher.get("tok_out", 0)
    return tokens


def _curve(
    simulator: Simulator, world: World, library: Library, document: dict[str, Any], folder: Path
) -> tuple[Point, ...]:
    """Held-out quality of the best prompt at the beginning of every round, by what had been spent by then."""
    attempts = library.runs.attempts(run_id=document["id"])
    by_number = {a.number: a for a in attempts}
    points = []
    for turn in sorted({a.round for a in attempts}):
        first = min((a for a in attempts if a.round == turn), key=lambda a: a.number)
        best = by_number.get(int(first.result.get("parent", 0)))
        points.append(_point(simulator, world, library, document, folder, best, first))
    return tuple(points)


def _point(
    simulator: Simulator,
    world: World,
    library: Library,
    document: dict[str, Any],
    folder: Path,
    best: Attempt | None,
    first: Attempt,
) -> Point:
    text = best.content.text if best else library.prompts.labelled(NAME, "production").content.text
    bill = [c for c in library.runs.bill(document["id"]) if c.at < first.created_at]
    report = simulator.score(world, text, folder / f"round-{first.round}.txt")
    return Point(
        calls=sum(c.role == "student" for c in bill),
        tokens=sum(c.tokens_in + c.tokens_out for c in bill if c.role == "teacher"),
        quality=report["test"]["final"],
    )
