"""Cut a prompt into units (sentence, bullet, half sentence) and say for each whether it is live or dead text."""

import re
from dataclasses import dataclass
from typing import Literal

Context = Literal["live", "heading", "comment", "struck", "code", "quoted", "example", "retired"]
DEAD: frozenset[str] = frozenset({"comment", "struck", "code", "quoted", "example", "retired"})

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|\{#.*?(?:#\}|\Z)|\{\{!.*?(?:\}\}|\Z)|/\*.*?(?:\*/|\Z)", re.DOTALL)
LINE_COMMENT = re.compile(r"(?m)^[ \t]*(?://|%%|;;|# ?(?:old|todo|disabled|note)\b)[^\n]*", re.IGNORECASE)
STRUCK = re.compile(r"~~.+?~~|<(del|s|strike)>.*?</\1>", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"(```|~~~)(?:.*?)(?:\1|\Z)", re.DOTALL)
BLOCK_QUOTE = re.compile(r"(?m)^[ \t]*>[^\n]*(?:\n[ \t]*>[^\n]*)*")
BULLET = re.compile(
    r"[ \t]*(?:[-*+•‣▪●◦·–—]|\(?\d{1,3}[.)\]:]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,4}[.)]|[①-⑳]|(?:Rule|"
    r"Step|Regel)\s+\d+[:.)])[ \t]+"
)
HEADING = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+(?P<marked>[^\n]+)|(?P<label>[^\n.!?{}]{1,60}):[ \t]*$|"
    r"(?P<caps>[A-Z][A-Z /&-]{3,50})[ \t]*$)"
)
SENTENCE_END = re.compile(
    r"(?<![.\s][A-Za-z])(?<!e\.g)(?<!i\.e)(?<!\bvs)(?<!\bMr)(?<!\bDr)(?<!\bNo)(?<!\bca)(?<!z\.B)[.!?]+[\"')\]]*(?=\s+[^a-zäöüß\s]|\s*$)|[。！？!?]+[」』\"]*|;(?=\s)"
)
RETIRED = re.compile(
    r"\b(?:retired|deprecated|obsolete|superseded|withdrawn|archived?|outdated|no longer|formerly|"
    r"used to (?:say|read|be|state)|(?:old|former|previous|earlier|prior|past|legacy|"
    r"outgoing) (?:[\w-]+ ){0,2}(?:rules?|versions?|wording|prompts?|handbook|policy|policies|"
    r"guidelines?|guidance|texts?|editions?|drafts?|practice|notices?|leaflets?|posters?|manuals?|"
    r"standards?|regulations?)|"
    r"previously said|(?:is|are|was|were) not in force|not (?:currently )?in force|for (?:reference|"
    r"history|historical) (?:only|purposes)|"
    r"(?:used|applied|valid|said|stated|read|applicable) (?:until|before|in) (?:19|20)\d\d|(?:19|"
    r"20)\d\d (?:leaflet|version|edition|policy|handbook|rules?|guide(?:lines?)?|manual)|in the past|"
    r"not to (?:follow|be followed)|do not (?:follow|apply) (?:this|these|them) any ?more|"
    r"discontinued|abolished|repealed|rescinded|revoked|not apply any ?more|crossed out|"
    r"examples? of (?:what|how) not|ignore the following|the following (?:is|are) (?:not|void|"
    r"outdated)|bad example|wrong example|negative example|"
    r"a (?:competitor|rival|different (?:bot|assistant|company))|other (?:bots|assistants|companies)|"
    r"(?:außer kraft|nicht mehr|veraltet|früher|ehemals|aufgehoben)|n'est plus|obsolète|ya no|"
    r"obsoleto)\b|廃止|旧|無効|以前の",
    re.IGNORECASE,
)
RETIRED_HEADING = re.compile(
    (
        r"\b(?:not in use|out of use|not used|unused|do not (?:use|apply|follow)|rejected|dropped|"
        r"abandoned|stopped|for reference|background only|legacy|what not to|things? not to|"
        r"anti-?patterns?|bad examples?|counter-?examples?|ignore this|inactive|disabled|void|history|"
        r"historical|parking lot|drafts?|ideas)\b"
    ),
    re.IGNORECASE,
)
EXAMPLE_HEAD = re.compile(
    (
        r"^\W*(?:(?:for )?examples?|samples?|beispiele?|exemples?|ejemplos?|例|counter-?examples?|few-shot|"
        r"demonstrations?|illustrations?)\b[^.]{0,40}:?"
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


def split(text: str, message_starts: tuple[int, ...] = (0,)) -> tuple[Unit, ...]:
    """All units of a clean text in order."""
    regions = dead_regions(text)
    units: list[Unit] = []
    heading = ""
    for start, end in _blocks(text, regions):
        block = text[start:end]
        bullet = BULLET.match(block)
        head = HEADING.fullmatch(block) if bullet is None else None
        message = sum(1 for s in message_starts if s <= start) - 1
        if head:
            heading = (head["marked"] or head["label"] or head["caps"]).strip()
            units.append(Unit(block.strip(), start, end, "heading", heading, message, False))
            continue
        at = start + (bullet.end() if bullet else 0)
        for low, high in _sentences(text, at, end):
            said = text[low:high]
            context = _context(text, low, high, regions, heading)
            units.append(Unit(said, low, high, context, heading, message, bullet is not None))
    return tuple(units)


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
            and _wraps(text, blocks[-1])
        ):
            blocks[-1] = (blocks[-1][0], at + len(line.rstrip()))
        else:
            blocks.append((at, at + len(line.rstrip())))
            joined = not HEADING.fullmatch(line.rstrip("\n")) or BULLET.match(line) is not None
        at = end
    return blocks


def _wraps(text: str, block: tuple[int, int]) -> bool:
    last = text[block[0] : block[1]].rstrip()[-1:]
    return last not in ".!?:;。！？}|"


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    at = start
    for match in SENTENCE_END.finditer(text, start, end):
        if _balanced(text[at : match.end()]):
            pieces.append((at, match.end()))
            at = match.end()
    pieces.append((at, end))
    trimmed = []
    for low, high in pieces:
        said = text[low:high]
        if said.strip():
            trimmed.append((low + len(said) - len(said.lstrip()), low + len(said.rstrip())))
    return trimmed


def _balanced(said: str) -> bool:
    """A sentence end inside an open quotation or bracket does not end the unit."""
    return (said.count('"') % 2 == 0 and said.count("(") <= said.count(")")) or len(said) > 600


def _context(text: str, low: int, high: int, regions: tuple[_Region, ...], heading: str) -> Context:
    for region in regions:
        if region.start <= low and high <= region.end:
            return region.context
    said = text[low:high]
    if RETIRED.search(heading) or RETIRED_HEADING.search(heading):
        return "retired"
    if EXAMPLE_HEAD.match(heading) or EXAMPLE_HEAD.match(said):
        return "example"
    if RETIRED.search(said):
        return "retired"
    return "live"
