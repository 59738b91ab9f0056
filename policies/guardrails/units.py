"""Cut a prompt into units (sentence, bullet, half sentence) and say for each whether it is live or dead text."""

import bisect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from policies.guardrails.retired import RETIRED_HEADING, looks_retired, retired_heading
from policies.guardrails.tags import Tag, boundaries

NESTED = 4
BLANKS = re.compile(r"\s+")
UNIT_LIMIT = 1000  # characters
Context = Literal["live", "heading", "comment", "struck", "code", "quoted", "example", "retired"]
DEAD: frozenset[str] = frozenset({"comment", "struck", "code", "quoted", "example", "retired"})

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|\{#.*?(?:#\}|\Z)|\{\{!.*?(?:\}\}|\Z)|/\*.*?(?:\*/|\Z)", re.DOTALL)
LINE_COMMENT = re.compile(r"(?m)^[ \t]*(?://|%%|;;|# ?(?:old|todo|disabled|note)\b)[^\n]*", re.IGNORECASE)
STRUCK = re.compile(r"~~.+?~~|<(del|s|strike)>.*?</\1>", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"(```|~~~)(?:.*?)(?:\1|\Z)", re.DOTALL)
BLOCK_QUOTE = re.compile(r"(?m)^[ \t]*>[^\n]*(?:\n[ \t]*>[^\n]*)*")
BULLET = re.compile(
    r"[ \t]*(?:[・■◆○※][ \t]*|(?:[-*+•‣▪●◦·–—]|\(?\d{1,3}[.)\]:]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,4}[.)]|[①-⑳]|(?:Rule|"
    r"Step|Regel)\s+\d+[:.)])[ \t]+)"
)
HEADING = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+(?P<marked>[^\n]+)|(?P<label>[^\n.!?{}]{1,60}):[ \t]*$|"
    r"(?P<caps>[A-Z][A-Z /&-]{3,50})[ \t]*$|【(?P<bracketed>[^】\n]{1,60})】[ \t]*$)"
)
TITLE = re.compile(r"[ \t]*([^\W\d_][^.!?:;{}\n]{2,60})[ \t]*")
"""A short line without a stop in front of a list."""
TITLE_LINE = re.compile(r"\W{0,3}[A-Z][\w'-]{0,16}(?: [\w'-]{1,16}){0,2}")
"""No paragraph wraps after so few words: they are a title."""
SHORT = 50  # characters of a line after which no paragraph wraps before a rule
OPENS_RULE = re.compile(
    r"(?:You (?:must|may|should|shall|can)|Never|Always|Do not|Don't|Must|No|Only|Every|All|If|When|Please) |"
    r"[A-Z][A-Z _]{2,24}: "
)
"""How a new sentence begins in a line of its own, though the line before has no stop."""
SENTENCE_END = re.compile(
    r"(?<![.\s][A-Za-z])(?<!e\.g)(?<!i\.e)(?<!\bvs)(?<!\bMr)(?<!\bDr)(?<!\bNo)(?<!\bca)(?<!z\.B)"
    r"[.!?]{1,5}[\"')\]]{0,4}(?=\s+[^a-zäöüß\s]|\s*$)|[。！？!?]{1,5}[」』\"]*|;(?=\s)|"
    r"\}{1,2}(?=\s+(?:Never|Always|Do not|Don't|You must|You may)\b)"
)
EXAMPLE_HEAD = re.compile(
    (
        r"^\W*(?:(?:for )?examples?|samples?|beispiele?|exemples?|ejemplos?|例|counter-?examples?|few-shot|"
        r"demonstrations?|illustrations?)\b(?! (?:must|may|shall|should|have to|has to|(?:is|are) (?:to|never|only|"
        r"not)|"
        r"needs?|can|cannot)\b)[^.]{0,40}:?"
    ),
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of the clean text without its bullet; start and end are clean offsets, message an index."""

    text: str
    start: int
    end: int
    context: Context
    heading: str
    message: int
    bullet: bool

    @property
    def live(self) -> bool:
        """Does this unit command anything, as opposed to being quoted, commented out, struck or retired?"""
        return self.context not in DEAD


@dataclass(frozen=True, slots=True)
class _Region:
    start: int
    end: int
    context: Context


def dead_regions(text: str) -> tuple[_Region, ...]:
    """Stretches that are not read as instructions: comments, strike-through, fences, block quotes."""
    regions = [_Region(m.start(), m.end(), "comment") for p in (COMMENT, LINE_COMMENT) for m in p.finditer(text)]
    regions += [_Region(m.start(), m.end(), "struck") for m in STRUCK.finditer(text)]
    regions += [_Region(m.start(), m.end(), "code") for m in FENCE.finditer(text)]
    regions += [_Region(m.start(), m.end(), "quoted") for m in BLOCK_QUOTE.finditer(text)]
    return tuple(sorted(regions, key=lambda r: (r.start, -r.end)))


@lru_cache(maxsize=16)
def split(text: str, message_starts: tuple[int, ...] = (0,)) -> tuple[Unit, ...]:
    """All units of a clean text in order."""
    regions = dead_regions(text)
    units: list[Unit] = []
    heading = ""
    pieces = _pieces(text, _blocks(text, regions), regions)
    for index, (start, end, tags) in enumerate(pieces):
        for tag in tags:
            heading = _tag_heading(tag, heading)
            if tag.attributes:
                units.append(Unit(text[tag.start : tag.end], tag.start, tag.end, "heading", heading, 0, False))
        if start == end:
            continue
        block = text[start:end]
        bullet = BULLET.match(block)
        head = HEADING.fullmatch(block) if bullet is None else None
        if bullet is None and head is None and index + 1 < len(pieces) and BULLET.match(text, pieces[index + 1][0]):
            head = TITLE.fullmatch(block)
        message = sum(1 for s in message_starts if s <= start) - 1
        if head:
            heading = next(g for g in head.groups() if g).strip()
            units.append(Unit(block.strip(), start, end, "heading", heading, message, False))
            continue
        at = start + (bullet.end() if bullet else 0)
        listed = bullet is not None or bool(tags and tags[-1].opens and tags[-1].item)
        for low, high in _sentences(text, at, end):
            context = _context(text, low, high, regions, heading)
            said = text[low:high] if context == "code" else BLANKS.sub(" ", text[low:high])
            units.append(Unit(said, low, high, context, heading, message, listed))
    return tuple(units)


Piece = tuple[int, int, tuple[Tag, ...]]


def _pieces(text: str, blocks: list[tuple[int, int]], regions: tuple[_Region, ...]) -> list[Piece]:
    """Blocks cut at tags and around struck passages, each with the tags that stand in front of it."""
    code = [r for r in regions if r.context == "code"]
    tags = [t for t in boundaries(text) if not any(r.start <= t.start < r.end for r in code)]
    struck = [r for r in regions if r.context in {"struck", "code"}]
    cuts = [(t.start, t.end, t) for t in tags] + [(p, p, None) for r in struck for p in (r.start, r.end)]
    cuts.sort(key=lambda c: c[:2])
    pieces: list[Piece] = []
    waiting: list[Tag] = []
    at = 0
    for start, end in blocks:
        low = start
        while at < len(cuts) and cuts[at][0] < end:
            cut_start, cut_end, tag = cuts[at]
            at += 1
            if cut_start > low and text[low:cut_start].strip():
                pieces.append((*_trimmed(text, low, cut_start), tuple(waiting)))
                waiting = []
            low = max(low, cut_end)
            waiting += [tag] if tag else []
        if low < end and text[low:end].strip():
            pieces.append((*(_trimmed(text, low, end) if low > start else (low, end)), tuple(waiting)))
            waiting = []
    return [*pieces, (len(text), len(text), tuple(waiting))] if waiting else pieces


def _trimmed(text: str, low: int, high: int) -> tuple[int, int]:
    said = text[low:high]
    return low + len(said) - len(said.lstrip()), low + len(said.rstrip())


def _tag_heading(tag: Tag, heading: str) -> str:
    """`<rules>` heads what follows; what an outer tag or heading retired stays retired until its close."""
    if not tag.opens:
        return heading if tag.item else ""
    return heading if (tag.item and heading) or RETIRED_HEADING.search(heading) else tag.name


def _blocks(text: str, regions: tuple[_Region, ...]) -> list[tuple[int, int]]:
    """Lines joined into paragraphs where a line only wraps."""
    blocks: list[tuple[int, int]] = []
    at = 0
    joined = False
    breaks = {r.start for r in regions} | {r.end for r in regions}
    for line in text.splitlines(keepends=True):
        end = at + len(line)
        body = line.strip()
        if not body:
            joined = False
        elif (
            joined
            and not BULLET.match(line)
            and not HEADING.fullmatch(line.rstrip("\n"))
            and at not in breaks
            and _wraps(text, blocks[-1], body)
        ):
            blocks[-1] = (blocks[-1][0], at + len(line.rstrip()))
        else:
            blocks.append((at, at + len(line.rstrip())))
            joined = not HEADING.fullmatch(line.rstrip("\n")) or BULLET.match(line) is not None
        at = end
    return blocks


def _wraps(text: str, block: tuple[int, int], following: str) -> bool:
    """Does a line go on in the next one? A colon goes on into a quotation, a list or a label do not."""
    said = text[block[0] : block[1]].rstrip()
    last = said[-1:]
    if len(said.rsplit("\n", 1)[-1]) < SHORT and OPENS_RULE.match(following):
        return False
    if TITLE_LINE.fullmatch(said) and re.match(r"[A-Z0-9{*-]", following):
        return False
    return last not in ".!?:;。！？}|" or (last == ":" and following.startswith('"'))


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    at = start
    for match in _ends(text, start, end):
        if _balanced(text[at : match.end()]):
            pieces.append((at, match.end()))
            at = match.end()
    pieces.append((at, end))
    trimmed = []
    for low, high in itertools.chain.from_iterable(_capped(text, *piece) for piece in pieces):
        said = text[low:high]
        if said.strip():
            trimmed.append((low + len(said) - len(said.lstrip()), low + len(said.rstrip())))
    return trimmed


STOP = re.compile(r"[.!?;。！？}]")


def _ends(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Ends of sentences; looking for the mark first spares the expression every other character."""
    stop = STOP.search(text, start, end)
    while stop:
        match = SENTENCE_END.match(text, stop.start(), end)
        if match:
            yield match
        stop = STOP.search(text, match.end() if match else stop.end(), end)


def _capped(text: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Nobody writes sentences of this length; cutting them keeps every pattern's cost bounded."""
    while high - low > UNIT_LIMIT:
        blank = text.rfind(" ", low + UNIT_LIMIT // 2, low + UNIT_LIMIT)
        cut = blank if blank > 0 else low + UNIT_LIMIT
        yield low, cut
        low = cut
    yield low, high


def _balanced(said: str) -> bool:
    """A sentence end inside an open quotation or bracket does not end the unit."""
    return (said.count('"') % 2 == 0 and said.count("(") <= said.count(")")) or len(said) > 600


def _context(text: str, low: int, high: int, regions: tuple[_Region, ...], heading: str) -> Context:
    # Regions are sorted by start and hardly nest: the one that holds a place is among the last few before it.
    at = bisect.bisect_right(regions, low, key=lambda r: r.start)
    for region in regions[max(0, at - NESTED) : at]:
        if high <= region.end:
            return region.context
    said = text[low:high]
    if retired_heading(heading):
        return "retired"
    if EXAMPLE_HEAD.match(heading) or EXAMPLE_HEAD.match(said):
        return "example"
    if looks_retired(said):
        return "retired"
    return "live"
