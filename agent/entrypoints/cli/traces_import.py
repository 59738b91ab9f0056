"""`traces import`: calls and scores from JSON lines; the whole file is checked before anything is stored."""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from agent.entrypoints.cli.opening import Opened, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.reading import rows
from agent.entrypoints.redacting import Redactor
from agent.entrypoints.trace_rows import check_unique, read_row, resolve, to_trace
from library.scores import Score
from library.traces import Trace

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did. skipped: calls whose id was known; scores: new or changed ones."""

    read: int
    added: int
    skipped: int
    scores: int


@click.command()
@click.argument("file")
@with_json
def command(file: str, as_json: bool) -> None:
    """Import FILE, JSON lines with one call each.

    Fields: id, ts, prompt, version or label, inputs, output, expected, segment, model, response_model, latency_ms,
    tokens, cost, tool_calls, session, finish_reason, error, scores. A label is resolved now; neither version nor label
    means production. A mistake anywhere imports nothing. A call seen before is left as it is and counted.
    """
    with opened() as project:
        done = _import(project, file)
    known = f", {done.skipped} known already" if done.skipped else ""
    emit(as_json, done, f"{done.read} calls read, {done.added} added{known}; {done.scores} scores stored")


def _import(project: Opened, file: str) -> Imported:
    count = _check(project, file)
    added = scores = done = 0
    traces = _read(project, file)
    with click.progressbar(length=count, label="importing", file=sys.stderr, hidden=_quiet()) as bar:
        while batch := list(itertools.islice(traces, BATCH)):
            stored = project.library.traces.add([t for t, _ in batch], [s for _, given in batch for s in given])
            added, scores, done = added + stored.traces, scores + stored.scores, done + len(batch)
            bar.update(len(batch))
    return Imported(read=done, added=added, skipped=done - added, scores=scores)


def _check(project: Opened, file: str) -> int:
    """Read everything once without keeping it; the number of calls."""
    prompts = {p.name: p for p in project.library.prompts.list()}
    seen: dict[str, int] = {}
    for row in rows(file):
        parsed = read_row(row)
        check_unique(parsed, row.line, seen, row.place)
        resolve(parsed, prompts, row.place)
    return len(seen)


def _read(project: Opened, file: str) -> Iterator[tuple[Trace, list[Score]]]:
    from agent.bootstrap import rulebook_of

    clean = Redactor(rulebook_of(project.settings).privacy.redact)
    prompts = {p.name: p for p in project.library.prompts.list()}
    for row in rows(file):
        parsed = read_row(row)
        trace, scores = to_trace(parsed, resolve(parsed, prompts, row.place))
        yield clean.trace(trace), [clean.score(score) for score in scores]


def _quiet() -> bool:
    return not sys.stderr.isatty()
