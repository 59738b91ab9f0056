"""Files of other tools into the library: what `prompts import --format` does for all formats but the bundle."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, table
from agent.entrypoints.cli.reading import read_json, read_text
from library.datasets import Item, item_id, normalised, role_for
from library.errors import InputError
from library.exchange import dotprompt, langfuse, mlflow, prompty
from library.exchange.carried import Carried, Case
from library.prompts import NAME_SEGMENT

DATASET = "imported"
SECRET_ROLES = frozenset({"select", "gate", "anchor"})


def import_file(path: str, file_format: str, name: str | None, *, as_json: bool) -> None:
    """Add the prompts of a file; a mistake in it adds nothing. Everything left out is told on standard error."""
    carried = _read(path, file_format, name)
    with opened() as project:
        versions = [list(group) for _, group in itertools.groupby(carried, key=lambda one: one.name)]
        _check_names(versions, path)
        news = [_new(project, group, path) for group in versions]
        items = [item for group in versions for item in _items(project, group[-1], path)]
        done = [_add(project, group, new, path) for group, new in zip(versions, news, strict=True)]
        added = project.library.datasets.add(items) if items else 0
    left = list(dict.fromkeys(line for one in carried for line in one.left_out))
    document = {"format": file_format, "prompts": done, "items_added": added, "left_out": left}
    for line in left:
        click.echo(f"left out: {line}", err=True)
    emit(as_json, document, lambda: _said(done, added))


def _read(path: str, file_format: str, name: str | None) -> list[Carried]:
    if file_format in {"langfuse", "mlflow"}:
        reader = langfuse.read if file_format == "langfuse" else mlflow.read
        found = reader(read_json(path), path, name)
        if name is not None and len({one.number for one in found}) < len(found):
            raise InputError("there are several prompts", path, "Leave --name out.")
        return found
    text = read_text(path)
    if file_format == "promptfoo":
        from library.exchange import promptfoo

        return promptfoo.read(text, path, name, lambda beside: _beside(path, beside))
    read = prompty.read if file_format == "prompty" else dotprompt.read
    stem = Path(path).stem
    try:
        return [read(text, path, name)]
    except InputError as error:
        if name is not None or "cannot be a prompt's name" not in error.thing or not NAME_SEGMENT.fullmatch(stem):
            raise
    return [read(text, path, stem)]  # titles such as "Basic Prompt" are no names; the file has one


def _beside(path: str, beside: str) -> str:
    folder = Path(path).parent.resolve()
    wanted = (folder / beside).resolve()
    if not wanted.is_relative_to(folder):
        raise InputError(f"'{beside}' is outside the folder", path, "Put the file beside the configuration.")
    return read_text(str(wanted))


def _check_names(versions: Sequence[Sequence[Carried]], path: str) -> None:
    names = [group[0].name for group in versions]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"prompt '{name}' is there twice", path, "Keep one of them, or use --name.")


def _new(project: Opened, group: Sequence[Carried], path: str) -> list[Carried]:
    """Those that are not in the library yet; InputError when the histories differ."""
    if project.library.prompts.find(group[0].name) is None:
        return list(group)
    hashes = [v.content_hash for v in project.library.prompts.versions(group[0].name)]
    if len(group) == 1:
        return [] if hashes and hashes[-1] == group[0].content.hash else list(group)
    distinct = [key for key, _ in itertools.groupby(one.content.hash for one in group)]
    if distinct[: len(hashes)] != hashes:
        raise InputError(f"'{group[0].name}' has another history in this library", path, "Import it as --name NAME.")
    seen = set(hashes)
    return [one for one in group if one.content.hash not in seen]


def _add(project: Opened, group: Sequence[Carried], new: Sequence[Carried], path: str) -> dict[str, Any]:
    store, who, at, name = project.library.prompts, actor(), now(), group[0].name
    if store.find(name) is None:
        metrics = group[-1].metrics
        more: dict[str, Any] = {"metrics": metrics} if metrics else {}
        store.create(name, description=group[-1].description, actor=who, now=at, **more)
    before = store.get(name)
    for one in new:
        store.add_version(name, one.content, actor=who, now=at, note=one.note or f"imported from {path}")
    numbers = {v.content_hash: v.number for v in store.versions(name)}
    fresh = {label: numbers[one.content.hash] for one in group for label in one.labels if label not in before.labels}
    for label, number in sorted(fresh.items()):
        store.move_label(name, label, number, expected=None, actor=who, reason=f"imported from {path}", now=at)
    latest = store.get(name).latest
    return {"name": name, "added": (latest or 0) - (before.latest or 0), "latest": latest, "labels_set": sorted(fresh)}


def _items(project: Opened, carried: Carried, path: str) -> list[Item]:
    groups = project.library.datasets.groups(carried.name)
    return [_item(carried, case, groups.get(normalised(case.inputs)), path) for case in carried.cases]


def _item(carried: Carried, case: Case, known: Any, path: str) -> Item:
    group = normalised(case.inputs)
    if case.role == "learn" and known in SECRET_ROLES:
        raise InputError(f"a test's text is a {known} item already", path, "Leave its role out.")
    return Item(
        id=item_id(carried.name, DATASET, case.inputs),
        prompt=carried.name,
        dataset=DATASET,
        role=known or case.role or role_for(carried.name, group),
        inputs=dict(case.inputs),
        expected=case.expected,
        segment=case.segment,
        group=group,
        created_at=now(),
    )


def _said(done: Sequence[dict[str, Any]], added: int) -> str:
    rows = [(d["name"], d["added"], d["latest"], ", ".join(d["labels_set"]) or None) for d in done]
    said = table(("prompt", "versions added", "latest", "labels set"), rows)
    return f"{said}\n{added} test items added to dataset '{DATASET}'" if added else said
