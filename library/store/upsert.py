"""Insert or update many rows: one statement, executed once per row inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    update: Sequence[str] | None,
) -> None:
    """Insert rows; where one with the same keys exists, set the columns named in update to the new values.

    keys: the columns of a primary key or unique constraint. update: None leaves the row that is there as it is.
    Rows are sorted by their keys, because unsorted ones deadlock between writers on PostgreSQL; the driver runs them
    one by one, so no limit on the number of variables of a statement applies.
    """
    if not rows:
        return
    insert = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    if update is None:
        statement = insert.on_conflict_do_nothing(index_elements=list(keys))
    else:
        new = {column: insert.excluded[column] for column in update}
        statement = insert.on_conflict_do_update(index_elements=list(keys), set_=new)
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    connection.execute(statement, [dict(row) for row in ordered])
