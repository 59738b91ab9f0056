"""Members of enumerations in a clause."""

import re
from collections.abc import Iterator

from policies.guardrails.frames import Frame, is_content


def items(frame: Frame) -> list[tuple[frozenset[str], str]]:
    """Members of enumerations in a clause: their words, and how they are written."""
    members: list[tuple[frozenset[str], str]] = [] if frame.text.isascii() else list(_japanese(frame))
    for run in re.finditer(r"[^.;:()]+", frame.low):
        pieces = list(_cut(run.group(), run.start()))
        if len(pieces) < 2:
            continue
        for index, (start, end) in enumerate(pieces):
            tokens = [t for t in frame.tokens if start <= t.start < end and is_content(t)]
            if index == 0:
                tokens = tokens[-1:]
            if 0 < len(tokens) <= 4:
                members.append((frozenset(t.lemma for t in tokens), " ".join(t.word for t in tokens)))
    return members


NOUN = r"[一-鿿々ァ-ヶー]+"
JAPANESE = re.compile(rf"({NOUN})(?:や|または|及び|および|もしくは)({NOUN}(?:の{NOUN})*)")


def _japanese(frame: Frame) -> Iterator[tuple[frozenset[str], str]]:
    """`部屋番号や宿泊の有無`: two nouns and the particle that joins them."""
    for match in JAPANESE.finditer(frame.low):
        for group in (1, 2):
            tokens = [t for t in frame.tokens if match.start(group) <= t.start < match.end(group) and is_content(t)]
            if tokens:
                yield frozenset(t.lemma for t in tokens), match.group(group)


JOINS = re.compile(
    r"\s*,\s*(?:(?:and|or|und|oder|et|ou|y|o|e)\s+)?|\s+(?:and|or|und|oder|et|ou|y|ni|nor|as well as)\s+"
)
NEITHER = re.compile(JOINS.pattern + r"|\s+noch\s+")
CONDITION_OPENS = re.compile(
    r"\W*(?:if|when|whenever|where|once|unless|in case|for|after|before)\b(?:(?! (?:or|and) )[^,])*(?=,[^,]*$)"
)


def _cut(said: str, offset: int) -> Iterator[tuple[int, int]]:
    opening = CONDITION_OPENS.match(said)
    at = 0
    for match in (NEITHER if "weder " in said else JOINS).finditer(said):
        if opening and match.start() == opening.end():
            at = match.end()  # the comma that closes `if …` divides no list
            continue
        yield offset + at, offset + match.start()
        at = match.end()
    yield offset + at, offset + len(said)
