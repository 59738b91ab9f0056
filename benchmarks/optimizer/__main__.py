"""Optimisers on the same tasks over HTTP: what they find, what it costs, what they break.

    python -m benchmarks.optimizer --sim FOLDER --ours --out DIR
    python -m benchmarks.optimizer --sim FOLDER --ours --peers gepa,dspy-mipro --worlds triage-11,extract-13 --out DIR

FOLDER holds the simulator (or name it in PROMPTKEEPER_SIMULATOR). Every optimiser gets the same endpoint, the same
first prompt and the same train and validation data (Promptkeeper's gate needs 40 more items, and pays for them); its
calls and tokens are those that the server counted; its final prompt is measured on data that nobody has seen. The
promises (null runs, faults, crashes …) are measured by `python -m benchmarks.optimizer.suites`.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.optimizer import ours
from benchmarks.optimizer.curve import curve_svg
from benchmarks.optimizer.ours import OURS
from benchmarks.optimizer.peers import Missing, peers, run_peer
from benchmarks.optimizer.result import Result, table
from benchmarks.optimizer.simulator import Simulator, folder_of, running
from benchmarks.optimizer.worlds import DEFAULT, parse_worlds


def main() -> None:
    """Run what was asked for; print a table with what the folder holds already; keep it as JSON and as a picture."""
    options = _options()
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    with running(folder_of(options.sim), options.worlds, out) as simulator:
        results = _ours(simulator, options, out) if options.ours else []
        measured = [_peer(simulator, name, options, out) for name in options.peers]
    missing = [m for some in measured for m in some if isinstance(m, Missing)]
    results += [r for some in measured for r in some if isinstance(r, Result)]
    results += _kept(out / "results.json", {OURS} if options.ours else set(), options.peers)
    document = {"results": [r.to_json() for r in results], "missing": [{"name": m.name, "why": m.why} for m in missing]}
    (out / "results.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    (out / "curve.svg").write_text(curve_svg(results), encoding="utf-8")
    print(table(results))
    print("\n".join(dict.fromkeys(f"{m.name}: not measured, {m.why}" for m in missing)))


def _kept(file: Path, ours: set[str], names: Sequence[str]) -> list[Result]:
    """Results that an earlier call left in the folder, of optimisers that were not run now."""
    if not file.exists():
        return []
    earlier = [Result.from_json(r) for r in json.loads(file.read_text(encoding="utf-8"))["results"]]
    return [r for r in earlier if r.optimizer not in ours | set(names)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizer", description="Optimisers side by side.")
    parser.add_argument("--sim", type=Path, help="the simulator's folder")
    parser.add_argument("--worlds", type=parse_worlds, default=parse_worlds(DEFAULT), help=f"default: {DEFAULT}")
    parser.add_argument("--seeds", type=int, default=1, help="runs per world, seeds 1, 2, …")
    parser.add_argument("--ours", action="store_true", help="run Promptkeeper")
    parser.add_argument("--peers", type=_names, default=(), help=f"some of {','.join(peers())}")
    parser.add_argument(
        "--calls", type=_numbers, default=(300,), help="budgets of a peer in student calls, such as 300,900"
    )
    parser.add_argument("--bare", action="store_true", help="without naming the safety clause as protected")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at the same time")
    parser.add_argument("--out", type=Path, required=True, help="folder for projects, prompts and results.json")
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in peers()]
    if unknown:
        raise argparse.ArgumentTypeError(f"no peer '{unknown[0]}'; there are {', '.join(peers())}")
    return names


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _ours(simulator: Simulator, options: argparse.Namespace, out: Path) -> list[Result]:
    shutil.rmtree(out / OURS, ignore_errors=True)
    wanted = [(world, seed) for world in options.worlds for seed in range(1, options.seeds + 1)]
    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(lambda w: ours.run(simulator, w[0], w[1], out, protect=not options.bare), wanted))


def _peer(simulator: Simulator, name: str, options: argparse.Namespace, out: Path) -> Sequence[Result | Missing]:
    wanted = [
        (world, seed, calls)
        for world in options.worlds
        for seed in range(1, options.seeds + 1)
        for calls in options.calls
    ]
    first = run_peer(simulator, name, *wanted[0], out)  # alone, because it may have to make the environment
    with ThreadPoolExecutor(options.jobs) as pool:
        return [first, *pool.map(lambda w: run_peer(simulator, name, *w, out), wanted[1:])]


if __name__ == "__main__":
    main()
