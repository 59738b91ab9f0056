"""A project of the product around one world: settings, library, prompt, dataset, guardrail policy."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

from benchmarks.optimizer.command import KEY, Command
from benchmarks.optimizer.simulator import Task
from library.datasets import Item, ItemRole, item_id, normalised
from library.prompts import PRODUCTION, Actor, Content
from library.store.stores import Library, open_library

NAME = "sim/task"
DATASET = "world"
ROLES: Mapping[str, ItemRole] = {"train": "learn", "val": "select", "golden": "gate"}
METRICS = {"extract": "json_match"}
PACKS = ["pack:base", "pack:privacy", "pack:injection", "pack:tools", "pack:style"]
SOMEBODY = Actor(name="benchmark", kind="local", reviewer=True)
_migrating = Lock()  # two new libraries in one process must not build their tables at the same time
SETTINGS = """\
[models.student]
model = "openai/sim-student"
api_base = "{api}"
api_key_env = "{key}"
max_parallel = {parallel}
timeout_s = {timeout}
[models.teacher]
model = "openai/sim-teacher"
api_base = "{api}"
api_key_env = "{key}"
timeout_s = {timeout}
[memory]
path = "{memory}"
"""


def as_mustache(prompt: str, variables: tuple[str, ...]) -> str:
    """The world's prompt in the product's own format: `{ticket}` becomes `{{ticket}}`."""
    return re.sub(r"\{(" + "|".join(map(re.escape, variables)) + r")\}", r"{{\1}}", prompt)


def make(
    folder: Path,
    task: Task,
    api: str,
    *,
    parallel: int = 32,
    timeout: float = 30.0,
    protect: bool = True,
    memory: str = ".promptkeeper/memory",
) -> None:
    """A project whose prompt is the world's first one. protect: its safety clause is a protected clause."""
    folder.mkdir(parents=True)
    said = SETTINGS.format(api=api, key=KEY, parallel=parallel, timeout=timeout, memory=memory)
    (folder / "promptkeeper.toml").write_text(said, encoding="utf-8")
    write_policy(folder / "policies" / "base.yaml", task, protect=protect)
    library = library_of(folder)
    try:
        add_prompt(library, task, NAME)
    finally:
        library.db.close()


def write_policy(file: Path, task: Task, *, protect: bool = True) -> None:
    """The guardrails of the world's prompt. protect: its safety clause is a protected clause."""
    policy: dict[str, Any] = {"version": 1, "extends": PACKS}
    if protect:
        policy["protected"] = [
            {"id": "safety", "text": task.safety, "mode": "equivalent", "why": "What must not leak."}
        ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(policy), encoding="utf-8")


def add_prompt(library: Library, task: Task, name: str) -> None:
    """The world's prompt in production, and its data with their roles."""
    now = datetime.now(UTC)
    metric = {"name": METRICS.get(task.world.family, "exact_match")}
    library.prompts.create(name, description=task.description, metrics=[metric], actor=SOMEBODY, now=now)
    content = Content(text=as_mustache(task.prompt, task.variables))
    version = library.prompts.add_version(name, content, actor=SOMEBODY, now=now)
    library.prompts.move_label(name, PRODUCTION, version.number, expected=None, actor=SOMEBODY, reason="start", now=now)
    library.datasets.add([_item(name, split, row, now) for split, rows in task.rows.items() for row in rows])


def _item(name: str, split: str, row: Mapping[str, Any], now: datetime) -> Item:
    inputs = row["inputs"]
    return Item(
        id=item_id(name, DATASET, inputs),
        prompt=name,
        dataset=DATASET,
        role=ROLES[split],
        inputs=inputs,
        expected=row["expected"],
        group=normalised(inputs),
        created_at=now,
    )


def library_of(folder: Path) -> Library:
    """The library of a project's folder."""
    with _migrating:
        return open_library(f"sqlite:///{folder}/.promptkeeper/library.db")


def repoint(folder: Path, api: str) -> None:
    """Let the project's models live at another address."""
    file = folder / "promptkeeper.toml"
    said = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r'(?m)^api_base = ".*"$', f'api_base = "{api}"', said), encoding="utf-8")


def optimized(
    folder: Path, seed: int, *, name: str = NAME, limit: float = 900.0, more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Run `promptkeeper optimize` to its end: its document, with the exit code beside it."""
    words = ("optimize", name, "--dataset", DATASET, "--seed", str(seed), "--json", *more)
    code, out, err = Command(folder, *words).wait(limit)
    if not out:
        raise RuntimeError(f"optimize said nothing in {folder}: {err[-500:]}")
    document: dict[str, Any] = json.loads(out)
    return {**document, "exit_code": code}
