"""`prompts export` and `import`: prompts with all versions, labels and metrics in one JSON file (the bundle).

The formats of other tools are in `exchange_in` and `exchange_out`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import click

from agent.entrypoints.cli.bundle_rows import BundlePrompt, read_bundle
from agent.entrypoints.cli.opening import Opened, actor, now, opened
from agent.entrypoints.cli.output import emit, table, to_json, with_json
from agent.entrypoints.cli.reading import read_json
from library.errors import InputError, NotFound
from library.prompts import Content, Prompt, Version

FORMATS = ("bundle", "prompty", "dotprompt", "langfuse", "mlflow", "promptfoo")
FORMAT = "promptkeeper-bundle"
FORMAT_VERSION: Literal[1] = 1

with_format = click.option(
    "--format", "file_format", type=click.Choice(FORMATS), default="bundle", show_default=True, help="File format."
)


@click.command("export")
@click.argument("path")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@with_format
@with_json
def export_command(path: str, names: tuple[str, ...], file_format: str, as_json: bool) -> None:
    """Write all prompts, or those named, to the new file PATH.

    prompty, dotprompt and promptfoo hold one version: NAME (production, else latest), NAME@3 or NAME:label.
    """
    if file_format != "bundle":
        _export_other(path, names, file_format, as_json=as_json)
        return
    with opened() as project:
        store = project.library.prompts
        chosen = [store.get(name) for name in names] if names else list(store.list())
        entries = [_entry(prompt, store.versions(prompt.name)) for prompt in chosen]
    document = {"format": FORMAT, "version": FORMAT_VERSION, "prompts": entries}
    _write_new(path, json.dumps(to_json(document), indent=2, ensure_ascii=False) + "\n")
    said = {"file": path, "format": file_format, "prompts": [prompt.name for prompt in chosen]}
    emit(as_json, said, f"{len(chosen)} prompts written to {path}")


def _export_other(path: str, names: tuple[str, ...], file_format: str, *, as_json: bool) -> None:
    from agent.entrypoints.cli.exchange_out import export_text

    with opened() as project:
        written, chosen = export_text(project, names, file_format, path)
    _write_new(path, written.text)
    for line in written.left_out:
        click.echo(f"note: {line}", err=True)
    said = {"file": path, "format": file_format, "prompts": chosen, "left_out": list(written.left_out)}
    emit(as_json, said, f"{len(chosen)} prompts written to {path}")


def _write_new(path: str, text: str) -> None:
    try:
        with Path(path).open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise InputError("this file exists already", path, "Name another one.") from error
    except FileNotFoundError as error:
        raise NotFound("no such folder", str(Path(path).parent), "Make it first.") from error


def _entry(prompt: Prompt, versions: Sequence[Version]) -> dict[str, Any]:
    return {
        "name": prompt.name,
        "description": prompt.description,
        "metrics": prompt.metrics,
        "labels": prompt.labels,
        "versions": [
            {"number": v.number, "content": v.content.to_json(), "content_hash": v.content_hash, "note": v.note}
            for v in versions
        ],
    }


@click.command("import")
@click.argument("path")
@with_format
@click.option("--name", metavar="NAME", help="Name of the prompt, for files of other tools with one prompt.")
@with_json
def import_command(path: str, file_format: str, name: str | None, as_json: bool) -> None:
    """Add the prompts of the file PATH, with the same version numbers.

    A prompt that exists goes on where its versions end, if they are the first ones of the file; labels that are set
    stay where they are. A mistake anywhere adds nothing. What a file of another tool holds and the library cannot is
    told; logic in templates is refused.
    """
    if file_format != "bundle":
        from agent.entrypoints.cli.exchange_in import import_file

        import_file(path, file_format, name, as_json=as_json)
        return
    if name is not None:
        raise InputError("a bundle has names of its own", "--name", "Leave it out.")
    bundle = read_bundle(read_json(path), path)
    with opened() as project:
        known = {entry.name: _known(project, entry, path) for entry in bundle}
        done = [_add(project, entry, known[entry.name], path) for entry in bundle]
    rows = [(d["name"], d["added"], d["latest"], ", ".join(d["labels_set"]) or None) for d in done]
    document = {"format": file_format, "prompts": done}
    emit(as_json, document, lambda: table(("prompt", "versions added", "latest", "labels set"), rows))


def _known(project: Opened, entry: BundlePrompt, path: str) -> int:
    """How many of the file's versions are in the library; InputError when the histories differ."""
    if project.library.prompts.find(entry.name) is None:
        return 0
    hashes = [v.content_hash for v in project.library.prompts.versions(entry.name)]
    if hashes != [v.content_hash for v in entry.versions][: len(hashes)]:
        raise InputError(
            f"'{entry.name}' has another history in this library", path, "Export the others: prompts export FILE NAME…"
        )
    return len(hashes)


def _add(project: Opened, entry: BundlePrompt, known: int, path: str) -> dict[str, Any]:
    store, who, at = project.library.prompts, actor(), now()
    if store.find(entry.name) is None:
        store.create(entry.name, description=entry.description, metrics=tuple(entry.metrics), actor=who, now=at)
    for version in entry.versions[known:]:
        store.add_version(entry.name, Content.from_json(version.content), actor=who, now=at, note=version.note)
    before = store.get(entry.name).labels
    fresh = {label: number for label, number in entry.labels.items() if label not in before}
    for label, number in sorted(fresh.items()):
        store.move_label(entry.name, label, number, expected=None, actor=who, reason=f"imported from {path}", now=at)
    latest = store.get(entry.name).latest
    return {
        "name": entry.name,
        "added": len(entry.versions) - known,
        "latest": latest,
        "labels_set": sorted(fresh),
    }
