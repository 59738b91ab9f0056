"""What changes between two contents, line by line, with the words that differ marked."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from library.prompts import Content, canonical_json

WORD = re.compile(r"\s+|\w+|[^\w\s]")
CONTEXT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a line; marked where it differs from the other side."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """kind: same, gone, new, or gap where equal lines are left out."""

    kind: str
    pieces: tuple[Piece, ...]


def difference(old: Content, new: Content) -> list[DiffLine]:
    """The lines of both contents, equal ones only near a change."""
    return list(_lines(_flat(old), _flat(new)))


def _flat(content: Content) -> list[str]:
    config = [f"config {canonical_json(content.config)}"] if content.config else []
    if content.kind == "text":
        return [*config, *content.text.splitlines()]
    return [*config, *(line for m in content.messages for line in (f"[{m.role}]", *m.content.splitlines()))]


def _lines(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number:
            yield DiffLine(kind="gap", pieces=())
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_line("same", line) for line in old[i1:i2])
            else:
                yield from _changed(old[i1:i2], new[j1:j2])


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[DiffLine]:
    """Lines that stand for each other have their differing words marked; the rest is wholly gone or wholly new."""
    pairs = list(zip(old, new, strict=False)) if len(old) == len(new) else []
    if not pairs:
        yield from (_line("gone", line) for line in old)
        yield from (_line("new", line) for line in new)
        return
    both = [_words(a, b) for a, b in pairs]
    yield from (DiffLine(kind="gone", pieces=before) for before, _ in both)
    yield from (DiffLine(kind="new", pieces=after) for _, after in both)


def _words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    a, b = WORD.findall(old), WORD.findall(new)
    before, after = [], []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if i2 > i1:
            before.append(Piece(text="".join(a[i1:i2]), marked=tag != "equal"))
        if j2 > j1:
            after.append(Piece(text="".join(b[j1:j2]), marked=tag != "equal"))
    return tuple(before), tuple(after)


def _line(kind: str, text: str) -> DiffLine:
    return DiffLine(kind=kind, pieces=(Piece(text=text, marked=False),))
