"""Reads JSON that a model wrote: tolerant of fences and prose around it, never of an answer that was cut off."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from tools.errors import ProviderError

THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
OBJECT_START = re.compile(r'\{\s*["}]')
FENCED = re.compile(r"\A\s*```[A-Za-z]*\s*\n(?P<body>.*)\n\s*```\s*\Z", re.DOTALL)


def read_json(text: str) -> Any:
    """The JSON value that is the whole text; ValueError for anything else: endless nesting, NaN and half characters
    (a lone surrogate, which no file, database or provider takes) included."""
    try:
        said = json.loads(text, parse_constant=_no_constant)
        json.dumps(said, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return said


def unfenced(text: str) -> str:
    """The text without the code fence around it, if there is one around all of it."""
    match = FENCED.match(text)
    return match["body"] if match else text


def parse_object(text: str, required: Mapping[str, type]) -> dict[str, Any]:
    """The JSON object with the required keys and types in a model's answer; the last one when there are several.

    Objects inside other objects do not count. Raises ProviderError (`bad_answer`) when there is none, and when an
    object starts and never ends: a truncated answer is no answer, whatever could be read out of its middle.
    """
    complete = [said for said in _objects(THOUGHT.sub("", text)) if _missing(said, required) is None]
    if complete:
        return complete[-1]
    shortfall = next(
        (m for said in _objects(THOUGHT.sub("", text)) if (m := _missing(said, required))), "no JSON object"
    )
    raise _bad(shortfall)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Top-level objects in order. Braces of prose (`{name}`) and broken objects that do end are stepped over."""
    at = 0
    while match := OBJECT_START.search(text, at):
        end = _end(text, match.start())
        if end is None:
            raise _bad("a JSON object that is cut off")
        try:
            said = read_json(text[match.start() : end])
        except ValueError:
            said = None
        if isinstance(said, dict):
            yield said
        at = end


def _end(text: str, start: int) -> int | None:
    """Where the object that starts here ends: past its closing brace, braces inside strings not counted."""
    depth, in_string, escaped = 0, False, False
    for at in range(start, len(text)):
        mark = text[at]
        if in_string:
            in_string = escaped or mark != '"'
            escaped = mark == "\\" and not escaped
        elif mark == '"':
            in_string = True
        elif mark in "{}":
            depth += 1 if mark == "{" else -1
            if depth == 0:
                return at + 1
    return None


def _missing(said: Mapping[str, Any], required: Mapping[str, type]) -> str | None:
    for key, kind in required.items():
        if key not in said:
            return f"no key '{key}'"
        if not _fits(said[key], kind):
            return f"'{key}' is {type(said[key]).__name__}, not {kind.__name__}"
    return None


def _fits(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _bad(thing: str) -> ProviderError:
    return ProviderError(
        "bad_answer",
        f"the model did not answer in the format asked for: {thing}",
        "",
        "Try again, or use a stronger model.",
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
