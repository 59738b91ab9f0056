"""Store scores: a new one counts, a changed one replaces what it counted before, the same one again changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from library.errors import InputError
from library.operations import SYSTEM, SYSTEM_REVISION, call_scores, upstream_name
from library.scores import Score, validate_value
from library.store.deltas import DeltaBatch, SeriesKey
from library.store.insert import chunks, storable
from library.store.tables import scores as table
from library.store.tables import traces
from library.store.upsert import upsert

KEYS = ("trace_id", "name", "source", "evaluator", "revision")
SCORE_FIELDS = (*KEYS, "value", "ts", "comment")


class Home(NamedTuple):
    """What a trace gives the trends of its scores."""

    prompt: str
    version: int
    segment: str | None
    ts: datetime
    model: str | None = None
    arm: str | None = None

    def series(self, metric: str, evaluator: str, revision: str) -> SeriesKey:
        """The series that a score of this trace belongs to."""
        return SeriesKey(self.prompt, self.version, metric, evaluator, revision)

    def put(self, batch: DeltaBatch, score: Score | sa.Row[Any], *, sign: int = 1) -> None:
        """Count a score of this trace, or take it out again (sign -1), for its prompt and for its model."""
        key = self.series(score.name, score.evaluator, score.revision)
        batch.put(key, ts=self.ts, segment=self.segment, value=score.value, sign=sign)
        if self.model:
            pooled = key._replace(prompt=upstream_name(self.model), version=0)
            batch.put(pooled, ts=self.ts, segment=self.prompt, value=score.value, sign=sign)
        self._put_arm(batch, key, score.value, sign)

    def put_call(self, batch: DeltaBatch, call: Mapping[str, Any], *, sign: int = 1) -> None:
        """Count the call itself under the system metrics. call: error, latency_ms, cost, finish_reason."""
        scores = call_scores(
            failed=call["error"] is not None,
            latency_ms=call["latency_ms"],
            cost=call["cost"],
            finish_reason=call["finish_reason"],
        )
        for metric, value in scores.items():
            key = self.series(metric, SYSTEM, SYSTEM_REVISION)
            batch.put(key, ts=self.ts, segment=self.segment, value=value, sign=sign)
            self._put_arm(batch, key, value, sign)

    def _put_arm(self, batch: DeltaBatch, key: SeriesKey, value: float, sign: int) -> None:
        if self.arm is not None:
            batch.arms.put(self.arm, **key._asdict(), ts=self.ts, segment=self.segment, value=value, sign=sign)


def checked(scores: Sequence[Score]) -> tuple[Score, ...]:
    """The scores, ready to store; of two with the same key the last one counts. InputError outside [0, 1]."""
    last: dict[tuple[str, ...], Score] = {}
    for score in scores:
        clean = Score(
            trace_id=storable(score.trace_id),
            name=storable(score.name),
            value=validate_value(score.value, f"score '{score.name}' of trace '{score.trace_id}'"),
            source=score.source,
            evaluator=storable(score.evaluator),
            revision=storable(score.revision),
            ts=score.ts,
            comment=storable(score.comment),
        )
        last[key_of(clean)] = clean
    return tuple(last.values())


def put_scores(
    connection: sa.Connection, scores: Sequence[Score], batch: DeltaBatch, *, fresh: Mapping[str, Home]
) -> int:
    """Store checked scores and count the changes into batch; return how many were new or changed.

    fresh: traces that this transaction has just added. InputError for a score of a trace nobody has seen.
    """
    elsewhere = sorted({score.trace_id for score in scores} - fresh.keys())
    homes = {**fresh, **lock_homes(connection, elsewhere)}
    stored = {key_of(row): row for row in stored_scores(connection, elsewhere)}
    rows = []
    for score in scores:
        home = homes.get(score.trace_id)
        if home is None:
            raise InputError(
                f"there is no trace '{score.trace_id}'", f"score '{score.name}'", "Add the trace before its scores."
            )
        old = stored.get(key_of(score))
        if old is not None and (old.value, old.comment) == (score.value, score.comment):
            continue
        if old is None or old.value != score.value:
            if old is not None:
                home.put(batch, old, sign=-1)
            home.put(batch, score)
        rows.append({name: getattr(score, name) for name in SCORE_FIELDS})
    upsert(connection, table, rows, keys=KEYS, update=("value", "ts", "comment"))
    return len(rows)


def key_of(score: Score | sa.Row[Any]) -> tuple[str, ...]:
    """What makes a judgement the same judgement when it is given again."""
    return (score.trace_id, score.name, score.source, score.evaluator, score.revision)


def lock_homes(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Home]:
    """The homes of stored traces, locked until the transaction ends: two writers never correct one score at once."""
    t = traces.c
    columns = (t.id, t.prompt, t.version, t.segment, t.ts, t.model, t.arm)
    found: dict[str, Home] = {}
    for some in chunks(ids):
        # Byte order on every server, as Python sorts: writers that lock in different orders deadlock.
        query = sa.select(*columns).where(traces.c.id.in_(some)).with_for_update(key_share=True)
        order = traces.c.id.collate("C") if connection.dialect.name == "postgresql" else traces.c.id
        found |= {row[0]: Home(*row[1:]) for row in connection.execute(query.order_by(order))}
    return found


def stored_scores(connection: sa.Connection, trace_ids: Sequence[str]) -> Iterable[sa.Row[Any]]:
    """All scores of these traces, in the order of their keys."""
    order = [table.c[name] for name in KEYS]
    for some in chunks(trace_ids):
        yield from connection.execute(sa.select(table).where(table.c.trace_id.in_(some)).order_by(*order))


def score_of(row: sa.Row[Any], prefix: str = "") -> Score:
    """A stored row as the noun; prefix: what the column names begin with."""
    return Score(**{name: getattr(row, f"{prefix}{name}") for name in SCORE_FIELDS})
