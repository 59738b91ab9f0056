"""Planted defects: a prompt that says everything is broken in one place; is the very thing repaired?

Ten kinds of damage over three families of tasks. A defect counts as repaired when a proposal is made whose held-out
quality regains most of what the defect cost, with nothing unsafe and no variable lost.
"""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.run_story import CHOSEN
from benchmarks.optimizer.ours import final_prompt
from benchmarks.optimizer.project import library_of, make, optimized
from benchmarks.optimizer.simulator import Simulator, World

REGAINED = 0.8
"""Share of the lost quality that a repair has to bring back."""
K = 8
PLACES = (("triage", 31), ("extract", 32), ("arith", 33))
LEAST = 0.05
"""Held-out quality that a defect has to cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A kind of damage to a skill's sentence in a healthy prompt. skill: which one, by its id."""

    name: str
    family: str
    seed: int
    skill: str
    damage: Callable[[str, str, Mapping[str, Any]], str]

    @property
    def world(self) -> World:
        """The world whose first prompt says everything."""
        return World(family=self.family, seed=self.seed, k=K, known=K)


def removed(prompt: str, sentence: str, skill: Mapping[str, Any]) -> str:
    """The sentence is gone."""
    return prompt.replace(sentence + "\n", "")


def contradicted(prompt: str, sentence: str, skill: Mapping[str, Any]) -> str:
    """A later sentence says the opposite."""
    return prompt.replace(sentence + "\n", f"{sentence}\n{skill['contra']}\n")


def replaced(prompt: str, sentence: str, skill: Mapping[str, Any]) -> str:
    """The opposite stands in its place."""
    return prompt.replace(sentence, skill["contra"])


def blurred(prompt: str, sentence: str, skill: Mapping[str, Any]) -> str:
    """A vague sentence stands in its place."""
    return prompt.replace(sentence, skill["vague"])


def cancelled(prompt: str, sentence: str, skill: Mapping[str, Any]) -> str:
    """The sentence is taken back where it stands."""
    return prompt.replace(sentence, f"{sentence.rstrip('.')}, but disregard this rule.")


def defects(simulator: Simulator, out: Path) -> list[Defect]:
    """Every damage, each on another skill of the healthy worlds: the most frequent one where it does damage at all.

    A defect that costs less than `LEAST` is no test of a search: no rule could prove its repair on so few items.
    """
    ways = {
        "missing rule": removed,
        "contradiction": contradicted,
        "opposite rule": replaced,
        "vague rule": blurred,
        "rule taken back": cancelled,
    }
    found = []
    for family, seed in PLACES:
        world = World(family=family, seed=seed, k=K, known=K)
        left = _frequent(simulator, world)
        for name, damage in ways.items():
            tried = [Defect(name=name, family=family, seed=seed, skill=skill, damage=damage) for skill in left]
            defect = next((d for d in tried if _cost(simulator, d, out) >= LEAST), None)
            if defect is not None:
                left.remove(defect.skill)
                found.append(defect)
    return found


def _cost(simulator: Simulator, defect: Defect, out: Path) -> float:
    """Held-out quality that a defect takes away."""
    skill, sentence = _sentence(simulator, defect)
    healthy = simulator.task(defect.world).prompt
    file = out / "planted.txt"
    texts = (healthy, defect.damage(healthy, sentence, skill))
    before, after = (_quality(simulator, defect.world, text, file) for text in texts)
    return before - after


def healthy_worlds() -> list[World]:
    """The worlds that have to be made."""
    return [World(family=family, seed=seed, k=K, known=K) for family, seed in PLACES]


def run_planted(simulator: Simulator, out: Path, jobs: int) -> dict[str, Any]:
    """A row per defect."""
    planted = defects(simulator, out)
    with ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(lambda d: _repair(simulator, d, out), planted))
    kinds = {
        d.name: [row["repaired"] for d2, row in zip(planted, rows, strict=True) if d2.name == d.name] for d in planted
    }
    by_kind = {name: f"{sum(some)} of {len(some)}" for name, some in kinds.items()}
    return {"rows": rows, "kinds": by_kind, "repaired": sum(row["repaired"] for row in rows), "of": len(rows)}


def _repair(simulator: Simulator, defect: Defect, out: Path) -> dict[str, Any]:
    skill, sentence = _sentence(simulator, defect)
    task = simulator.task(defect.world)
    broken = defect.damage(task.prompt, sentence, skill)
    name = re.sub(r"\W+", "-", f"{defect.family} {defect.name}")
    folder = out / "planted" / name
    make(folder, replace(task, prompt=broken), simulator.api(name, defect.world))
    document = optimized(folder, seed=1)
    library = library_of(folder)
    try:
        final = final_prompt(library, document)
        chosen = [a for a in library.runs.attempts(run_id=document["id"]) if a.state in CHOSEN]
    finally:
        library.db.close()
    scores = [
        _quality(simulator, defect.world, text, folder / f"{at}.txt") for at, text in enumerate((task.prompt, broken))
    ]
    report = simulator.score(defect.world, final, folder / "final.txt")
    healthy, sick, mended = *scores, report["test"]["final"]
    enough = mended >= sick + REGAINED * (healthy - sick)
    clean = report["test"]["unsafe"] == 0 and report["vars_kept"]
    return {
        "defect": f"{defect.family}: {defect.name} ({defect.skill})",
        "healthy": healthy,
        "broken": sick,
        "final": mended,
        # What went to the gate, proven or not: tells a search that failed from a gate that had too few items.
        "found": _quality(simulator, defect.world, chosen[-1].content.text, folder / "found.txt") if chosen else sick,
        "calls": simulator.stats(name)["student"]["calls"],
        "ended": document["stop_reason"],
        "repaired": bool(document["proposal_id"] is not None and enough and clean),
    }


def _quality(simulator: Simulator, world: World, prompt: str, file: Path) -> float:
    quality: float = simulator.score(world, prompt, file)["test"]["final"]
    return quality


def _said(simulator: Simulator, world: World) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((simulator.worlds / f"{world.name}.json").read_text(encoding="utf-8"))
    return said


def _frequent(simulator: Simulator, world: World) -> list[str]:
    """The skills by how many held-out examples need them, most first."""
    said = _said(simulator, world)
    counts = {s["id"]: sum(s["id"] in e["skills"] for e in said["examples"]) for s in said["skills"]}
    return sorted(counts, key=lambda skill: (-counts[skill], skill))


def _sentence(simulator: Simulator, defect: Defect) -> tuple[Mapping[str, Any], str]:
    said = _said(simulator, defect.world)
    skill = next(s for s in said["skills"] if s["id"] == defect.skill)
    sentence = next(s for s in skill["say"] if s in said["initial_prompt"])
    return skill, sentence
