"""Test data as stored: items that are added once and then stay as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from library.datasets import Item, ItemRole
from library.errors import NotFound
from library.runs import Claim
from library.store.engine import Database
from library.store.insert import chunks, insert_new, storable
from library.store.runs import hold
from library.store.tables import items as table
from library.store.tables import prompts

_FIELDS = tuple(Item.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSummary:
    """How many items of each role a dataset has; roles without items are left out."""

    dataset: str
    roles: Mapping[ItemRole, int]


class DatasetStore:
    """The datasets of a library."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, items: Sequence[Item], *, claim: Claim | None = None) -> int:
        """Store items in one transaction; one whose id is there already stays as it is. Returns how many were new.

        claim: of the cycle that harvested them; ClaimLost when the cycle was taken over.
        """
        rows = [_row(item) for item in items]
        with self._db.write() as connection:
            if claim is not None:
                hold(connection, claim)
            _check_prompts(connection, sorted({item.prompt for item in items}))
            return len(insert_new(connection, table, rows, keys=("id",)))

    def items(
        self,
        prompt: str,
        *,
        dataset: str | None = None,
        roles: Sequence[ItemRole] | None = None,
        incident_id: int | None = None,
        limit: int | None = None,
    ) -> tuple[Item, ...]:
        """Items of a prompt, ordered by id; None means any."""
        query = sa.select(table).where(table.c.prompt == prompt).order_by(table.c.id).limit(limit)
        if dataset is not None:
            query = query.where(table.c.dataset == dataset)
        if roles is not None:
            query = query.where(table.c.role.in_(roles))
        if incident_id is not None:
            query = query.where(table.c.incident_id == incident_id)
        with self._db.read() as connection:
            return tuple(_item(row) for row in connection.execute(query))

    def summary(self, prompt: str) -> tuple[DatasetSummary, ...]:
        """The datasets of a prompt with their sizes, ordered by name."""
        by = (table.c.dataset, table.c.role)
        query = sa.select(*by, sa.func.count()).where(table.c.prompt == prompt).group_by(*by).order_by(*by)
        counts: dict[str, dict[ItemRole, int]] = {}
        with self._db.read() as connection:
            for dataset, role, count in connection.execute(query):
                counts.setdefault(dataset, {})[role] = count
        return tuple(DatasetSummary(dataset=dataset, roles=roles) for dataset, roles in counts.items())

    def groups(self, prompt: str) -> dict[str, ItemRole]:
        """The role of each group of a prompt over all datasets; where roles differ, that of the smallest item id."""
        query = sa.select(table.c.group, table.c.role).where(table.c.prompt == prompt).order_by(table.c.id)
        roles: dict[str, ItemRole] = {}
        with self._db.read() as connection:
            for group, role in connection.execute(query):
                roles.setdefault(group, role)
        return roles


def _check_prompts(connection: sa.Connection, names: Sequence[str]) -> None:
    known: set[str] = set()
    for some in chunks(names):
        known.update(connection.scalars(sa.select(prompts.c.name).where(prompts.c.name.in_(some))))
    for name in names:
        if name not in known:
            raise NotFound(f"there is no prompt '{name}'", "datasets", "Add it with `promptkeeper prompts add`.")


def _row(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) if name == "created_at" else storable(getattr(item, name)) for name in _FIELDS}


def _item(row: sa.Row[Any]) -> Item:
    return Item(**{name: getattr(row, name) for name in _FIELDS if name != "tags"}, tags=tuple(row.tags))
