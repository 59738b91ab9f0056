"""What a command prints: one JSON document, or plain text for people that fits 100 columns and works in a pipe."""

import dataclasses
import json
import math
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

COLUMNS = 100
GAP = "  "
BLOCKS = "▁▂▃▄▅▆▇█"

with_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
"""The option that every command takes; it arrives as the argument `as_json`."""


def emit(as_json: bool, document: Any, human: str | Callable[[], str]) -> None:
    """Print the answer of a command: the document with `--json`, else the text for people."""
    if as_json:
        plain = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"
        click.echo(json.dumps(to_json(document), indent=2, ensure_ascii=plain, allow_nan=False))
        return
    click.echo(human() if callable(human) else human)


def to_json(value: Any) -> Any:
    """Plain JSON of the product's values: fields of dataclasses, ISO dates in UTC; a number that is none is null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(v) for v in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def cell(value: Any) -> str:
    """One value as a table shows it: no line breaks, times in UTC to the minute, three decimals, `-` for nothing."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return " ".join(harmless(str(value)).split())


def harmless(text: str) -> str:
    """Text as a terminal may show it: control and direction characters, which could rewrite the screen, are spelt."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or c == "\u200d" else f"\\u{ord(c):04x}"
        for c in text
    )


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) or c == "\u200d" else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def shorten(text: str, columns: int) -> str:
    """The text cut to a number of columns, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept = ""
    for c in text:
        if width(kept) + width(c) > columns - 1:
            break
        kept += c
    return kept + "…"


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "nothing here") -> str:
    """Aligned columns, numbers to the right; the widest text columns give way until a row fits."""
    raw = [tuple(row) for row in rows]
    if not raw:
        return empty
    cells = [[cell(v) for v in row] for row in raw]
    widths = [max(width(head), *(width(row[i]) for row in cells)) for i, head in enumerate(headers)]
    room = COLUMNS - len(GAP) * (len(headers) - 1)
    while sum(widths) > room and max(widths) > 12:
        widest = widths.index(max(widths))
        following = max((w for i, w in enumerate(widths) if i != widest), default=12)
        widths[widest] = max(12, min(widths[widest] - 1, max(following, widths[widest] - (sum(widths) - room))))
    numeric = [
        all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in column)
        for column in zip(*raw, strict=True)
    ]
    lines = [_line(headers, widths, numeric), GAP.join("-" * w for w in widths)]
    return "\n".join([*lines, *(_line(row, widths, numeric) for row in cells)])


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts = []
    for text, columns, right in zip(cells, widths, numeric, strict=True):
        shown = shorten(text, columns)
        blank = " " * (columns - width(shown))
        parts.append(blank + shown if right else shown + blank)
    return GAP.join(parts).rstrip()


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """`name  value` lines, names aligned, long values wrapped; a pair without a value is left out."""
    known = [(name, cell(value)) for name, value in pairs if value is not None and value != ""]
    longest = max((len(name) for name, _ in known), default=0)
    return "\n".join(wrapped(value, first=name.ljust(longest) + GAP) for name, value in known)


def wrapped(text: str, *, first: str = "") -> str:
    """A paragraph of at most 100 columns that begins with `first`; its other lines stand under the text."""
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def outline(said: Any, *, indent: str = "") -> str:
    """Plain JSON as an indented list of names and values, for people."""
    if isinstance(said, Mapping):
        return "\n".join(_named(f"{indent}{cell(name)}:", value, indent) for name, value in said.items())
    blocks = []
    for value in said:
        block = outline(value, indent=indent + GAP) if _nested(value) else wrapped(_flat(value), first=indent + GAP)
        blocks.append(f"{indent}- {block[len(indent) + 2 :]}")
    return "\n".join(blocks)


def _named(head: str, value: Any, indent: str) -> str:
    if _nested(value):
        return f"{head}\n{outline(value, indent=indent + GAP)}"
    return wrapped(_flat(value), first=f"{head} ")


def _nested(value: Any) -> bool:
    """Whether a value needs lines of its own: an object, or a list of such."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list | tuple) and any(isinstance(v, Mapping | list | tuple) for v in value)


def _flat(value: Any) -> str:
    if value is None or value in ({}, [], ()):
        return "none"
    return ", ".join(cell(v) for v in value) if isinstance(value, list | tuple) else cell(value)


def sparkline(values: Sequence[float | None], *, low: float = 0.0, high: float = 1.0) -> str:
    """One block character per value between low and high; a blank where there is none."""
    span = high - low or 1.0
    top = len(BLOCKS) - 1
    return "".join(" " if v is None else BLOCKS[round(top * min(max((v - low) / span, 0.0), 1.0))] for v in values)
