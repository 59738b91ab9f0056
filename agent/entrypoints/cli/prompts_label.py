"""`prompts label`: point a label at a version."""

import click

from agent.entrypoints.cli.opening import actor, now, opened
from agent.entrypoints.cli.output import emit, with_json
from library.prompts import validate_label


@click.command()
@click.argument("name")
@click.argument("label")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--reason", default="", help="Why, for the record.")
@with_json
def command(name: str, label: str, version: int, reason: str, as_json: bool) -> None:
    """Point LABEL of prompt NAME at VERSION. The operating-system user is the reviewer who signs for it."""
    validate_label(label)
    with opened() as project:
        prompts = project.library.prompts
        before = prompts.get(name).labels.get(label)
        move = prompts.move_label(name, label, version, expected=before, actor=actor(), reason=reason, now=now())
    origin = "was not set" if move.from_version is None else f"was version {move.from_version}"
    emit(as_json, move, f"{name}: {label} is version {move.to_version} ({origin})")
