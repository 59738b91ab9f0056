"""A consistent copy of a library in use, as one SQLite file: a library that opens by itself."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from library.errors import InputError, NotFound
from library.store.copying import Told, copy_library
from library.store.engine import Database


def back_up(db: Database, path: Path, *, audit_key: bytes, told: Told) -> None:
    """Write the library as it is at this moment to the new file; it is there when it is whole, and not before.

    SQLite: the online backup of the database itself. PostgreSQL: one REPEATABLE READ transaction, table by table into
    a SQLite library, compared at the end. Writers go on meanwhile. InputError when something is there already.
    """
    if path.exists():
        raise InputError("something is there already", str(path), "Name a new file.")
    if not path.parent.is_dir():
        raise NotFound("no such folder", str(path.parent), "Make it first.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if db.dialect == "sqlite":
            _online(Path(make_url(db.url).database or ""), partial)
        else:
            _table_by_table(db, partial, audit_key, told)
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        os.link(partial, path)
        _keep_name(path.parent)
    except FileExistsError as error:
        raise InputError("something is there already", str(path), "Name a new file.") from error
    finally:
        for rest in ("", "-wal", "-shm"):
            partial.with_name(partial.name + rest).unlink(missing_ok=True)


def _online(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        # One step: in WAL mode a reader holds no writer up, and copying in parts starts over at every write.
        live.backup(copy)


def _table_by_table(db: Database, target: Path, audit_key: bytes, told: Told) -> None:
    new = Database(f"sqlite:///{target.absolute()}")
    try:
        copy_library(db, new, audit_key=audit_key, told=told)
    finally:
        new.close()  # the last connection takes the write-ahead log into the file


def _keep_name(folder: Path) -> None:
    """A new name survives a power cut once its folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
