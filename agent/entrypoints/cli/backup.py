"""`promptkeeper backup`: a consistent copy of the library while it is in use."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import click

from agent.entrypoints.cli.opening import opened
from agent.entrypoints.cli.output import emit, with_json
from library.errors import InputError, NotFound


@click.command()
@click.argument("path")
@with_json
def command(path: str, as_json: bool) -> None:
    """Copy the library to the new file PATH while it is in use.

    For SQLite; a library in PostgreSQL is copied with pg_dump. To restore: put the file where [library] url points,
    then run `promptkeeper memory rebuild`.
    """
    target = Path(path)
    with opened() as project:
        url = project.library.db.engine.url
        if project.library.db.dialect != "sqlite" or not url.database:
            raise InputError("only a SQLite library is copied this way", "[library] url", "Use pg_dump for PostgreSQL.")
        source = Path(url.database)
        _copy(source, target)
    size = target.stat().st_size
    emit(as_json, {"library": source, "backup": target, "bytes": size}, f"{size} bytes written to {target}")


def _copy(source: Path, target: Path) -> None:
    """Copy with SQLite's online backup, next to the target; an empty file marks the place until the copy is whole."""
    try:
        target.touch(exist_ok=False)
    except FileExistsError as error:
        raise InputError("something is there already", str(target), "Name a new file.") from error
    except FileNotFoundError as error:
        raise NotFound("no such folder", str(target.parent), "Make it first.") from error
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(partial)) as copy:
            # One step: in WAL mode a reader holds no writer up, and copying in parts starts over at every write.
            live.backup(copy)
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        partial.unlink(missing_ok=True)
