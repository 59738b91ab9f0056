"""`promptkeeper demo`: the whole loop on shipped data with the built-in models, command by command."""

import os
import shlex
import shutil
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import click

from library.errors import InputError, Refused

NAME = "parcels/triage"
MARK = ".made-by-promptkeeper-demo"
STORY: Sequence[tuple[str, str]] = (
    ("A project: settings, an empty library, the base policies.", "init"),
    (
        "The prompt that is live, and the test data that existed before the month began.",
        f"prompts add {NAME} prompt.md --label production --description 'sorts messages to a parcel service'",
    ),
    ("", f"datasets add {NAME} golden golden.jsonl"),
    (
        "Three weeks of messages reach it; the monitor looks every six hours of their own clock.",
        f"traces replay {NAME} stream.jsonl --monitor-every 6h",
    ),
    ("The course of its score, day by day.", f"prompts trend {NAME}"),
    ("What the monitor saw: since when, how much, in which segments.", "monitor"),
    ("One cycle: why it fails, candidates, guardrails, tests, a proposal.", "cycle"),
    ("The same in plain words.", f'ask "why did {NAME} degrade?"'),
    ("What a reviewer sees before anything changes in production.", "proposals show"),
)


@click.command()
@click.argument("folder", metavar="[DIR]", default="promptkeeper-demo")
@click.option("--no-serve", is_flag=True, help="End when the story is told, instead of serving the result.")
@click.option("--json", "as_json", is_flag=True, help="Each step prints its JSON document.")
def command(folder: str, no_serve: bool, as_json: bool) -> None:
    """Show the whole loop in DIR, which is made anew: no key, no service, no network."""
    from agent.entrypoints.cli.main import cli

    os.chdir(_prepare(Path(folder)))
    for said, line in STORY:
        click.secho(f"\n# {said}" if said else "", fg="cyan", err=as_json)
        _step(cli, line, as_json)
    click.secho("\n# Now it is your turn:", fg="cyan", err=as_json)
    turn = ("proposals approve", f"evaluate {NAME}@1 heldout.jsonl", f"evaluate {NAME} heldout.jsonl")
    for line in (f"cd {folder}", *(f"promptkeeper {deed}" for deed in turn)):
        click.echo(f"  {line}", err=as_json)
    if not no_serve:
        _step(cli, "serve", as_json)


def _step(cli: click.Command, line: str, as_json: bool) -> None:
    click.secho(f"$ promptkeeper {line}", bold=True, err=as_json)
    arguments = [*shlex.split(line), *(["--json"] if as_json else [])]
    code = cli.main(arguments, prog_name="promptkeeper", standalone_mode=False)
    if code:
        raise Refused(f"the step '{line}' ended with exit code {code}", "demo", "See what it printed.")


def _prepare(folder: Path) -> Path:
    """An empty folder with the shipped data; one that an earlier demo made is replaced, any other is left alone."""
    home = folder.absolute()
    if home.exists():
        if not (home / MARK).is_file():
            raise InputError("the folder exists and was not made by the demo", str(folder), "Name another one.")
        shutil.rmtree(home)
    home.mkdir(parents=True)
    (home / MARK).touch()
    with as_file(files("agent.entrypoints.cli") / "demo_data") as data:
        for file in sorted(data.iterdir()):
            if file.suffix in {".md", ".jsonl"}:
                shutil.copyfile(file, home / file.name)
    return home
