"""What the arms of canaries scored: additive deltas as calls and scores come, folded into sums when somebody looks.

Like trends, and for the same reasons: a late score finds the stretch of its own time, a corrected one is taken out
again, and a look costs what is new plus a number of sums that is bounded by hours, segments and metrics.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from library.canaries import ACTIVE, Arm, ArmSum, Canary, read_arm
from library.store.insert import chunks
from library.store.release_tables import arm_deltas, arm_sums, canaries
from library.store.tables import scores, traces
from library.store.trace_rows import matching
from library.store.upsert import upsert
from library.trends import MAX_SEGMENTS, OTHER, step_of

HOUR, DAY = 12, 288  # grid steps
REPLAY = "replay"
"""Where the expected answer of a replayed call comes from: it was made again, nobody asked for it."""
_SERIES = ("arm", "metric", "evaluator", "revision", "segment", "percent")
_SEGMENT = _SERIES.index("segment")
_SUMS = ("n", "sum", "sumsq", "low", "high")
_KEYS = ("canary_id", *_SERIES, "bucket")


class _Where(NamedTuple):
    arm: str  # as the trace names it, `7:25:canary`
    prompt: str
    version: int
    metric: str
    evaluator: str
    revision: str
    segment: str
    step: int
    sign: int


class ArmBatch:
    """The scores of one transaction that belong to an arm. Scores put in and scores taken out stay apart."""

    def __init__(self) -> None:
        self._sums: dict[_Where, list[Any]] = {}

    def put(
        self,
        arm: str,
        *,
        prompt: str,
        version: int,
        metric: str,
        evaluator: str,
        revision: str,
        ts: datetime,
        segment: str | None,
        value: float,
        sign: int,
    ) -> None:
        """Count one score (sign 1) or take it out again (sign -1); ts and segment are those of the trace."""
        step = step_of(ts.timestamp())
        where = _Where(arm, prompt, version, metric, evaluator, revision, segment or OTHER, step, sign)
        held = self._sums.get(where)
        self._sums[where] = _joined(held, [sign, sign * value, sign * value * value, value, value])

    def write(self, connection: sa.Connection) -> None:
        """Store what belongs to a canary that runs: the prompt, and the very version that this arm is served."""
        if not self._sums:
            return
        expected = _expected(connection, {read_arm(where.arm).canary_id for where in self._sums})
        rows = []
        for where, sums in sorted(self._sums.items()):
            arm = read_arm(where.arm)
            if expected.get(arm) == (where.prompt, where.version):
                series = (arm.name, where.metric, where.evaluator, where.revision, where.segment, arm.percent)
                row: dict[str, Any] = {"canary_id": arm.canary_id, "step": where.step}
                rows.append(row | dict(zip((*_SERIES, *_SUMS), (*series, *sums), strict=True)))
        if rows:
            connection.execute(sa.insert(arm_deltas), rows)


def _expected(connection: sa.Connection, ids: set[int]) -> dict[Arm, tuple[str, int]]:
    """What a trace of an arm must say: (prompt, version) by arm, of the canaries that run."""
    found: dict[Arm, tuple[str, int]] = {}
    c = canaries.c
    for some in chunks(sorted(ids)):
        query = sa.select(c.id, c.prompt, c.version, c.base_version, c.steps)
        for row in connection.execute(query.where(c.id.in_(some), c.state.in_(sorted(ACTIVE)))):
            for percent in row.steps:
                found[Arm(row.id, percent, "canary")] = (row.prompt, row.version)
                found[Arm(row.id, percent, "control")] = (row.prompt, row.base_version)
    return found


def read_sums(connection: sa.Connection, canary: Canary) -> tuple[ArmSum, ...]:
    """The sums as last folded, in order of their keys; deltas that wait stay out."""
    columns = [arm_sums.c[name] for name in (*_SERIES, "bucket")]
    query = sa.select(*columns, *(arm_sums.c[name] for name in _SUMS)).order_by(*columns)
    rows = connection.execute(query.where(arm_sums.c.canary_id == canary.id)).mappings()
    return tuple(ArmSum(**row) for row in rows)


def any_deltas(connection: sa.Connection, canary_id: int) -> bool:
    """Whether anything has come that the sums do not hold."""
    found = sa.select(arm_deltas.c.id).where(arm_deltas.c.canary_id == canary_id).limit(1)
    return connection.execute(found).first() is not None


def fold(connection: sa.Connection, canary: Canary) -> None:
    """Add the deltas that wait to the sums and drop them. The caller holds the lock of the canary's row."""
    gone = sa.delete(arm_deltas).where(arm_deltas.c.canary_id == canary.id)
    fresh = connection.execute(gone.returning(*(arm_deltas.c[name] for name in (*_SERIES, "step", *_SUMS)))).all()
    if not fresh:
        return
    stored = {
        (*(getattr(one, name) for name in _SERIES), one.bucket): [getattr(one, name) for name in _SUMS]
        for one in read_sums(connection, canary)
    }
    named = _segments({key[_SEGMENT] for key in stored}, (row.segment for row in fresh))
    begun, changed = step_of(canary.started_at.timestamp()), dict[tuple[Any, ...], list[Any]]()
    for row in fresh:
        series = [getattr(row, name) for name in _SERIES]
        series[_SEGMENT] = named.get(row.segment, OTHER)
        key = (*series, _bucket(row.step, begun))
        changed[key] = _joined(changed.get(key) or stored.get(key), [getattr(row, name) for name in _SUMS])
    rows = [
        {"canary_id": canary.id} | dict(zip((*_SERIES, "bucket", *_SUMS), (*key, *sums), strict=True))
        for key, sums in changed.items()
    ]
    upsert(connection, arm_sums, rows, keys=_KEYS, update=_SUMS)


def _joined(held: list[Any] | None, more: list[Any]) -> list[Any]:
    if held is None:
        return more
    sums = [a + b for a, b in zip(held[:3], more[:3], strict=True)]
    # A score taken out leaves the extremes as they were: they only bound.
    return [*sums, min(held[3], more[3]), max(held[4], more[4])]


def _segments(known: set[str], fresh: Iterable[str]) -> dict[str, str]:
    """Names to file under, the same for both arms: beyond the limit segments share "other"."""
    kept = set(known) - {OTHER}
    for name in sorted(set(fresh) - kept - {OTHER}):
        if len(kept) < MAX_SEGMENTS - 1:
            kept.add(name)
    return {name: name for name in kept}


def _bucket(step: int, begun: int) -> int:
    """The grid step itself on the first day, when a loss must be seen soon, and later the first one of its hour."""
    return step if step < begun + DAY else step - step % HOUR


def count_live(
    connection: sa.Connection, prompt: str, names: Sequence[str], *, since: datetime, until: datetime, most: int
) -> int:
    """Scored calls of live traffic in a stretch of time, counted up to a number: no more of them are read."""
    replayed = traces.c.expected_source.is_not_distinct_from(REPLAY)
    scored = sa.exists().where(scores.c.trace_id == traces.c.id, scores.c.name.in_(names))
    found = sa.select(traces.c.id).where(*matching(prompt=prompt, since=since, until=until), ~replayed, scored)
    return int(connection.scalar(sa.select(sa.func.count()).select_from(found.limit(most).subquery())) or 0)
