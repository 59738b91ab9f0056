"""`promptkeeper audit`: the log of every decision."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from agent.entrypoints.cli.lazy import LazyGroup
from agent.entrypoints.cli.opening import Opened, opened
from agent.entrypoints.cli.output import emit, to_json, with_json
from library.audit import AuditEvent
from library.errors import InputError, NotFound

HERE = "agent.entrypoints.cli.audit"
PAGE = 1000

command = LazyGroup(
    name="audit",
    help="The audit log: verify its hash chain, export it.",
    table={
        "verify": (f"{HERE}:verify_command", "Walk the hash chain and print its head."),
        "export": (f"{HERE}:export_command", "Write all events as JSON lines."),
    },
)


@click.command("verify")
@click.pass_context
@with_json
def verify_command(context: click.Context, as_json: bool) -> None:
    """Walk the hash chain: exit 0 and its head when it is whole, exit 1 and the first bad line when it is not.

    Keep the head somewhere else: a log cut off at its end still verifies, but with another head.
    """
    with opened() as project:
        check = project.library.audit.verify()
    bad = f"the chain is broken at event {check.broken_at}; {check.count} events before it hold together"
    emit(as_json, check, f"{check.count} events, head {check.head}" if check.ok else bad)
    if not check.ok:
        context.exit(1)


@click.command("export")
@click.option("--out", metavar="FILE", help="Write here instead of standard output; an existing file is left alone.")
@with_json
def export_command(out: str | None, as_json: bool) -> None:
    """Write all events, oldest first, as JSON lines (with --json and no --out: one document)."""
    with opened() as project:
        if out is not None:
            count = _write(project, Path(out))
            emit(as_json, {"file": out, "events": count}, f"{count} events written to {out}")
            return
        if as_json:
            emit(True, {"events": list(_events(project))}, "")
            return
        for event in _events(project):
            click.echo(_spelt(event))


def _write(project: Opened, file: Path) -> int:
    count = 0
    try:
        with file.open("x", encoding="utf-8") as stream:
            for event in _events(project):
                stream.write(_spelt(event) + "\n")
                count += 1
    except FileExistsError as error:
        raise InputError("this file exists already", str(file), "Name another one.") from error
    except FileNotFoundError as error:
        raise NotFound("no such folder", str(file.parent), "Make it first.") from error
    return count


def _events(project: Opened) -> Iterator[AuditEvent]:
    after = 0
    while page := project.library.audit.events(after=after, limit=PAGE):
        yield from page
        after = page[-1].number


def _spelt(event: AuditEvent) -> str:
    return json.dumps(to_json(event), ensure_ascii=False)
