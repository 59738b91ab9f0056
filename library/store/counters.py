"""The numbers that a database gives to new rows. Some must never be given twice, even when their rows are gone."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa


def numbered(tables: Iterable[sa.Table]) -> list[tuple[sa.Table, sa.Column[Any]]]:
    """The tables whose key the database counts up, with that column."""
    found = [(table, table.autoincrement_column) for table in tables]
    return [(table, column) for table, column in found if column is not None]


def last_number(connection: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> int:
    """The highest number given so far, also to rows that are gone; 0 for none.

    SQLite remembers it for AUTOINCREMENT tables only; of others it is the highest number that is there.
    """
    highest = connection.execute(sa.select(sa.func.max(column))).scalar() or 0
    if connection.dialect.name == "postgresql":
        sequence = _sequence(connection, table, column)
        said = connection.execute(sa.text(f"SELECT last_value, is_called FROM {sequence}")).one()
        return max(highest, said.last_value if said.is_called else 0)
    if not _remembers(table):
        return int(highest)
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return max(highest, connection.execute(query, {"name": table.name}).scalar() or 0)


def go_on_from(connection: sa.Connection, table: sa.Table, column: sa.Column[Any], number: int) -> None:
    """Let the next row get a higher number than this one."""
    if not number:
        return
    if connection.dialect.name == "postgresql":
        said = {"sequence": _sequence(connection, table, column), "number": number}
        connection.execute(sa.text("SELECT setval(CAST(:sequence AS regclass), :number)"), said)
    elif _remembers(table):
        named = {"name": table.name}
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        said = {**named, "number": number}
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), said)


def _sequence(connection: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> str:
    quoted = connection.dialect.identifier_preparer.format_table(table)
    query = sa.text("SELECT pg_get_serial_sequence(:table, :column)")
    return str(connection.execute(query, {"table": quoted, "column": column.name}).scalar_one())


def _remembers(table: sa.Table) -> bool:
    return bool(table.dialect_options["sqlite"]["autoincrement"])
