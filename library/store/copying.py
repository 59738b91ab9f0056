"""Copy a whole library into an empty one: every table there is, compared before it counts.

One transaction of the source, so that writers may go on and the copy is of one moment; one transaction of the target,
so that a copy that is cut off anywhere has never been, and the same copy can begin again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.errors import ClaimHeld, Refused, Stale
from library.store.audit import AuditCheck, walk
from library.store.counters import go_on_from, last_number, numbered
from library.store.engine import Database
from library.store.fingerprints import Fingerprint, TablePrint
from library.store.insert import storable
from library.store.migrations.upgrade import is_current, migrate
from library.store.tables import ExactJson, claims, metadata

BATCH = 1000
LOCK_WAIT = "10s"

Told = Callable[[str, int, int], None]
"""Hears what is being done, and how many rows of how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds. place: where it is, without a password; audit: its chain, walked there.

    replaced: rows with characters that PostgreSQL cannot keep, which became U+FFFD.
    """

    place: str
    tables: tuple[TablePrint, ...]
    audit: AuditCheck
    replaced: int

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def require_idle(db: Database, now: datetime) -> None:
    """Raise ClaimHeld while a cycle is at work: what it writes next would stay behind."""
    query = sa.select(claims).where(claims.c.run_id.is_not(None), claims.c.lease_until > now).order_by(claims.c.prompt)
    with db.read() as connection:
        held = connection.execute(query.limit(1)).first()
    if held is not None:
        until = f"{held.lease_until:%Y-%m-%d %H:%M:%S} UTC"
        raise ClaimHeld(
            f"run {held.run_id} of {held.owner} works on it until {until} at least",
            held.prompt,
            "Stop the service and wait for the run, then begin again.",
        )


def copy_library(source: Database, target: Database, *, audit_key: bytes, told: Told, moving: bool = False) -> Copied:
    """Fill an empty target with everything that the source holds; returning means compared and committed.

    moving: the source must stand still; Stale, and an empty target, when something wrote to it meanwhile. Refused for a
    target that holds something. audit_key: secret of the chain that is walked at the end.
    """
    with target.read() as new:
        _require_empty(new, target)
    if not is_current(target):
        migrate(target)
    tables = metadata.sorted_tables
    clean = target.dialect == "postgresql"
    with source.read() as old, target.write() as new:
        _lock(new, tables)
        _require_empty(new, target)
        steps = _Steps(told, old, tables, passes=3 if moving else 2)
        prints, replaced = [], 0
        for table in tables:
            one, odd = _copy_table(old, new, table, steps, clean=clean)
            prints.append(one)
            replaced += odd
        for table, column in numbered(tables):
            go_on_from(new, table, column, last_number(old, table, column))
        _compare(prints, _prints(new, tables, steps, "comparing", clean=clean), target)
        if moving:
            with source.read() as later:
                _require_still(prints, _prints(later, tables, steps, "looking again at", clean=clean), source)
        copied = Copied(place=target.place, tables=tuple(prints), audit=walk(new, audit_key), replaced=replaced)
    target.empty_log()
    return copied


class _Steps:
    """Counts rows over all passes, for who watches."""

    def __init__(self, told: Told, connection: sa.Connection, tables: Sequence[sa.Table], *, passes: int) -> None:
        counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables]
        self._told, self._total, self._done = told, sum(counts) * passes, 0

    def __call__(self, said: str, rows: int) -> None:
        self._done += rows
        self._told(said, self._done, self._total)


def _copy_table(
    old: sa.Connection, new: sa.Connection, table: sa.Table, steps: _Steps, *, clean: bool
) -> tuple[TablePrint, int]:
    mark, replaced = Fingerprint(table), 0
    for rows in _batches(old, table):
        kept = [_kept(table, row) for row in rows] if clean else rows
        replaced += sum(was != now for was, now in zip(rows, kept, strict=True)) if clean else 0
        for row in kept:
            mark.add(row)
        new.execute(sa.insert(table), kept)
        steps(f"copying {table.name}", len(kept))
    return mark.result(), replaced


def _prints(
    connection: sa.Connection, tables: Iterable[sa.Table], steps: _Steps, deed: str, *, clean: bool
) -> list[TablePrint]:
    found = []
    for table in tables:
        mark = Fingerprint(table)
        for rows in _batches(connection, table):
            for row in rows:
                mark.add(_kept(table, row) if clean else row)
            steps(f"{deed} {table.name}", len(rows))
        found.append(mark.result())
    return found


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    query = sa.select(table).execution_options(yield_per=BATCH)
    for rows in connection.execute(query).mappings().partitions():
        yield [dict(row) for row in rows]


def _kept(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row as PostgreSQL can keep it. What a hash covers is JSON text there, and stays as it was written."""
    return {name: storable(value) if _rewritten(table.c[name]) else value for name, value in row.items()}


def _rewritten(column: sa.Column[Any]) -> bool:
    return column.type is not ExactJson and isinstance(column.type, sa.Text | sa.JSON)


def _require_empty(connection: sa.Connection, target: Database) -> None:
    there = set(sa.inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in there:
            continue
        filled = connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None
        if filled or "alembic_version" not in there:
            thing = f"the target is not empty (table {table.name})"
            raise Refused(thing, target.place, "Name a database or a file that holds nothing; nothing was changed.")


def _lock(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Keep everybody else from writing to the target; on SQLite the transaction itself does."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
        names = ", ".join(connection.dialect.identifier_preparer.format_table(table) for table in tables)
        connection.execute(sa.text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def _compare(sent: Sequence[TablePrint], arrived: Sequence[TablePrint], target: Database) -> None:
    for one, other in zip(sent, arrived, strict=True):
        if one != other:
            thing = f"table {one.table} did not arrive as it was sent ({one.rows} rows sent, {other.rows} there)"
            raise Refused(thing, target.place, "Nothing was kept there. Please report this.")


def _require_still(before: Sequence[TablePrint], after: Sequence[TablePrint], source: Database) -> None:
    changed = [one.table for one, other in zip(before, after, strict=True) if one != other]
    if changed:
        thing = f"the library was written to while it was copied ({', '.join(changed)})"
        raise Stale(thing, source.place, "Stop the service and whatever imports, and begin again; the target is empty.")
