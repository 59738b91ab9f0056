"""A prompt read once for all checks: raw text, clean text, units with frames, and the stream of live words."""

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from library.prompts import Content
from policies.guardrails.frames import Frame, frame
from policies.guardrails.normalise import Clean, clean
from policies.guardrails.retired import retired_heading
from policies.guardrails.units import Unit, split
from policies.guardrails.words import Synonyms, Token
from policies.verdict import Side, Span


@dataclass(frozen=True, slots=True)
class Read:
    """A unit with its frame and its words joined by blanks (the form in which verbatim is decided)."""

    unit: Unit
    frame: Frame
    plain: str
    governed: str  # operator that the heading adds ("Never "), else ""


@dataclass(frozen=True)
class Document:
    """One side of the comparison."""

    side: Side
    content: Content
    raw: str
    clean: Clean
    reads: tuple[Read, ...]
    synonyms: Synonyms
    stream: str = field(init=False)
    _starts: list[int] = field(init=False, repr=False)
    _live: tuple[Read, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        live = tuple(r for r in self.reads if r.unit.live)
        starts: list[int] = []
        at = 0
        for read in live:
            starts.append(at)
            at += len(read.plain) + (1 if read.plain else 0)
        object.__setattr__(self, "stream", " ".join(r.plain for r in live if r.plain))
        object.__setattr__(self, "_starts", starts)
        object.__setattr__(self, "_live", live)

    @property
    def live(self) -> tuple[Read, ...]:
        """Units that command, in order."""
        return self._live

    def text_before(self, unit: Unit) -> Read | None:
        """The unit on whose line this one goes on, or None."""
        at = bisect.bisect_left(self.reads, unit.start, key=lambda r: r.unit.start) - 1
        if at < 0 or "\n" in self.clean.text[self.reads[at].unit.end : unit.start]:
            return None
        return self.reads[at]

    def role_of(self, unit: Unit) -> str:
        """Role of the message a unit stands in; `user` for kind text, as rendered."""
        return self.content.messages[unit.message].role if self.content.messages else "user"

    def locate(self, plain: str) -> tuple[Read, ...]:
        """Live units over which a plain text runs verbatim; empty when it does not occur."""
        at = find_words(self.stream, plain)
        if at < 0:
            return ()
        first = bisect.bisect_right(self._starts, at) - 1
        last = bisect.bisect_right(self._starts, at + len(plain) - 1) - 1
        return self._live[first : last + 1]

    def span(self, start: int, end: int) -> Span:
        """Span of a stretch given in clean offsets."""
        low, high = self.clean.raw_span(start, end)
        return Span(side=self.side, start=low, end=high, text=self.raw[low:high])

    def raw_span(self, start: int, end: int) -> Span:
        """Span of a stretch given in raw offsets."""
        return Span(side=self.side, start=start, end=end, text=self.raw[start:end])

    def inside(self, unit: Unit, start: int, end: int) -> Span:
        """Span of a stretch given in offsets of the unit's text; the whole unit where line breaks shifted them."""
        if len(unit.text) != unit.end - unit.start:
            return self.unit_span(unit)
        return self.span(unit.start + start, unit.start + end)

    def unit_span(self, unit: Unit) -> Span:
        """Span of a whole unit."""
        return self.span(unit.start, unit.end)


def find_words(stream: str, plain: str) -> int:
    """Position of `plain` in `stream` at word boundaries, or -1."""
    if not plain:
        return -1
    padded = f" {stream} "
    return padded.find(f" {plain} ")


def plain_words(tokens: Iterable[Token]) -> str:
    """Words in lower case joined by blanks: case, punctuation, markup and wrapping do not count."""
    return " ".join("".join(t.word.split()) if t.word[0] == "{" else t.word.replace("-", " ") for t in tokens)


def message_starts(content: Content) -> tuple[int, ...]:
    """Raw offset at which each message begins in `full_text`."""
    if content.kind == "text":
        return (0,)
    starts, at = [], 0
    for message in content.messages:
        starts.append(at)
        at += len(message.content) + 2
    return tuple(starts) or (0,)


def read(content: Content, side: Side, synonyms: Synonyms, approved: frozenset[str] = frozenset()) -> Document:
    """Read a prompt; units whose words are in `approved` count as live even where they look retired."""
    raw = content.full_text
    cleaned = clean(raw)
    starts = tuple(bisect.bisect_left(cleaned.offsets, s) for s in message_starts(content))
    reads = []
    for unit in split(cleaned.text, starts):
        framed = frame(unit.text, synonyms)
        plain = plain_words(framed.tokens)
        governed = _governed(unit)
        if governed:
            framed = frame(governed + unit.text, synonyms)
        if unit.context == "retired" and (
            side == "current"
            or (
                plain in approved
                and (not retired_heading(unit.heading) or plain_words(synonyms.tokens(unit.heading)) in approved)
            )
        ):
            unit = Unit(unit.text, unit.start, unit.end, "live", unit.heading, unit.message, unit.bullet)  # noqa: PLW2901
        reads.append(Read(unit, framed, plain, governed))
    return Document(side=side, content=content, raw=raw, clean=cleaned, reads=tuple(reads), synonyms=synonyms)


FORBIDS = re.compile(
    r"\b(?:never|must not|mustn't|do not|don't|may not|cannot|can't|forbidden|prohibited|not allowed|"
    r"off[- ]limits|banned|no-gos?|don'ts)"
    r"(?: do| ever| under any circumstances| allowed)?\W*$",
    re.IGNORECASE,
)
DEMANDS = re.compile(
    r"\W*(?:you )?(?:must|always|shall|do|dos|required|mandatory|obligatory)(?: always)?\W*", re.IGNORECASE
)
PLAIN_VERB = re.compile(r"[A-Za-z]+\b(?! (?:must|shall|may|should|is|are|can|has|have)\b)")
OPERATOR = re.compile(r"^\W*(?:never|do not|don't|must|always|no\b|you\b|under no)", re.IGNORECASE)


def _governed(unit: Unit) -> str:
    """Under a heading `You must never:` each bullet is forbidden, though it does not say so itself."""
    if not unit.bullet or not PLAIN_VERB.match(unit.text) or OPERATOR.match(unit.text):
        return ""
    if FORBIDS.search(unit.heading):
        return "Never "
    return "Always " if DEMANDS.fullmatch(unit.heading) else ""
