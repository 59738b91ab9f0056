"""`promptkeeper traces replay`: run the production version over real inputs with their own times."""

import asyncio
import hashlib
from typing import Annotated

import click
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agent.entrypoints.cli.opening import Opened, opened
from agent.entrypoints.cli.output import emit, with_json
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.cli.reading import rows
from agent.entrypoints.redacting import Redactor
from agent.entrypoints.rows import Row, as_text, as_texts, complaint, parse_row
from agent.entrypoints.trace_rows import Moment
from agent.replay import ReplayCount, Replayed, replay
from agent.settings import parse_duration
from library.errors import InputError
from library.prompts import PRODUCTION, Version
from library.templates import variables


class ReplayRow(BaseModel):
    """A line of the file."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    id: Annotated[str, Field(min_length=1, max_length=200)]
    ts: Moment
    inputs: dict[str, JsonValue]
    expected: JsonValue
    segment: Annotated[str, Field(min_length=1, max_length=100)] | None = None


@click.command()
@click.argument("name")
@click.argument("file")
@click.option(
    "--monitor-every", metavar="SPAN", help="Sweep along the stream's own clock, such as every 6h; else not at all."
)
@with_json
def command(name: str, file: str, monitor_every: str | None, as_json: bool) -> None:
    """Run the production version of NAME over FILE, JSON lines of {id, ts, inputs, expected, segment?}.

    Traces and scores get the times of the file. A mistake anywhere in the file replays nothing.
    """
    from agent.bootstrap import rulebook_of

    every = parse_duration(monitor_every, "--monitor-every") if monitor_every else None
    with opened() as project:
        version = project.library.prompts.labelled(name, PRODUCTION)
        taken = variables(version.content)
        seen: dict[str, int] = {}
        clean = Redactor(rulebook_of(project.settings).privacy.redact)
        wanted = [_replayed(row, taken, seen, clean) for row in rows(file)]
        if not wanted:
            raise InputError("the file has no rows", file, "Give it lines of {id, ts, inputs}.")
        before = {i.id for i in project.library.incidents.list(prompt=name)}
        count = asyncio.run(_run(project, version, wanted, every))
        opened_now = [i for i in project.library.incidents.list(prompt=name) if i.id not in before]
    document = {"prompt": name, "version": version.number, **_plain(count), "incidents": [i.id for i in opened_now]}
    emit(as_json, document, lambda: _said(document))


async def _run(project: Opened, version: Version, wanted: list[Replayed], every: object) -> ReplayCount:
    from datetime import timedelta

    from agent.bootstrap import opened_services

    shown = progress()
    span = every if isinstance(every, timedelta) else None
    # The scope names version and file content, so that a replay that was cut off goes on without paying twice.
    said = "\n".join(f"{r.id}\x1f{r.ts.isoformat()}\x1f{r.inputs}" for r in wanted)
    scope = f"replay:{version.prompt}@{version.number}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    count = ReplayCount(rows=0, traces=0, scores=0, errors=0, mean=None)
    async with opened_services(project.settings, project.library, progress=shown) as services:
        async for count in replay(services, version, wanted, every=span, scope=scope):
            shown("replaying", count.rows, len(wanted))
    done(shown)
    return count


def _replayed(row: Row, taken: tuple[str, ...], seen: dict[str, int], clean: Redactor) -> Replayed:
    try:
        said = ReplayRow.model_validate(parse_row(row))
    except ValidationError as error:
        raise complaint(error, row.place) from error
    first = seen.setdefault(said.id, row.line)
    if first != row.line:
        raise InputError(f"id '{said.id}' is on line {first} already", row.place, "Give each row an id of its own.")
    inputs = clean.inputs(as_texts(said.inputs))
    if set(inputs) != set(taken):
        raise InputError(
            f"inputs {', '.join(inputs) or 'none'} do not fit the prompt", row.place, f"It takes {', '.join(taken)}."
        )
    return Replayed(
        id=said.id,
        ts=said.ts,
        inputs=inputs,
        expected=clean.text(as_text(said.expected)),
        segment=said.segment,
    )


def _plain(count: ReplayCount) -> dict[str, object]:
    return {
        "rows": count.rows,
        "traces": count.traces,
        "scores": count.scores,
        "errors": count.errors,
        "mean": count.mean,
    }


def _said(document: dict[str, object]) -> str:
    mean = document["mean"]
    lines = [
        f"{document['prompt']}@{document['version']}: {document['rows']} rows replayed, "
        f"{document['traces']} new traces, {document['scores']} scores"
        + (f", mean {mean:.3f}" if isinstance(mean, float) else "")
    ]
    if document["errors"]:
        lines.append(f"{document['errors']} calls failed and are not recorded; run the replay again for the rest")
    incidents = document["incidents"]
    if isinstance(incidents, list) and incidents:
        lines.append("incidents opened: " + ", ".join(str(i) for i in incidents) + " (promptkeeper incidents show ID)")
    return "\n".join(lines)
