"""`promptkeeper backup`: a consistent copy of the library while it is in use."""

from pathlib import Path

import click

from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.signing import audit_key


@click.command()
@click.argument("path")
@with_json
def command(path: str, as_json: bool) -> None:
    """Copy the library to the new file PATH while it is in use.

    The file is a SQLite library of its own, whatever the library is kept in. To restore it: put it where [library] url
    points, or move it into PostgreSQL with `promptkeeper migrate-to`; then run `promptkeeper memory rebuild`.
    """
    from library.store.backup import back_up

    target, shown = Path(path), progress()
    with opened() as project:
        place = project.library.db.place
        back_up(project.library.db, target, audit_key=audit_key(), told=shown)
    done(shown)
    size = target.stat().st_size
    emit(as_json, {"library": place, "backup": target, "bytes": size}, f"{size} bytes written to {target}")
