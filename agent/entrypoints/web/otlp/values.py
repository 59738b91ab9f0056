"""Readers of attribute values: each gives the value in the product's own kind, or None where it holds none."""

import ast
from collections.abc import Mapping
from typing import Any

import orjson

COUNT = 2**31 - 1
LITERAL = 64 * 1024  # characters of a Python literal that are worth reading

_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "max_completion_tokens", "model_length"})


def text(said: Any) -> str | None:
    """A text that is not empty; numbers and truth values as their text."""
    if isinstance(said, str):
        return said or None
    return str(said) if isinstance(said, int | float) else None


def any_value(said: Any) -> Any:
    """Whatever is there, unless it is an empty text."""
    return None if said == "" else said


def first(said: Any) -> str | None:
    """The first text of a list, of a list written as JSON, or the text itself."""
    found = opened(said)
    if isinstance(found, list):
        found = found[0] if found else None
    return text(found)


def count(said: Any) -> int | None:
    """A whole number that is not negative."""
    number = amount(said)
    return int(number) if number is not None and number <= COUNT else None


def amount(said: Any) -> float | None:
    """A number that is not negative, also one written as text."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None


def known_amount(said: Any) -> float | None:
    """A number above zero, from who writes 0 where the price is not known."""
    return amount(said) or None


def unquoted(said: Any) -> str | None:
    """A text, or one written as JSON."""
    if isinstance(said, str) and said[:1] == '"':
        try:
            return text(orjson.loads(said))
        except orjson.JSONDecodeError:
            return said
    return text(said)


def total(said: Any) -> float | None:
    """The entry `total` of a map of amounts, else their sum."""
    parts = mapping(said) or {}
    if "total" in parts:
        return amount(parts["total"])
    known = [number for part in parts.values() if (number := amount(part)) is not None]
    return sum(known) if known else None


def finish(said: Any) -> str | None:
    """Why an answer ended. Every provider's word for the limit of tokens becomes `length`."""
    reason = first(said)
    if reason is None:
        return None
    return "length" if reason.casefold() in _CUT_OFF else reason


def mapping(said: Any) -> Mapping[str, Any] | None:
    """A map, or one written as JSON or as Python writes a dict."""
    if isinstance(said, str) and said[:2] in {"{'", "{}"} and len(said) <= LITERAL:
        try:
            said = ast.literal_eval(said)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    found = opened(said)
    return found if isinstance(found, dict) and all(isinstance(name, str) for name in found) else None


def opened(said: Any) -> Any:
    """What a JSON text of a list or an object holds; anything else as it is."""
    if isinstance(said, str) and said[:1] in {"[", "{"}:
        try:
            return orjson.loads(said)
        except orjson.JSONDecodeError:
            return said
    return said
