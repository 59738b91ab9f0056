"""Clause frames: how strongly a unit commands, what it forbids, on what conditions, about what."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from policies.guardrails import vocabulary as v
from policies.guardrails.words import CJK, Synonyms, Token

ABSOLUTE, MANDATORY, EXPECTED, OPTIONAL = 4, 3, 2, 1
STRENGTH_NAME = {ABSOLUTE: "absolute", MANDATORY: "mandatory", EXPECTED: "expected", OPTIONAL: "optional"}

BOUND = re.compile(
    r"\b(?:more|longer|later|greater|higher|larger|less|fewer|earlier|sooner) than (?:\w{1,20} )?"
    r"(?:\d|(?:one|two|three|four|five|six|ten|once|twice)\b)|\b(?:at most|at least|up to|maximum of|minimum of) "
)
LABELLED_OPERATOR = re.compile(
    r"^\W*(?:you )?(?:must not|must never|must|may not|may|shall not|shall|should not|should|never|"
    r"always|do not|don't|not allowed|forbidden|"
    r"prohibited|avoid|required)\s?:"
)
"""`MUST NOT: share addresses`: the colon does not end what the operator governs."""
SEGMENT_END = re.compile(r"[,;:.]")
BARE_NO = re.compile(r"^(?:[^:.]{0,40}: )?\W*(no) \w")
"""`No violence, no weapons`: a prohibition without a verb."""
RELATIVE = re.compile(
    r"(?P<before>\w+ )?\b(?:that|who|which|whom|whose) (?:(?:the|a|an|you|we|they|it) (?:\w+ )?)?"
    r"(?:(?:is|are|was|were|has|have|had|do|does|did|could|would|will|can) ?)?(?:not|n't|never|no)\b[^,;:.]*"
)
STATES = frozenset(
    {
        "ensure",
        "sure",
        "so",
        "state",
        "say",
        "says",
        "tell",
        "means",
        "mean",
        "confirm",
        "check",
        "verify",
        "note",
        "remember",
    }
)
"""After these `that` opens what is said, not a description: `make sure that nothing is shared`."""
AFTER_ONLY = re.compile(
    r"without|instead of|rather than|nor|no|none|lack\w*|ohne|sans|sin|senza|sem|"
    r"zonder|kein\w*|aucune?"
)
HARD_BREAK = re.compile(
    r"[;:]| - |, (?:not (?:as|the|an?|to|from|with|for|by|in|on)|never|without|no)\b|\bbut\b|\binstead\b(?! of)|"
    r"\brather\b(?! than)|\baber\b|\bsondern\b|\bmais\b|\bpero\b|。|、ただし"
)
OPERATOR = re.compile(
    r"\b(?:must|shall|should|may|can|could|always|never|do not|don't|have to|has to|muss|müssen|darf|dürfen|sollte)\b"
)
NEUTRAL_SCOPE = re.compile(
    r"\b(?:before|until|prior to|after|than|because|bevor|bis|nach|vor)\b"
    r"[^,;:.]*?(?=\s(?:must|shall|should|may|can|never|always|do not|don't|has to|have to|is|are|muss|"
    r"darf)\b|[,;:.]|$)"
    r"|\b(?:without|ohne|sans|sin|senza|sem|zonder)\b[^,;:.]*?"
    r"(?=\s(?:must|shall|should|may|can|never|always|do not|don't|is|are|muss|müssen|darf|dürfen|soll|"
    r"kann)\b|[,;:.]|$)"
    r"|\b(?:unless|if|when|whenever|while|so that|even if|regardless of|no matter|except|other than|"
    r"anyone but|wenn|falls)\b"
    r"[^,;:.]*"
)
NEGATED_BOUND = re.compile(
    r"\b(?:not|never|n't|no|cannot)\b[^,;:.]*\b(?:more|longer|later|greater|higher|larger|above|over|"
    r"less|fewer|below|under|earlier|exceed\w*) "
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
    strong = found(v.ABSOLUTE, low) | found(v.MANDATORY, low) | frozenset(BARE_NO.findall(low))
    optional = _main_clause(v.OPTIONAL, low)
    expected = _main_clause(v.EXPECTED, low)
    hedges = found(v.HEDGE, low)
    markers = _exceptions(low)
    if CJK.search(text):
        strong |= found(v.MANDATORY_CJK, text)
        hedges |= found(v.HEDGE_CJK, text)
        markers |= found(v.EXCEPTION_CJK, text)
    signs = _polarity(low, tokens, text)
    content = tuple(t.lemma for t in tokens if t.subject)
    return Frame(
        text=text,
        low=low,
        tokens=tokens,
        polarity=signs,
        strength=_strength(low, strong, expected, optional, hedges),
        explicit=bool(strong or expected or optional),
        markers=markers,
        hedges=hedges,
        weak=expected | optional,
        strong=strong,
        numbers=tuple(_numbers(low, tokens)),
        content=content,
        content_set=frozenset(content),
        prohibits=_prohibits(low, signs),
    )


def _prohibits(low: str, signs: tuple[int, ...]) -> bool:
    if not any(signs):
        return NEGATED_BOUND.search(low) is not None
    return sum(signs) < 0 or (0 not in signs and -1 in signs and sum(signs) == 0)


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
    idioms = [(m.start(), m.end()) for m in DOUBLE_NEGATIVE_IDIOM.finditer(low)]
    neutral = [(m.start(), m.end()) for m in NEUTRAL_SCOPE.finditer(low)]
    neutral += [m.span() for m in RELATIVE.finditer(low) if (m["before"] or "").strip() not in STATES]
    neutral += [_segment(low, m.start(), m.end()) for m in BOUND.finditer(low)]
    resets = sorted({m.start() for m in HARD_BREAK.finditer(low)} | _operator_resets(low))
    negations = [m for m in v.NEGATION.finditer(low) if not any(a <= m.start() < b for a, b in (*idioms, *neutral))]
    flips = [0] * (len(low) + 1)
    for start, end in itertools.pairwise([0, *resets, len(low) + 1]):
        inside = [n for n in negations if start <= n.start() < end]
        if inside:
            # `Salaries must not be disclosed` forbids what stands before `not` too; `with care, without jokes` not.
            backwards = 0 if AFTER_ONLY.fullmatch(inside[0].group()) else 1
            flips[start : min(end, len(flips))] = [
                sum(1 for n in inside if n.start() <= i) or backwards for i in range(start, min(end, len(flips)))
            ]

    def sign(token: Token) -> int:
        if any(a <= token.start < b for a, b in neutral):
            return 0
        return -1 if flips[token.start] % 2 else 1

    return tuple(sign(t) for t in tokens)


def _segment(low: str, start: int, end: int) -> tuple[int, int]:
    """The part between commas, colons and stops that holds a place."""
    before = max(low.rfind(mark, 0, start) for mark in ",;:.")
    after = SEGMENT_END.search(low, end)
    return before + 1, after.start() if after else len(low)


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
