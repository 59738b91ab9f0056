"""What a peer's script is given and gives back, with the standard library only: it runs in the peer's environment."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIELDS = frozenset(
    {"api", "prompt", "instructions", "description", "family", "variables", "train", "val", "seed", "calls"}
)


@dataclass(frozen=True)
class Order:
    """A task. prompt: with placeholders; instructions: the same without the input block; calls: limit for the student.

    train, val: rows {"inputs": …, "expected": …}.
    """

    api: str
    prompt: str
    instructions: str
    description: str
    family: str
    variables: list[str]
    train: list[dict[str, Any]]
    val: list[dict[str, Any]]
    seed: int
    calls: int

    def judge(self, output: str, expected: str) -> tuple[float, str]:
        """Score and feedback: equal as JSON objects for extraction, as text without case elsewhere."""
        said = (output or "").strip()
        if self.family == "extract":
            return _judge_json(said, json.loads(expected))
        if said.casefold() == expected.strip().casefold():
            return 1.0, "correct"
        return 0.0, f"incorrect: expected {expected} but got {said[:300]}"


def _judge_json(said: str, wanted: Mapping[str, Any]) -> tuple[float, str]:
    try:
        got = json.loads(said)
    except ValueError:
        return 0.0, f"incorrect: not a JSON object; expected {json.dumps(wanted)} but got {said[:300]}"
    if got == wanted:
        return 1.0, "correct"
    return 0.0, f"incorrect: expected {json.dumps(wanted)} but got {said[:300]}"


def as_text(inputs: Mapping[str, str]) -> str:
    """Inputs as a message of their own."""
    return "\n".join(f"{name}: {value}" for name, value in inputs.items())


def run(optimise: Callable[[Order], dict[str, Any]]) -> None:
    """Read the order, run the peer, write what it found: {"prompt", "system": inputs follow it, "ended"}."""
    order = Order(**{k: v for k, v in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")).items() if k in FIELDS})
    found = optimise(order)
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
