"""Insert rows and learn which were new; cut long id lists; keep text that both databases can store."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
CHUNK = 900
"""Ids per statement: SQLite builds may allow as few as 999 variables."""


def insert_new(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, keys: Sequence[str]
) -> set[tuple[Any, ...]]:
    """Insert the rows whose keys are not there yet and return the keys of those; rows that exist stay untouched.

    Of two rows with equal keys the first counts. Rows go in sorted by key: unsorted ones deadlock between writers.
    """
    if not rows:
        return set()
    first: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        first.setdefault(tuple(row[key] for key in keys), row)
    insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    statement = insert.on_conflict_do_nothing(index_elements=list(keys))
    ordered = [dict(first[key]) for key in sorted(first)]
    if connection.dialect.name == "postgresql" and len(keys) == 1 and len(ordered) > 1:
        connection.execute(statement, ordered)
        return _of_this_transaction(connection, table.c[keys[0]], [key for (key,) in sorted(first)])
    found = connection.execute(statement.returning(*(table.c[key] for key in keys)), ordered)
    return {tuple(row) for row in found}


def _of_this_transaction(connection: sa.Connection, key: sa.Column[Any], values: Sequence[Any]) -> set[tuple[Any, ...]]:
    """Those of the keys whose rows this transaction wrote, by what PostgreSQL notes on every row.

    RETURNING would say so too, but makes one statement of all rows, and taking that apart costs the driver more than
    everything else about them together.
    """
    mine = sa.text("xmin = pg_current_xact_id()::xid")
    wanted = key == sa.func.any(sa.bindparam("values", values, type_=postgresql.ARRAY(key.type)))
    return {tuple(row) for row in connection.execute(sa.select(key).where(wanted, mine))}


def insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows that cannot be there yet; all have the same columns, of numbers and texts.

    On PostgreSQL they go through COPY: a statement for each row costs ten times as much on both sides.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(sa.insert(table), [dict(row) for row in rows])
        return
    columns = list(rows[0])
    named = ", ".join(connection.dialect.identifier_preparer.quote(column) for column in columns)
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({named}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[column] for column in columns])


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in pieces that fit one statement."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def storable(value: Any) -> Any:
    """The same value with what PostgreSQL cannot keep replaced, so that one odd call never refuses a whole batch.

    NUL characters and lone surrogates become U+FFFD; numbers that are not finite become None (in nested JSON too).
    """
    if isinstance(value, str):
        return value if value.isascii() and "\x00" not in value else _clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [storable(inner) for inner in value]
    return value


def _clean(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "\ufffd")
