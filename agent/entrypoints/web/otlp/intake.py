"""Between the decoded body and the library: rows are resolved against the prompts there are, one by one."""

from datetime import datetime
from typing import Any, Protocol, cast

from pydantic import ValidationError

from agent.entrypoints.rows import complaint
from agent.entrypoints.trace_rows import TraceRow
from agent.entrypoints.web.keeper import Unpacked
from agent.entrypoints.web.otlp.answer import failed, stored
from agent.entrypoints.web.otlp.body import Unreadable
from agent.entrypoints.web.otlp.reading import Decoded, Kind, read
from agent.entrypoints.web.parcels import Parcel, Taken
from library.errors import InputError
from library.scores import Score
from library.traces import Trace


class Resolve(Protocol):
    """Makes a trace of a row; InputError when the library does not know its prompt or version."""

    def __call__(self, row: TraceRow, place: str, *, trusted: bool) -> tuple[Trace, list[Score]]: ...


def unpack(parcel: Parcel, resolve: Resolve, now: datetime) -> Unpacked | Taken:
    """The traces and scores of an OTLP parcel, and its answer; Taken at once when the body cannot be read.

    Unlike a list of rows, a batch of telemetry is not all or nothing: an exporter sends what many parts of an
    application made, and would drop all of it for one span.
    """
    kind = cast(Kind, parcel.kind)
    try:
        decoded = read(kind, parcel.body, parcel.media_type, parcel.encoding)
    except Unreadable as error:
        return failed(error.status, str(error), parcel.media_type)
    traces = _traces(decoded, resolve, trusted=parcel.trusted)
    refused = {row["id"] for row in decoded.rows} - {trace.id for trace in traces}
    wanted = [given for given in decoded.scores if given["trace_id"] not in refused]
    scores = [_score(given, now) for given in wanted if parcel.trusted or given["source"] != "human"]
    if len(scores) < len(wanted):
        decoded.rejected += len(wanted) - len(scores) if kind == "otlp-logs" else 0
        decoded.reasons.append("this token may not give human scores")
    return Unpacked(
        traces=traces,
        scores=scores,
        answer=lambda _added: stored(kind, decoded.rejected, decoded.reasons, parcel.media_type),
    )


def _traces(decoded: Decoded, resolve: Resolve, *, trusted: bool) -> list[Trace]:
    traces = []
    for row in decoded.rows:
        place = f"span {row['id'].rpartition(':')[2]}"
        try:
            trace, _ = resolve(_checked(row, place), place, trusted=trusted)
        except InputError as error:
            decoded.rejected += 1
            decoded.reasons.append(str(error))
            continue
        traces.append(trace)
    return traces


def _checked(row: dict[str, Any], place: str) -> TraceRow:
    try:
        return TraceRow.model_validate(row)
    except ValidationError as error:
        raise complaint(error, place) from error


def _score(given: dict[str, Any], now: datetime) -> Score:
    # A clock that runs ahead must not put a judgement into the future.
    return Score(**{**given, "ts": min(datetime.fromisoformat(given["ts"]), now)})
