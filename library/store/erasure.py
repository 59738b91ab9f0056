"""Erase traces everywhere: the traces themselves, and each text in the library that was taken from them.

What goes: trace, scores (trends are corrected), harvested items, the text of failures that quote it, the answers of
models in the runs of its prompt and of judges of live traffic, examples in proposals, diagnoses and attempts. The audit
log keeps ids only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from library.errors import InputError, NotFound
from library.store import audit
from library.store.calls import ERASED
from library.store.deltas import DeltaBatch, join_writers
from library.store.early import forget
from library.store.insert import chunks
from library.store.online import ONLINE
from library.store.scoring import Home, lock_homes, stored_scores
from library.store.tables import attempts, calls, failures, incidents, items, proposals, runs, scores, traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure removed. failures: ids of blanked failures, which the failure memory must forget."""

    traces: int
    scores: int
    items: int
    failures: tuple[str, ...]
    calls: int


def erase_traces(
    connection: sa.Connection, ids: Sequence[str], *, actor: str, now: datetime, audit_key: bytes
) -> Erased:
    """Erase inside the caller's transaction; NotFound, and nothing erased, when one of the ids is unknown."""
    wanted = sorted(set(ids))
    if not wanted:
        raise InputError("no trace was named", "traces delete", "Name at least one trace id.")
    join_writers(connection)
    homes = lock_homes(connection, wanted)
    missing = [id for id in wanted if id not in homes]
    if missing:
        raise NotFound(f"there is no trace '{missing[0]}'", "traces delete", "Nothing was erased.")
    prompts = sorted({home.prompt for home in homes.values()})
    gone = _take_out(connection, wanted, homes)
    forget(connection, wanted)
    item_ids = _delete_items(connection, wanted)
    _scrub_examples(connection, prompts, set(wanted), set(item_ids))
    erased = Erased(
        traces=len(wanted),
        scores=gone,
        items=len(item_ids),
        failures=_blank_failures(connection, prompts, set(wanted)),
        calls=_blank_calls(connection, prompts),
    )
    audit.append(
        connection, audit_key, at=now, actor=actor, action="trace.erased", subject="traces", detail={"ids": wanted}
    )
    return erased


def expire_traces(
    connection: sa.Connection, prompt: str, *, before: datetime, limit: int, now: datetime, audit_key: bytes
) -> Erased:
    """Let go of a prompt's oldest traces, at most `limit`, with what quotes them; trends keep what they counted."""
    join_writers(connection)
    query = sa.select(traces.c.id).where(traces.c.prompt == prompt, traces.c.ts < before)
    ids = list(connection.scalars(query.order_by(traces.c.ts, traces.c.id).limit(limit)))
    if not ids:
        return Erased(traces=0, scores=0, items=0, failures=(), calls=0)
    gone = 0
    for some in chunks(ids):
        gone += connection.execute(sa.delete(scores).where(scores.c.trace_id.in_(some))).rowcount
        connection.execute(sa.delete(traces).where(traces.c.id.in_(some)))
    forget(connection, ids)
    item_ids = _delete_items(connection, ids)
    _scrub_examples(connection, [prompt], set(ids), set(item_ids))
    failures_gone = _blank_failures(connection, [prompt], set(ids))
    detail = {"count": len(ids), "before": before.isoformat()}
    audit.append(
        connection, audit_key, at=now, actor="retention", action="trace.expired", subject=prompt, detail=detail
    )
    return Erased(traces=len(ids), scores=gone, items=len(item_ids), failures=failures_gone, calls=0)


