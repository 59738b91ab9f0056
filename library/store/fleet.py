"""The fleet as a sweep sees it without reading states: what is live, what it replaced, and how unlikely the rest is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from library.operations import SYSTEM
from library.prompts import PRODUCTION
from library.scores import Series
from library.store.engine import Database
from library.store.insert import chunks
from library.store.tables import label_moves, labels
from library.store.tables import series as table
from library.store.trends import read_series, read_state
from library.trends import TrendState


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """Series of live versions that a sweep does not touch: how many there are, and the small p-values among them."""

    count: int
    p_values: tuple[float, ...]


class FleetStore:
    """Questions about all live versions at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def live(self, prompts: Collection[str] | None = None, *, label: str = PRODUCTION) -> dict[str, int]:
        """The version that each prompt (of these, or of all) has under a label."""
        query = sa.select(labels.c.prompt, labels.c.version).where(labels.c.label == label)
        found: dict[str, int] = {}
        with self._db.read() as connection:
            if prompts is None:
                return _pairs(connection, query)
            for some in chunks(sorted(prompts)):
                found |= _pairs(connection, query.where(labels.c.prompt.in_(some)))
        return found

    def replaced(self, live: Collection[tuple[str, int]], *, label: str = PRODUCTION) -> dict[str, int]:
        """The version that each of these (prompt, live version) took the label from when it got it last."""
        versions = dict(live)
        m = label_moves.c
        found: dict[str, int] = {}
        with self._db.read() as connection:
            for some in chunks(sorted(versions)):
                query = sa.select(m.prompt, m.from_version, m.to_version).where(m.prompt.in_(some), m.label == label)
                for prompt, before, after in connection.execute(query.order_by(m.id)):
                    if after == versions[prompt] and before is not None:
                        found[prompt] = before
        return found

    def states(self, wanted: Collection[tuple[str, int]]) -> tuple[tuple[Series, TrendState], ...]:
        """All series of these (prompt, version) with their states as last folded."""
        pairs = set(wanted)
        found = []
        with self._db.read() as connection:
            for some in chunks(sorted({prompt for prompt, _ in pairs})):
                query = sa.select(table).where(table.c.prompt.in_(some)).order_by(table.c.id)
                found += [
                    (read_series(row), read_state(row))
                    for row in connection.execute(query)
                    if (row.prompt, row.version) in pairs
                ]
        return tuple(found)

    def pooled(self) -> tuple[tuple[Series, TrendState], ...]:
        """The series of the upstream models: every prompt is a segment of its model."""
        # Only pooled series have version 0; asking for ids alone stays inside an index, away from the states.
        pooled = sa.select(table.c.id).where(table.c.version == 0)
        with self._db.read() as connection:
            ids = list(connection.scalars(pooled))
            found = []
            for some in chunks(ids):
                query = sa.select(table).where(table.c.id.in_(some)).order_by(table.c.id)
                found += [(read_series(row), read_state(row)) for row in connection.execute(query)]
        return tuple(found)

    def resting(self, touched: Sequence[int], *, below: float, system: bool, label: str = PRODUCTION) -> Resting:
        """Series of live versions except those touched, and their p-values up to `below`.

        system: the series of how calls went; else those of judgements.
        """
        is_live = (
            (labels.c.prompt == table.c.prompt) & (labels.c.version == table.c.version) & (labels.c.label == label)
        )
        of_kind = table.c.evaluator == SYSTEM if system else table.c.evaluator != SYSTEM
        with self._db.read() as connection:
            total = connection.scalar(
                sa.select(sa.func.count()).select_from(table).join(labels, is_live).where(of_kind)
            )
            query = (
                sa.select(table.c.id, table.c.p_value).join(labels, is_live).where(of_kind, table.c.p_value <= below)
            )
            mine = set(touched)
            small = tuple(p for id, p in connection.execute(query) if id not in mine)
        return Resting(count=max((total or 0) - len(mine), len(small)), p_values=small)


def _pairs(connection: sa.Connection, query: sa.Select[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}
