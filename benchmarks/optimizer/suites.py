"""What must never happen, and what must: one table per suite.

    python -m benchmarks.optimizer.suites null --out DIR
    python -m benchmarks.optimizer.suites faults --sim FOLDER --out DIR

null         nothing is better: how often is something called better?
planted      one known defect: is it repaired?
faults       a bad network: is the decision the same, does a cap hold?
determinism  1, 8 and 64 calls at a time: is the decision the same to the byte?
crash        kill -9 at every tenth call: the same decision, nothing paid twice?
memory       a kind of failure that was repaired before: is it cheaper the second time, and a new one no dearer?
"""

import argparse
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.optimizer.crash import run_crash
from benchmarks.optimizer.determinism import run_determinism
from benchmarks.optimizer.faults import run_faults
from benchmarks.optimizer.memory import run_memory
from benchmarks.optimizer.null_runs import run_null
from benchmarks.optimizer.planted import healthy_worlds, run_planted
from benchmarks.optimizer.simulator import Simulator, World, folder_of, running
from benchmarks.optimizer.worlds import parse_worlds

Suite = Callable[[Simulator, argparse.Namespace, Path], dict[str, Any]]

WORLDS = {
    "faults": "triage-51-8,triage-52-8,triage-53-8,triage-54-8,extract-55-8,extract-56-8,extract-57-8,extract-58-8,"
    "arith-59-8,arith-60-8",
    "determinism": "triage-11,extract-13",
    "crash": "triage-11-8",
    "memory": "triage-11,triage-105,extract-13,extract-16,arith-15,arith-21",
}
"""The worlds of a suite where none are named; two of a family in `memory` lack six of seven rules in common."""


def main() -> None:
    """Run one suite, print it, keep it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizer.suites", description="Promises, measured.")
    parser.add_argument("suite", choices=["null", "planted", "faults", "determinism", "crash", "memory"])
    parser.add_argument("--sim", type=Path, help="the simulator's folder")
    parser.add_argument("--worlds", type=parse_worlds, help="instead of the suite's own")
    parser.add_argument("--runs", type=int, default=300, help="of the suite null")
    parser.add_argument("--jobs", type=int, default=2, help="at the same time, where the suite allows it")
    parser.add_argument("--out", type=Path, required=True, help="folder for projects and results")
    options = parser.parse_args()
    out = options.out.absolute()
    shutil.rmtree(out / options.suite, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    document = run_null(out / "null", options.runs) if options.suite == "null" else _over_http(options, out)
    (out / f"{options.suite}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    print("\n".join(lines(document)))


def _over_http(options: argparse.Namespace, out: Path) -> dict[str, Any]:
    if options.suite == "planted":
        worlds: Sequence[World] = healthy_worlds()
    else:
        worlds = options.worlds or parse_worlds(WORLDS[options.suite])
    with running(folder_of(options.sim), worlds, out) as simulator:
        return SUITES[options.suite](simulator, options, out)


def _memory(simulator: Simulator, options: argparse.Namespace, out: Path) -> dict[str, Any]:
    worlds = options.worlds or parse_worlds(WORLDS["memory"])
    again = [(one, other) for one in worlds for other in worlds if one != other and one.family == other.family]
    strange = [(worlds[i - 1], world) for i, world in enumerate(worlds) if worlds[i - 1].family != world.family]
    return run_memory(simulator, again + strange, out)


SUITES: Mapping[str, Suite] = {
    "planted": lambda simulator, options, out: run_planted(simulator, out, options.jobs),
    "faults": lambda simulator, options, out: run_faults(simulator, _worlds(options), out),
    "determinism": lambda simulator, options, out: run_determinism(simulator, _worlds(options), out),
    "crash": lambda simulator, options, out: run_crash(simulator, _worlds(options)[0], out),
    "memory": _memory,
}


def _worlds(options: argparse.Namespace) -> list[World]:
    return list(options.worlds or parse_worlds(WORLDS[options.suite]))


def lines(document: Mapping[str, Any]) -> list[str]:
    """The document as lines: its tables row by row, then what is said of the whole."""
    said = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            said += ["  ".join(f"{name} {_flat(part)}" for name, part in row.items()) for row in value]
        else:
            said.append(f"{key}: {_flat(value)}")
    return said


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key} {_flat(part)}" for key, part in value.items()) + ")"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