def _take_out(connection: sa.Connection, ids: Sequence[str], homes: dict[str, Home]) -> int:
    """Delete traces and scores and count them out of their trends; how many scores there were."""
    batch, gone = DeltaBatch(), 0
    for row in stored_scores(connection, ids):
        homes[row.trace_id].put(batch, row, sign=-1)
        gone += 1
    for some in chunks(ids):
        said = (traces.c.id, traces.c.error, traces.c.latency_ms, traces.c.cost, traces.c.finish_reason)
        for call in connection.execute(sa.select(*said).where(traces.c.id.in_(some))).mappings():
            homes[call["id"]].put_call(batch, dict(call), sign=-1)
        connection.execute(sa.delete(scores).where(scores.c.trace_id.in_(some)))
        connection.execute(sa.delete(traces).where(traces.c.id.in_(some)))
    batch.write(connection)
    return gone


def _delete_items(connection: sa.Connection, trace_ids: Sequence[str]) -> list[str]:
    gone: list[str] = []
    for some in chunks(trace_ids):
        gone += connection.scalars(sa.delete(items).where(items.c.trace_id.in_(some)).returning(items.c.id))
    return gone


def _blank_failures(connection: sa.Connection, prompts: Sequence[str], ids: set[str]) -> tuple[str, ...]:
    found = connection.execute(
        sa.select(failures.c.id, failures.c.trace_ids).where(failures.c.prompt.in_(prompts)).order_by(failures.c.id)
    ).all()
    quoting = [(id, trace_ids) for id, trace_ids in found if not ids.isdisjoint(trace_ids)]
    for id, trace_ids in quoting:
        left = [trace_id for trace_id in trace_ids if trace_id not in ids]
        new = {"name": "erased", "text": "", "trace_ids": left}
        connection.execute(sa.update(failures).where(failures.c.id == id).values(new))
    return tuple(id for id, _ in quoting)


def _blank_calls(connection: sa.Connection, prompts: Sequence[str]) -> int:
    """Blank what models said in the runs of these prompts, and judges of live traffic; the spend stays on record.

    A day's judgements are of all prompts: each has left its score, and nothing asks the ledger for it again.
    """
    run_ids = connection.scalars(sa.select(runs.c.id).where(runs.c.prompt.in_(prompts))).all()
    blanked = 0
    scopes = [calls.c.scope.in_(some) for some in chunks([f"run:{id}" for id in run_ids])]
    for here in [*scopes, calls.c.scope.startswith(ONLINE)]:
        touched = sa.and_(here, calls.c.finish_reason != ERASED)
        blank = sa.update(calls).where(touched).values(output="", finish_reason=ERASED)
        blanked += connection.execute(blank).rowcount
    return blanked


def _scrub_examples(
    connection: sa.Connection, prompts: Sequence[str], trace_ids: Collection[str], item_ids: Collection[str]
) -> None:
    keys = {proposals: ("id",), incidents: ("id",), attempts: ("run_id", "number")}
    for table, name in ((proposals, "packet"), (incidents, "diagnosis"), (attempts, "result")):
        columns = [table.c[key] for key in keys[table]]
        query = sa.select(*columns, table.c[name]).where(table.c.prompt.in_(prompts)).order_by(*columns)
        for *key, said in connection.execute(query.with_for_update()).all():
            kept = _scrubbed(said, trace_ids, item_ids)
            if kept != said:
                here = [column == value for column, value in zip(columns, key, strict=True)]
                connection.execute(sa.update(table).where(*here).values({name: kept}))


def _scrubbed(said: Any, trace_ids: Collection[str], item_ids: Collection[str]) -> Any:
    """Plain JSON without the objects that name an erased trace or item, at any depth."""
    # Examples of a diagnosis are named by `id`, since they may be traces or items.
    naming = (("trace_id", trace_ids), ("item_id", item_ids), ("id", {*trace_ids, *item_ids}))

    def gone(value: Any) -> bool:
        return isinstance(value, dict) and any(
            isinstance(value.get(name), str) and value[name] in erased for name, erased in naming
        )

    if isinstance(said, dict):
        return {key: _scrubbed(value, trace_ids, item_ids) for key, value in said.items() if not gone(value)}
    if isinstance(said, list):
        return [_scrubbed(value, trace_ids, item_ids) for value in said if not gone(value)]
    return said
