"""What a table holds, as one number: equal in two databases exactly when they hold equal rows.

Each row is spelled the same way on both databases and hashed; the sum of the hashes does not depend on the order of the
rows, which differs (the databases sort text differently).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

MODULUS = 2**256


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePrint:
    """A table's content. digest: the sum of its rows' SHA-256 modulo 2^256, in hexadecimal."""

    table: str
    rows: int
    digest: str


class Fingerprint:
    """Takes the rows of one table, in any order."""

    def __init__(self, table: sa.Table) -> None:
        self._table, self._columns = table.name, sorted(column.name for column in table.columns)
        self._rows = self._sum = 0

    def add(self, row: dict[str, Any]) -> None:
        """Count one row. row: column name to value, as SQLAlchemy reads it."""
        said = _ENCODER.encode([_plain(row[name]) for name in self._columns])
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(said.encode()).digest(), "big")) % MODULUS
        self._rows += 1

    def result(self) -> TablePrint:
        """What was counted so far."""
        return TablePrint(table=self._table, rows=self._rows, digest=f"{self._sum:064x}")


def _plain(value: Any) -> Any:
    """Numbers in one spelling: JSONB keeps 1e+16 as an integer, and SQLite a negative zero as zero."""
    if isinstance(value, float):
        return int(Decimal(repr(value))) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _spelt(value: object) -> list[str]:
    if isinstance(value, datetime):
        return ["time", value.astimezone(UTC).isoformat()]
    if isinstance(value, bytes | memoryview):
        return ["bytes", bytes(value).hex()]
    raise TypeError(f"a {type(value).__name__} has no spelling")


_ENCODER = json.JSONEncoder(sort_keys=True, default=_spelt)
