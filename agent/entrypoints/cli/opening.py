"""Opening the project that the current folder belongs to, and who works on it."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.entrypoints.signing import audit_key
from library.prompts import Actor

if TYPE_CHECKING:
    from agent.settings import Settings
    from library.store.stores import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A project at work: its settings and its library."""

    settings: "Settings"
    library: "Library"


@contextmanager
def opened() -> Iterator[Opened]:
    """The project of the current folder (or of one above it); its connections are given back at the end.

    NotFound where there is no project, Outage where the library does not answer.
    """
    from agent.settings import find_root, load_settings

    settings = load_settings(find_root(Path.cwd()))
    from library.store.stores import open_library

    library = open_library(settings.library_url, audit_key=audit_key())
    try:
        yield Opened(settings=settings, library=library)
    finally:
        library.db.close()


def actor() -> Actor:
    """The operating-system user, who is the reviewer on the command line."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        name = f"uid-{os.getuid()}"
    return Actor(name=name, kind="local", reviewer=True)


def now() -> datetime:
    """The time at which a command runs, in UTC."""
    return datetime.now(UTC)
