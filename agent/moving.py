"""Moving a library to another database, whole and compared; the old one is only read and stays as it is."""

from datetime import datetime

from library.errors import InputError, Outage
from library.store.copying import Copied, Told, copy_library, require_idle
from library.store.engine import Database
from library.store.stores import Library


def move(library: Library, url: str, *, audit_key: bytes, now: datetime, told: Told) -> Copied:
    """Copy everything into the empty database at `url`; returning means compared and committed there.

    Nothing may write to the library meanwhile: ClaimHeld while a cycle is at work, Stale when something was written
    before the end. Refused for a target that holds something. In every such case the target is as empty as before.
    """
    require_idle(library.db, now)
    target = _opened(url)
    try:
        return copy_library(library.db, target, audit_key=audit_key, told=told, moving=True)
    except Outage as error:
        raise Outage(error.thing, error.place, "Check both databases, and begin again: the target is empty.") from error
    finally:
        target.close()


def _opened(url: str) -> Database:
    try:
        return Database(url)
    except InputError as error:
        raise InputError(error.thing, "the target's URL", error.mend) from error
