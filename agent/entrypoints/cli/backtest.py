"""`promptkeeper monitor --backtest`: what the monitor would have said about history, before it is switched on."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import click
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.bootstrap import rulebook_of
from agent.entrypoints.cli.output import emit
from agent.entrypoints.cli.progress import done, progress
from agent.entrypoints.cli.reading import rows
from agent.entrypoints.rows import Row, check_storable, complaint
from agent.settings import find_root, load_settings
from library.errors import InputError, NotFound
from policies.health.backtest import Backtest, PastAlarm, Scored
from policies.rulebook import HealthRules, read_rulebook

# The year 5138 in seconds; larger numbers are milliseconds.
LAST_SECOND = 1e11
PROGRESS_EVERY = 20_000

Moment = Annotated[float, Field(ge=-LAST_SECOND, le=LAST_SECOND, allow_inf_nan=False)] | datetime
Text = Annotated[str, Field(min_length=1, max_length=200)]


class BacktestRow(BaseModel):
    """A line of the file; times are epoch seconds or ISO 8601 (without a zone: UTC)."""

    model_config = ConfigDict(strict=True, extra="ignore")

    ts: Moment
    scored_at: Moment | None = None
    prompt: Text
    segment: Text | None = None
    score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    version: int | Text | None = None
    revision: int | Text | None = None


def backtest(file: str, *, as_json: bool) -> None:
    """Replay FILE, then print its alarms: JSON lines, or one JSON list. A mistake anywhere prints only itself."""
    rules = _rules()
    run = Backtest(rules.settings, look_steps=rules.look_steps)
    shown = progress()
    as_dates: bool | None = None
    given: dict[str, int | str | None] = {"": None}
    count = 0
    for count, row in enumerate(rows(file), 1):
        said = _read(row)
        as_dates = isinstance(said.ts, datetime) if as_dates is None else as_dates
        run.add(_scored(said, count - 1, given))
        if count % PROGRESS_EVERY == 0:
            shown("replaying", count)
    done(shown)
    if not count:
        raise InputError("the file has no rows", file, "Give it lines of {ts, prompt, score}.")
    found = [_document(alarm, given, as_dates=bool(as_dates)) for alarm in run.alarms()]
    if as_json:
        emit(True, found, "")
        return
    for line in found:
        click.echo(json.dumps(line))
    click.echo(_summary(found, count, len(run.series), rules), err=True)


def _rules() -> HealthRules:
    """The rulebook of the project around here, else the shipped one: no library is needed."""
    try:
        root = find_root(Path.cwd())
    except NotFound:
        return read_rulebook(None, "shipped rulebook").health
    return rulebook_of(load_settings(root)).health


def _read(row: Row) -> BacktestRow:
    try:
        said = BacktestRow.model_validate_json(row.text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = first["loc"][0] if first["loc"] else ""
        if field in {"ts", "scored_at"} and first["type"] != "missing":
            raise InputError(
                f"field '{field}' is no point in time", row.place, "Write epoch seconds or ISO 8601."
            ) from error
        raise complaint(error, row.place) from error
    check_storable(row.text, row.place)
    return said


def _scored(said: BacktestRow, number: int, given: dict[str, int | str | None]) -> Scored:
    ts = _seconds(said.ts)
    version, revision = _key(said.version, given), _key(said.revision, given)
    return Scored(
        row=number,
        ts=ts,
        scored_at=ts if said.scored_at is None else _seconds(said.scored_at),
        prompt=said.prompt,
        segment=said.segment,
        score=said.score,
        version=version,
        revision=revision,
    )


def _key(value: int | str | None, given: dict[str, int | str | None]) -> str:
    key = "" if value is None else str(value)
    given.setdefault(key, value)
    return key


def _seconds(moment: float | datetime) -> float:
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    return moment


def _document(alarm: PastAlarm, given: Mapping[str, int | str | None], *, as_dates: bool) -> dict[str, Any]:
    """The alarm with the names of the interface first; times as the file writes them."""

    def moment(seconds: float) -> float | str:
        return datetime.fromtimestamp(seconds, UTC).isoformat() if as_dates else seconds

    low, high = alarm.onset_interval
    told = {
        "prompt": alarm.prompt,
        "segment": alarm.segment,
        "at_row": alarm.at_row,
        "at_ts": moment(alarm.at_ts),
        "onset_row": alarm.onset_row,
        "onset_ts": moment(alarm.onset_ts),
        "before": alarm.before,
        "after": alarm.after,
        "interval": list(alarm.interval),
        "evidence": alarm.evidence,
        "version": given[alarm.version],
        "revision": given[alarm.revision],
        "onset_interval": [moment(low), moment(high)],
    }
    return told | {name: value for name, value in asdict(alarm).items() if name not in told}


def _summary(found: list[dict[str, Any]], count: int, series: int, rules: HealthRules) -> str:
    return (
        f"{len(found)} alarm{'' if len(found) == 1 else 's'} in {count} scores of {series} series; at most "
        f"{100 * rules.alpha:g} % of healthy series alarm within {rules.looks * rules.look_scores} scores"
    )
