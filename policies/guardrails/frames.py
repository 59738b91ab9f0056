"""Clause frames: how strongly a unit commands, what it forbids, on what conditions, about what."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from policies.guardrails import vocabulary as v
from policies.guardrails.polarity import prohibits, signs_of
from policies.guardrails.words import CJK, Synonyms, Token

ABSOLUTE, MANDATORY, EXPECTED, OPTIONAL = 4, 3, 2, 1
STRENGTH_NAME = {ABSOLUTE: "absolute", MANDATORY: "mandatory", EXPECTED: "expected", OPTIONAL: "optional"}

LABELLED_OPERATOR = re.compile(
    r"^\W*(?:you )?(?:must not|must never|must|may not|may|shall not|shall|should not|should|never|"
    r"always|do not|don't|not allowed|forbidden|"
    r"prohibited|avoid|required)\s?:"
)
"""`MUST NOT: share addresses`: the colon does not end what the operator governs."""
BARE_NO = re.compile(r"^(?:[^:.]{0,40}: )?\W*(no) \w")
"""`No violence, no weapons`: a prohibition without a verb."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure in a clause: its value, the word after it, and which side it bounds ('at least', 'at most', '')."""

    value: str
    unit: str
    bound: str


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What one unit (or several joined ones) says, ready for comparison; one value per text."""

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
    content: tuple[str, ...]  # comparable forms of the words that carry subject matter, in order
    content_set: frozenset[str]
    prohibits: bool  # does the clause mainly forbid?


def is_content(token: Token) -> bool:
    """A word of subject matter: neither a function word nor part of the way of commanding."""
    return token.subject


def found(pattern: re.Pattern[str], low: str) -> frozenset[str]:
    """The expressions of a class that occur in a lower-case text."""
    return frozenset(m.group() for m in pattern.finditer(low))


@lru_cache(maxsize=4096)
def frame(text: str, synonyms: Synonyms) -> Frame:
    """Read one unit, or several joined by blanks; kept, since both sides and all candidates share most units."""
    low = LABELLED_OPERATOR.sub(lambda m: m.group()[:-1] + " ", text.lower())
    tokens = synonyms.tokens(text)
    absolute = found(v.ABSOLUTE, low)
    strong = absolute | found(v.MANDATORY, low) | frozenset(BARE_NO.findall(low))
    optional = _main_clause(v.OPTIONAL, low)
    expected = _main_clause(v.EXPECTED, low)
    hedges = found(v.HEDGE, low)
    markers = _exceptions(low)
    if not text.isascii() and CJK.search(text):
        strong |= found(v.MANDATORY_CJK, text)
        hedges |= found(v.HEDGE_CJK, text)
        markers |= found(v.EXCEPTION_CJK, text)
    signs = signs_of(low, tokens, text)
    content = tuple(t.lemma for t in tokens if t.subject)
    return Frame(
        text=text,
        low=low,
        tokens=tokens,
        polarity=signs,
        strength=_strength(low, absolute, strong, expected, optional, hedges),
        explicit=bool(strong or expected or optional),
        markers=markers,
        hedges=hedges,
        weak=expected | optional,
        strong=strong,
        numbers=tuple(_numbers(low, tokens)),
        content=content,
        content_set=frozenset(content),
        prohibits=prohibits(low, signs),
    )


def _strength(
    low: str,
    absolute: frozenset[str],
    strong: frozenset[str],
    expected: Iterable[str],
    optional: Iterable[str],
    hedges: Iterable[str],
) -> int:
    if absolute or re.search(r"絶対に|必ず|一切|厳禁", low):
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
        if DESCRIBED.search(before) and not v.SUBORDINATE.match(before.strip()):
            continue
        hits.add(word)
    return frozenset(hits)


DESCRIBED = re.compile(
    r"^(?!\s*(?:for|in|on|at|with|under|over|during|to|as|by|from|then|and|or|also|so|but)\b).*"
    r"\b(?:an?|the|one|some|any|each|every|no)(?: \w+){1,3} (?:they|he|she)\s$"
)
"""`end with a detail they can look for`: the verb belongs to what is described."""


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
        if match.group() in {"exclude", "excludes"} and re.search(
            r"(?:^|[,;:]|\b(?:and|must|always|to|not|never|or))\s*$", before
        ):
            continue
        if match.group().startswith(("is ", "are ")) and re.search(
            r"\b(?:what|which|whether|only|nothing|neither|no)\b|\b(?:nobody|no one|none)\b[^,;.]*$", before
        ):
            continue
        hits.add(match.group())
    return frozenset(hits)


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
        if not token.lemma[0].isdigit():
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
        if token.word in {"one", "once", "a", "single"} and not bound:
            continue
        follower = tokens[index + 1].lemma if index + 1 < len(tokens) else ""
        yield Number(token.lemma, follower, bound)
