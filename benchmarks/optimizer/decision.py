"""The decision of a run as text that can be compared byte by byte: attempts in order, states, results, the proposal."""

import json
from pathlib import Path
from typing import Any

from benchmarks.optimizer.project import NAME, library_of

FLEETING = frozenset({"latency_ms", "created_at"})
"""Keys of results that tell the time; no decision may rest on them."""


def decision_log(folder: Path, run_id: int) -> str:
    """What was tried and decided, without anything that only tells the time."""
    library = library_of(folder)
    try:
        run = library.runs.get(run_id)
        tried = [
            {
                "number": a.number,
                "round": a.round,
                "strategy": a.strategy,
                "state": a.state,
                "reason": a.reason,
                "hypothesis": a.hypothesis,
                "hash": a.content_hash,
                "result": lasting(dict(a.result)),
            }
            for a in library.runs.attempts(run_id=run_id)
        ]
        proposals = [p.content_hash for p in library.proposals.list(prompt=NAME)]
        ended = [run.stop_reason, run.stop_detail, list(run.path)]
    finally:
        library.db.close()
    return json.dumps({"attempts": tried, "ended": ended, "proposals": proposals}, indent=1, sort_keys=True)


def lasting(said: Any) -> Any:
    """The same without the keys that tell the time."""
    if isinstance(said, dict):
        return {key: lasting(value) for key, value in said.items() if key not in FLEETING}
    return [lasting(value) for value in said] if isinstance(said, list) else said


def keys_of(folder: Path, run_id: int) -> list[str]:
    """Keys of all finished calls of a run, sorted."""
    library = library_of(folder)
    try:
        with library.db.read() as connection:
            rows = connection.exec_driver_sql(f"SELECT key FROM calls WHERE scope = 'run:{int(run_id)}'")
            return sorted(row[0] for row in rows)
    finally:
        library.db.close()
