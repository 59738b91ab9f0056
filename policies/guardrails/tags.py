"""XML-style tags in a prompt: every opening or closing tag ends a unit, and its name heads what it encloses."""

import re
from collections import Counter
from dataclasses import dataclass

TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]{0,40})(?P<rest>[^<>\n]{0,200})>")
INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "br",
        "code",
        "del",
        "em",
        "i",
        "kbd",
        "mark",
        "s",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "u",
    }
)
"""Tags of running text: they style words and end nothing."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One boundary: clean offsets, the name in words, and what it does."""

    start: int
    end: int
    name: str
    opens: bool
    item: bool  # one of several of this name: a list item in other clothes
    attributes: bool


def boundaries(text: str) -> tuple[Tag, ...]:
    """Tags in order whose name is also closed somewhere; `Dear <name>` is a slot and no boundary."""
    matches = [m for m in TAG.finditer(text) if m["name"].lower() not in INLINE]
    closed = {m["name"] for m in matches if m["close"]}
    counts = Counter(m["name"] for m in matches if not m["close"])
    return tuple(
        Tag(
            start=m.start(),
            end=m.end(),
            name=re.sub(r"[_:.-]+", " ", m["name"]),
            opens=not m["close"],
            item=counts[m["name"]] > 1,
            attributes=bool(m["rest"].strip(" /")),
        )
        for m in matches
        if m["name"] in closed
    )
