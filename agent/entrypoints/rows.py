"""Rows and values that people and programs hand in, as text: JSON, times. Every mistake is one line with its place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from library.errors import InputError
from library.prompts import canonical_json

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a JSON-lines file: where it stands, and its text."""

    place: str
    line: int
    text: str


def parse_json(text: str, place: str) -> Any:
    """The JSON value that a text spells; InputError at place, with line and column where it breaks."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
        canonical_json(value).encode()  # half a surrogate pair is legal JSON but no text
        return value
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"broken JSON ({error.msg} at {where})", place, "Correct the JSON.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"JSON that cannot be used ({error})", place, "Correct the JSON.") from error


def parse_row(row: Row) -> dict[str, Any]:
    """The JSON object on a line; InputError with file, line and column where it breaks."""
    mend = "Put one whole JSON object on each line."
    check_storable(row.text, row.place)
    try:
        said = json.loads(row.text, parse_constant=_no_constant)
        if "\\ud" in row.text or "\\uD" in row.text:
            canonical_json(said).encode()  # half a surrogate pair is legal JSON but no text
    except json.JSONDecodeError as error:
        raise InputError(f"broken JSON ({error.msg} at column {error.colno})", row.place, mend) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"JSON that cannot be used ({error})", row.place, mend) from error
    if not isinstance(said, dict):
        raise InputError("not a JSON object", row.place, mend)
    return said


def check_storable(text: str, place: str) -> None:
    """Raise InputError when a JSON text holds a NUL character, which PostgreSQL cannot store."""
    if "\\u0000" in text.replace("\\\\", "") or "\x00" in text:
        raise InputError("the text holds a NUL character", place, "Take it out.")


def complaint(error: "ValidationError", place: str) -> InputError:
    """The first mistake that pydantic found, as one line that names the field."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        return InputError(f"broken JSON ({first['ctx']['error']})", place, "Put one whole JSON object on each line.")
    if first["type"] == "extra_forbidden":
        return InputError(f"unknown field '{field}'", place, "Take it out or correct its name.")
    if first["type"] == "missing":
        return InputError(f"field '{field}' is missing", place, "Add it.")
    if first["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return InputError(f"field '{field}' should be a JSON object", place, "Correct it.")
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return InputError(f"field '{field}' {said}" if field else said, place, "Correct it.")


def as_text(value: Any) -> str:
    """A value of an input as text: a string as it is, anything else as canonical JSON."""
    return value if isinstance(value, str) else canonical_json(value)


def as_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Inputs by variable, each as text."""
    return {name: as_text(value) for name, value in values.items()}


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """`2026-09-01`, a full ISO time, or a time span back from now such as `7d`; no time zone means UTC."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except ValueError:
        from agent.settings import parse_duration
    try:
        return now - parse_duration(text, "--since")
    except (InputError, OverflowError) as error:
        raise InputError(
            f"'{text}' is not a point in time", "--since", "Write a date (2026-09-01) or a time span back (7d)."
        ) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
