"""Files with YAML between two `---` lines and a text below."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from library.errors import InputError
from library.exchange.carried import mapping

FENCED = re.compile(r"\A\ufeff?---[ \t]*\r?\n(?P<head>.*?)(?:^)---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def split(text: str, place: str) -> tuple[dict[str, Any], str, str]:
    """The fields, the text below, and the head as it is written; a file without a head is all text."""
    match = FENCED.match(text)
    if match is None:
        if text.startswith("---"):
            raise InputError("the front matter is never closed", place, "Close it with a line '---'.")
        return {}, text, ""
    return mapping(load(match["head"], place), "front matter", place), text[match.end() :], match.group()


def join(fields: Mapping[str, Any], body: str) -> str:
    """The file; fields that are empty are left away."""
    kept = {key: value for key, value in fields.items() if value not in (None, "", {}, [])}
    return f"---\n{dump(kept)}---\n{body.strip()}\n"


def load(text: str, place: str) -> Any:
    """A YAML value: plain data only, no tags that make objects."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise InputError(f"broken YAML{where}", place, "Correct the YAML.") from error


def dump(value: Any) -> str:
    """YAML in the given order, every script as it is."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)


def trimmed(text: str) -> list[str]:
    """A line that says that white space at the ends of a text is not kept, where there is any."""
    return ["white space at the ends of the text"] if text != text.strip() else []
