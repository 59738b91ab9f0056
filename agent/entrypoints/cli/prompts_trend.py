"""`prompts trend`: scores over time, with the versions that earned them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from agent.entrypoints.cli.opening import now, opened
from agent.entrypoints.cli.output import emit, sparkline, table, with_json
from agent.entrypoints.rows import parse_since

if TYPE_CHECKING:
    from library.store.points import TrendPoint
    from policies.causes.revisions import RevisionChange

DAY = timedelta(days=1)
SHORT = timedelta(hours=6)
LONGEST_SPARK = 96  # characters; the line shows the newest points when there are more


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendRow:
    """Scores of one version by one evaluator revision in one stretch of time, all asked-for segments together."""

    evaluator: str
    revision: str
    start: datetime
    version: int
    n: int
    mean: float


@click.command()
@click.argument("name")
@click.option("--metric", metavar="M", help="Name of the score; the first metric of the prompt unless given.")
@click.option("--segment", metavar="S", help="Only this segment.")
@click.option("--since", metavar="T", help="A date, or a time span back from now such as 7d.")
@with_json
def command(name: str, metric: str | None, segment: str | None, since: str | None, as_json: bool) -> None:
    """Show how prompt NAME scored over time: a row per day (per six hours when there are few days) and version.

    Scores of different evaluators, or of different revisions of one, are never averaged together.
    """
    from policies.causes.revisions import revision_changes

    begin = parse_since(since, now())
    with opened() as project:
        chosen = metric or str(project.library.prompts.get(name).metrics[0]["name"])

        def rows_of(width: timedelta) -> list[TrendRow]:
            seconds = int(width.total_seconds())
            points = project.library.traces.points
            return together(points(name, metric=chosen, width_seconds=seconds, since=begin, segment=segment))

        width, rows = DAY, rows_of(DAY)
        starts = [row.start for row in rows]
        if starts and max(starts) - min(starts) < 4 * DAY:
            width, rows = SHORT, rows_of(SHORT)
    changes = revision_changes((row.evaluator, row.revision, row.start) for row in rows)
    document = {
        "revision_changes": changes,
        "name": name,
        "metric": chosen,
        "segment": segment,
        "width_seconds": int(width.total_seconds()),
        "points": rows,
    }
    what = f"{name}, {chosen}" + (f", segment {segment}" if segment else "")
    emit(as_json, document, lambda: _shown(what, rows, width, changes))


def together(points: "Iterable[TrendPoint]") -> list[TrendRow]:
    """Points of all segments joined per evaluator revision, stretch of time and version, in this order."""
    sums: dict[tuple[str, str, datetime, int], tuple[int, float]] = {}
    for point in points:
        key = (point.evaluator, point.revision, point.start, point.version)
        n, total = sums.get(key, (0, 0.0))
        sums[key] = (n + point.n, total + point.n * point.mean)
    return [
        TrendRow(evaluator=evaluator, revision=revision, start=start, version=version, n=n, mean=total / n)
        for (evaluator, revision, start, version), (n, total) in sorted(sums.items())
        if n > 0
    ]


def spark(rows: Sequence[TrendRow], width: timedelta) -> str:
    """Two lines: a block per stretch of time (mean over versions, blank where nothing came), and version marks."""
    at: dict[datetime, list[TrendRow]] = {}
    for row in rows:
        at.setdefault(row.start, []).append(row)
    values: list[float | None] = []
    marks, shown = "", 0
    count = int((rows[-1].start - rows[0].start) / width) + 1
    for step in range(max(0, count - LONGEST_SPARK), count):
        here = at.get(rows[0].start + step * width, [])
        n = sum(r.n for r in here)
        values.append(sum(r.n * r.mean for r in here) / n if n else None)
        newest = max((r.version for r in here), default=shown)
        if newest != shown:
            marks, shown = marks.ljust(len(values) - 1) + f"v{newest}", newest
    return f"{sparkline(values)}\n{marks}".rstrip()


def _shown(what: str, rows: Sequence[TrendRow], width: timedelta, changes: "Sequence[RevisionChange]") -> str:
    if not rows:
        return f"{what}: no scores yet"
    blocks = [f"{what}, per {'day' if width == DAY else '6 hours'}; blocks from 0 to 1"]
    blocks += [f"note: {change.sentence}" for change in changes]
    for judge in dict.fromkeys((row.evaluator, row.revision) for row in rows):
        mine = [row for row in rows if (row.evaluator, row.revision) == judge]
        lines = [(row.start, row.version, row.n, row.mean, "█" * round(20 * row.mean)) for row in mine]
        blocks.append(f"evaluator {judge[0]}, revision {judge[1]}")
        blocks += [table(("from (UTC)", "version", "n", "mean", ""), lines), spark(mine, width)]
    return "\n\n".join(blocks)
