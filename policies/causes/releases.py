"""A release of our own: which lines an edit took out and put in, and whether what fails is what they were about."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policies.causes.likeness import terms_of

MOST_LINES = 6
LINE_CHARACTERS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version that traffic first met near an onset. moved_at: when a label was moved to it, where one was.

    removed, added: lines of the edit; config: settings that differ, as (before, after).
    """

    version: int
    previous: int
    first_seen: datetime
    moved_at: datetime | None = None
    moved_by: str = ""
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    config: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def edited_lines(old: str, new: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(lines taken out, lines put in), in the order of the texts, cut to a readable length."""
    before = [line.strip() for line in old.splitlines() if line.strip()]
    after = [line.strip() for line in new.splitlines() if line.strip()]
    marked = list(difflib.ndiff(before, after))
    gone = [line[2 : 2 + LINE_CHARACTERS] for line in marked if line.startswith("- ")]
    come = [line[2 : 2 + LINE_CHARACTERS] for line in marked if line.startswith("+ ")]
    return tuple(gone[:MOST_LINES]), tuple(come[:MOST_LINES])


def changed_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings that differ: name -> (before, after), None where one is missing."""
    return {k: (old.get(k), new.get(k)) for k in sorted({*old, *new}) if old.get(k) != new.get(k)}


def line_about(lines: Sequence[str], name: str, words: Sequence[str]) -> str | None:
    """The edited line that a kind of failure is about: it names the kind's answer or two of its telling words."""
    wanted = set(terms_of(name)) if name else set()
    telling = {word for phrase in words for word in terms_of(phrase)}
    best, most = None, 0
    for line in lines:
        said = set(terms_of(line))
        points = (3 if wanted and wanted <= said else 0) + len(telling & said)
        if points > most:
            best, most = line, points
    return best if most >= 2 else None
