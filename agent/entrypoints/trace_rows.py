"""A line of a trace file: its fields, and how it becomes a trace with scores."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from agent.entrypoints.rows import Row, as_text, as_texts, complaint, parse_row
from library.canaries import read_arm
from library.errors import InputError, NotFound
from library.prompts import LATEST, PRODUCTION, Prompt
from library.scores import Score
from library.traces import Trace, TraceError

EVALUATOR = "import"
REVISION = "1"


def _moment(said: object) -> datetime:
    try:
        if isinstance(said, str):
            at = datetime.fromisoformat(said)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):  # the first day of the calendar is no time in every zone
        pass
    raise ValueError("is not an ISO 8601 time such as 2026-09-01T08:00:00Z")


def _arm(said: str) -> str:
    try:
        return str(read_arm(said))
    except InputError as error:
        raise ValueError(error.thing) from error


def _short(said: object) -> object:
    """The short spellings: a bare number is the value of a score, or the tokens of the answer."""
    return {"value": said} if isinstance(said, int | float) else said


def _bare_tokens(said: object) -> object:
    return {"output": said} if isinstance(said, int) else said


def _number(said: object) -> object:
    return float(said) if isinstance(said, bool) else said


Id = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]  # what a database's integer holds
Amount = Annotated[float, Field(ge=0)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Arm = Annotated[str, AfterValidator(_arm)]


class Part(BaseModel):
    """Strict: unknown fields are errors, a number is not a text."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class ScoreRow(Part):
    """A score with more than its value."""

    value: Annotated[float, BeforeValidator(_number), Field(ge=0, le=1)]
    source: Literal["human", "programmatic", "judge", "implicit"] = "programmatic"
    evaluator: Name = EVALUATOR
    revision: Name = REVISION
    comment: str = ""
    ts: Moment | None = None


class Tokens(Part):
    """Tokens of the request and of the answer."""

    input: Count | None = None
    output: Count | None = None


class ErrorRow(Part):
    """Why a call failed."""

    type: Name
    message: str = ""


class TraceRow(Part):
    """One call, as `traces import` reads it. A single number of tokens counts as tokens of the answer."""

    id: Id
    ts: Moment
    prompt: str
    version: Annotated[int, Field(ge=1)] | None = None
    label: str | None = None
    inputs: dict[str, JsonValue]
    output: str | None = None
    expected: JsonValue = None
    segment: Name | None = None
    model: str | None = None
    response_model: str | None = None
    latency_ms: Amount | None = None
    tokens: Annotated[Tokens, BeforeValidator(_bare_tokens)] | None = None
    cost: Amount | None = None
    tool_calls: list[dict[str, JsonValue]] = []
    session: str | None = None
    finish_reason: str | None = None
    error: ErrorRow | None = None
    arm: Arm | None = None
    scores: dict[Name, Annotated[ScoreRow, BeforeValidator(_short)]] = {}


def read_row(row: Row) -> TraceRow:
    """The line as a checked value; InputError with file, line and field."""
    said = parse_row(row)
    try:
        return TraceRow.model_validate(said)
    except ValidationError as error:
        raise complaint(error, row.place) from error


def resolve(row: TraceRow, prompts: Mapping[str, Prompt], place: str) -> int:
    """The version that a line means: its number, else what its label (production, if none is given) points at now."""
    prompt = prompts.get(row.prompt)
    if prompt is None:
        raise NotFound(f"no prompt '{row.prompt}'", place, _near(row.prompt, prompts))
    if row.version is not None:
        if row.version > (prompt.latest or 0):
            raise NotFound(
                f"'{row.prompt}' has no version {row.version}", place, f"The latest one is {prompt.latest or 0}."
            )
        return row.version
    if row.arm is not None:
        # The label stands on the base version while a release goes in steps, whichever version served this call.
        raise InputError(f"it names the arm {row.arm} and no version", place, "Give the version that served the call.")
    label = row.label or PRODUCTION
    number = prompt.latest if label == LATEST else prompt.labels.get(label)
    if number is None:
        raise NotFound(
            f"'{row.prompt}' has no label '{label}'",
            place,
            f"Give the line a version, or set it: promptkeeper prompts label {row.prompt} {label} VERSION.",
        )
    return number


def to_trace(row: TraceRow, version: int, *, source: str = EVALUATOR) -> tuple[Trace, list[Score]]:
    """The trace of a line and its scores. source: who says what the right answer was, if the line does."""
    tokens = row.tokens or Tokens()
    expected = None if row.expected is None else as_text(row.expected)
    trace = Trace(
        id=row.id,
        ts=row.ts,
        prompt=row.prompt,
        version=version,
        label=row.label,
        inputs=as_texts(row.inputs),
        output=row.output,
        expected=expected,
        expected_source=None if expected is None else source,
        segment=row.segment,
        model=row.model,
        response_model=row.response_model,
        latency_ms=row.latency_ms,
        tokens_in=tokens.input,
        tokens_out=tokens.output,
        cost=row.cost,
        tool_calls=tuple(row.tool_calls),
        session=row.session,
        finish_reason=row.finish_reason,
        error=None if row.error is None else TraceError(type=row.error.type, message=row.error.message),
        arm=row.arm,
    )
    return trace, [_score(row, name, said) for name, said in row.scores.items()]


def _score(row: TraceRow, name: str, said: ScoreRow) -> Score:
    return Score(
        trace_id=row.id,
        name=name,
        value=said.value,
        source=said.source,
        evaluator=said.evaluator,
        revision=said.revision,
        ts=said.ts or row.ts,
        comment=said.comment,
    )


def _near(name: str, prompts: Mapping[str, Any]) -> str:
    import difflib

    near = difflib.get_close_matches(name, prompts, n=3)
    return f"Did you mean {' or '.join(near)}?" if near else "Add it first: promptkeeper prompts add NAME FILE."


def check_unique(row: TraceRow, line: int, seen: dict[str, int], place: str) -> None:
    """Raise InputError when the id stood on an earlier line of the same file; remember the line."""
    first = seen.setdefault(row.id, line)
    if first != line:
        raise InputError(f"id '{row.id}' is on line {first} already", place, "Give each call an id of its own.")
