"""`prompts list`, `show` and `history`."""

from collections.abc import Mapping
from typing import Any

import click

from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import cell, emit, facts, harmless, table, with_json
from library.prompts import PRODUCTION, Prompt, Version, canonical_json
from library.templates import variables


@click.command("list")
@with_json
def list_command(as_json: bool) -> None:
    """List all prompts with their labels."""
    with opened() as project:
        prompts = project.library.prompts.list()
    rows = [(p.name, p.labels.get(PRODUCTION), p.latest, _labels(p), p.description) for p in prompts]
    emit(
        as_json,
        prompts,
        lambda: table(
            ("name", "production", "latest", "other labels", "description"),
            rows,
            empty="no prompts yet: promptkeeper prompts add NAME FILE",
        ),
    )


@click.command("show")
@click.argument("reference", metavar="NAME[@VERSION|:LABEL]")
@with_json
def show_command(reference: str, as_json: bool) -> None:
    """Show one version. NAME alone is the version under the label production."""
    with opened() as project:
        version = project.library.prompts.resolve(reference)
        prompt = project.library.prompts.get(version.prompt)
    emit(as_json, version_document(prompt, version), lambda: _shown(prompt, version))


def version_document(prompt: Prompt, version: Version) -> dict[str, Any]:
    """One version with what its prompt says about it."""
    return {
        "name": prompt.name,
        "version": version.number,
        "content_hash": version.content_hash,
        **version.content.to_json(),
        "variables": variables(version.content),
        "created_at": version.created_at,
        "created_by": version.created_by,
        "note": version.note,
        "description": prompt.description,
        "metrics": prompt.metrics,
        "labels": prompt.labels,
        "latest": prompt.latest,
    }


@click.command("history")
@click.argument("name")
@with_json
def history_command(name: str, as_json: bool) -> None:
    """Show all versions of a prompt and every move of its labels."""
    with opened() as project:
        prompt = project.library.prompts.get(name)
        versions = project.library.prompts.versions(name)
        moves = project.library.prompts.moves(name)
    pointing: dict[int, list[str]] = {}
    for label, number in sorted(prompt.labels.items()):
        pointing.setdefault(number, []).append(label)

    def human() -> str:
        lines = [
            (v.number, v.created_at, v.created_by, ", ".join(pointing.get(v.number, [])), v.content_hash[:19], v.note)
            for v in versions
        ]
        steps = [(m.at, m.label, m.from_version, m.to_version, m.actor, m.reason) for m in moves]
        return "\n\n".join(
            [
                table(("version", "created (UTC)", "by", "labels", "hash", "note"), lines),
                table(("at (UTC)", "label", "from", "to", "by", "reason"), steps, empty="no label was ever set"),
            ]
        )

    document = {
        "name": name,
        "versions": [
            {
                "version": v.number,
                "content_hash": v.content_hash,
                "created_at": v.created_at,
                "created_by": v.created_by,
                "note": v.note,
                "labels": pointing.get(v.number, []),
            }
            for v in versions
        ],
        "moves": moves,
    }
    emit(as_json, document, human)


def _labels(prompt: Prompt) -> str:
    return ", ".join(f"{label} {n}" for label, n in sorted(prompt.labels.items()) if label != PRODUCTION)


def _shown(prompt: Prompt, version: Version) -> str:
    content = version.content
    pointing = [label for label, number in sorted(prompt.labels.items()) if number == version.number]
    head = facts(
        [
            ("prompt", f"{prompt.name}, version {version.number} of {prompt.latest}"),
            ("labels", ", ".join(pointing) or "none"),
            ("description", prompt.description),
            ("created", f"{cell(version.created_at)} UTC by {version.created_by}"),
            ("note", version.note),
            ("hash", version.content_hash),
            ("format", f"{content.kind}, {content.format}"),
            ("variables", ", ".join(variables(content)) or "none"),
            ("config", canonical_json(dict(content.config)) if content.config else None),
            ("metrics", ", ".join(metric_words(m) for m in prompt.metrics)),
        ]
    )
    if content.kind == "text":
        return f"{head}\n\n{harmless(content.text).rstrip()}"
    said = [f"[{m.role}]\n{harmless(m.content).rstrip()}" for m in content.messages]
    return "\n\n".join([head, *said])


def metric_words(metric: Mapping[str, Any]) -> str:
    """A metric's name, with its parameters where it has any."""
    parameters = {k: v for k, v in metric.items() if k != "name"}
    return str(metric["name"]) + (f" {canonical_json(parameters)}" if parameters else "")
