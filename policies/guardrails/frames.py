"""Clause frames: how strongly a unit commands, what it forbids, on what conditions, about what."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from policies.guardrails import vocabulary as v
from policies.guardrails.word_lists import COMMAND_WORDS
from policies.guardrails.words import CJK, Synonyms, Token

ABSOLUTE, MANDATORY, EXPECTED, OPTIONAL = 4, 3, 2, 1
STRENGTH_NAME = {ABSOLUTE: "absolute", MANDATORY: "mandatory", EXPECTED: "expected", OPTIONAL: "optional"}

BOUND = re.compile(
    r"[^,;:.]*\b(?:more|longer|later|greater|higher|larger|less|fewer|earlier|"
    r"sooner) than (?:\w+ )?(?:\d|one\b|two\b|three\b|four\b|five\b|six\b|ten\b|once\b|"
    r"twice\b)[^,;:.]*|[^,;:.]*\b(?:at most|at least|up to|maximum of|minimum of) [^,;:.]*"
)
HARD_BREAK = re.compile(
    r"[;:]| - |, not (?:as|the|an?|to|from|with|for|by|in|on)\b|\bbut\b|\binstead\b(?! of)|"
    r"\brather\b(?! than)|\baber\b|\bsondern\b|\bmais\b|\bpero\b|。|、ただし"
)
OPERATOR = re.compile(
    r"\b(?:must|shall|should|may|can|could|always|never|do not|don't|have to|has to|muss|müssen|darf|dürfen|sollte)\b"
)
NEUTRAL_SCOPE = re.compile(
    r"\b(?:before|until|prior to|unless|if|when|whenever|while|after|because|so that|even if|"
    r"regardless of|no matter|except|other than|anyone but|than|bevor|bis|wenn|falls)\b[^,;:.]*"
)
NEGATED_BOUND = re.compile(
    r"\b(?:not|never|n't|no|cannot)\b[^,;:.]*\b(?:more|longer|later|greater|higher|larger|above|over|exceed\w*) "
)
DOUBLE_NEGATIVE_IDIOM = re.compile(
    r"\bno matter\b|\bno more than\b|\bno later than\b|\bno longer than\b|\bno less than\b|"
    r"\bno fewer than\b|\bnot only\b|\bno exceptions?\b|\bwithout exceptions?\b|\bwhether or not\b|"
    r"\bnot later than\b"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A figure in a clause: its value, the word after it, and which side it bounds ('at least', 'at most', '')."""

    value: str
    unit: str
    bound: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What one unit (or several joined ones) says, ready for comparison."""

    text: str
    low: str
    tokens: tuple[Token, ...]
    polarity: tuple[int, ...]  # per token: -1 forbidden, 1 commanded, 0 inside a condition
    strength: int
    explicit: bool  # False when the strength is only implied by an imperative or a statement
    markers: frozenset[str]  # exceptions
    hedges: frozenset[str]
    weak: frozenset[str]  # should, may, try, consider in the main clause
    strong: frozenset[str]
    numbers: tuple[Number, ...]

    @property
    def prohibits(self) -> bool:
        """Does the clause mainly forbid?"""
        if not any(self.polarity):
            return NEGATED_BOUND.search(self.low) is not None
        return sum(self.polarity) < 0 or (0 not in self.polarity and -1 in self.polarity and sum(self.polarity) == 0)

    @property
    def content(self) -> tuple[str, ...]:
        """Comparable forms of the words that carry subject matter, in order."""
        return tuple(t.lemma for t in self.tokens if is_content(t))

    @property
    def content_set(self) -> frozenset[str]:
        """The same without order."""
        return frozenset(self.content)


def is_content(token: Token) -> bool:
    """A word of subject matter: neither a function word nor part of the way of commanding."""
    return (
        token.content
        and token.word not in COMMAND_WORDS
        and not any(w in COMMAND_WORDS for w in token.word.split()[:1])
    )


def found(pattern: re.Pattern[str], low: str) -> frozenset[str]:
    """The expressions of a class that occur in a lower-case text."""
    return frozenset(m.group() for m in pattern.finditer(low))


def frame(text: str, synonyms: Synonyms) -> Frame:
    """Read one unit, or several joined by blanks."""
    low = text.lower()
    tokens = synonyms.tokens(text)
    strong = found(v.ABSOLUTE, low) | found(v.MANDATORY, low)
    optional = _main_clause(v.OPTIONAL, low)
    expected = _main_clause(v.EXPECTED, low)
    hedges = found(v.HEDGE, low)
    markers = _exceptions(low)
    if CJK.search(text):
        strong |= found(v.MANDATORY_CJK, text)
        hedges |= found(v.HEDGE_CJK, text)
        markers |= found(v.EXCEPTION_CJK, text)
    return Frame(
        text=text,
        low=low,
        tokens=tokens,
        polarity=_polarity(low, tokens, text),
        strength=_strength(low, strong, expected, optional, hedges),
        explicit=bool(strong or expected or optional),
        markers=markers,
        hedges=hedges,
        weak=expected | optional,
        strong=strong,
        numbers=tuple(_numbers(low, tokens)),
    )


def _strength(
    low: str, strong: frozenset[str], expected: Iterable[str], optional: Iterable[str], hedges: Iterable[str]
) -> int:
    if v.ABSOLUTE.search(low) or re.search(r"絶対に|必ず|一切|厳禁", low):
        level = ABSOLUTE
    elif strong:
        level = MANDATORY
    elif expected:
        level = EXPECTED
    elif optional:
        level = OPTIONAL
    else:
        level = MANDATORY
    return max(OPTIONAL, level - 1) if hedges else level


def _main_clause(pattern: re.Pattern[str], low: str) -> frozenset[str]:
    """Weak operators that govern the main clause, not `what the user can do` or `may not`."""
    hits: set[str] = set()
    for match in pattern.finditer(low):
        before = re.split(r"[,;:.()]", low[: match.start()])[-1]
        after = low[match.end() : match.end() + 8]
        word = match.group()
        if word in {
            "may",
            "can",
            "could",
            "might",
            "darf",
            "dürfen",
            "darfst",
            "kann",
            "mag",
            "peut",
            "puede",
        } and re.match(r" (?:not|only|never|nicht|nur|kein|no)\b", after):
            continue
        if re.search(
            (
                r"\b(?:no|nothing|nobody|no one|neither|never|none|only|under no circumstances|not|"
                r"kein\w*|niemand|nicht)\b"
            ),
            before,
        ):
            continue
        if word in {"allowed", "permitted", "acceptable", "permissible"} and re.search(
            r"\b(?:not|n't|never|no)\b[^,;]*$", before
        ):
            continue
        if v.SUBORDINATE.search(before) and not re.match(r"\s*(?:if|when|wenn)\b.*\b(?:you|then)\s*$", before):
            continue
        hits.add(word)
    return frozenset(hits)


def _exceptions(low: str) -> frozenset[str]:
    hits = set()
    for match in v.EXCEPTION.finditer(low):
        before = low[: match.start()]
        if re.search(r"\b(?:no|without|without any|without an)\s+$", before) or (
            re.search(r"\bnot?\s+(?:an?\s+)?(?:be\s+)?$", before)
            and match.group().startswith(("exempt", "provid", "accept", "excluded"))
        ):
            continue
        if match.group() in {"provided", "providing"} and not re.match(
            r" (?:that|the|it|they|he|she|you|an?|there)\b", low[match.end() :]
        ):
            continue
        if match.group() == "provided" and re.search(
            r"\b(?:not|is|are|was|were|be|been|has|have|had|as|information|data|details?|context|\w+s) $", before
        ):
            continue
        if match.group().startswith("overrid") and re.search(r"\b(?:not|never|cannot|can't|don't|no)\b[^.;]*$", before):
            continue
        if match.group().startswith(("is ", "are ")) and re.search(
            r"\b(?:what|which|whether|only|nothing|neither|no)\b", before
        ):
            continue
        hits.add(match.group())
    return frozenset(hits)


def _polarity(low: str, tokens: tuple[Token, ...], text: str) -> tuple[int, ...]:
    if CJK.search(text):
        whole = -1 if len(v.NEGATION_CJK.findall(re.sub(r"なければな\w*|ないと", "", text))) % 2 else 1
        return tuple(whole for _ in tokens)
    flips = [0] * (len(low) + 1)
    idioms = [(m.start(), m.end()) for m in DOUBLE_NEGATIVE_IDIOM.finditer(low)]
    neutral = [(m.start(), m.end()) for pattern in (NEUTRAL_SCOPE, BOUND) for m in pattern.finditer(low)]
    resets = sorted({m.start() for m in HARD_BREAK.finditer(low)} | _operator_resets(low))
    negations = [
        m.start() for m in v.NEGATION.finditer(low) if not any(a <= m.start() < b for a, b in (*idioms, *neutral))
    ]
    bounds = [0, *resets, len(low) + 1]
    for start, end in itertools.pairwise(bounds):
        inside = [n for n in negations if start <= n < end]
        if not inside:
            continue
        for i in range(start, min(end, len(flips))):
            seen = sum(1 for n in inside if n <= i) or 1
            flips[i] = seen

    def sign(token: Token) -> int:
        if any(a <= token.start < b for a, b in neutral):
            return 0
        return -1 if flips[token.start] % 2 else 1

    return tuple(sign(t) for t in tokens)


def _operator_resets(low: str) -> set[int]:
    """A comma or `and` before a new operator or a new sentence part starts a fresh scope."""
    hits = set()
    for match in re.finditer(
        (
            r"(?:,| and| or| und|\.)(?: so| then| and)?\s+(?=(?:(?:you|it|they|the \w+|always|then|please|"
            r"instead|this|he|she)\b|must|shall|should|never|do not|don't|may|can))"
        ),
        low,
    ):
        hits.add(match.start())
    return hits


LOWER_BOUND = re.compile(
    r"(?:at least|minimum(?: of)?|min\.?|no (?:less|fewer) than|not less than|(?:from|starting at)|"
    r"mindestens|au moins|al menos|almeno)\s*(?:of\s*)?$"
)
UPPER_BOUND = re.compile(
    r"(?:at most|maximum(?: of)?|max\.?|up to|no (?:more|longer|later|higher|larger|greater) than|"
    r"not (?:more|longer|later|higher) than|within|höchstens|maximal|bis zu|au plus|hasta|"
    r"al massimo)\s*(?:of\s*)?$"
)
OVER = re.compile(
    r"(?:more than|above|over|exceed(?:s|ing)?|longer than|greater than|larger than|higher than|"
    r"older than|beyond|after|über|mehr als|plus de|más de)\s*(?:of\s*)?$"
)
UNDER = re.compile(
    r"(?:less than|below|under|fewer than|younger than|lower than|shorter than|unter|weniger als|"
    r"moins de|menos de)\s*$"
)


def _numbers(low: str, tokens: tuple[Token, ...]) -> Iterable[Number]:
    for index, token in enumerate(tokens):
        if not token.lemma[0].isdigit() or (token.word in {"one", "once", "a", "single"}):
            continue
        before = re.sub(r"[€$£¥]\s*$", "", low[max(0, token.start - 40) : token.start])
        bound = next(
            (
                name
                for name, p in (("min", LOWER_BOUND), ("max", UPPER_BOUND), ("over", OVER), ("under", UNDER))
                if p.search(before)
            ),
            "",
        )
        follower = tokens[index + 1].lemma if index + 1 < len(tokens) else ""
        yield Number(token.lemma, follower, bound)
