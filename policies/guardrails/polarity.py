"""The sign of every word of a sentence: commanded, forbidden, or inside a condition, where it is neither."""

import bisect
import itertools
import re

from policies.guardrails import vocabulary as v
from policies.guardrails.words import CJK, Token

BOUND = re.compile(
    r"\b(?:more|longer|later|greater|higher|larger|less|fewer|earlier|sooner) than (?:\w{1,20} )?"
    r"(?:\d|(?:one|two|three|four|five|six|ten|once|twice)\b)|\b(?:at most|at least|up to|maximum of|minimum of) "
)
SEGMENT_END = re.compile(r"[,;:.]")
RELATIVE = re.compile(
    r"(?P<before>\w+ )?\b(?:that|who|which|whom|whose) (?:(?:the|a|an|you|we|they|it) (?:\w+ )?)?"
    r"(?:(?:is|are|was|were|has|have|had|do|does|did|could|would|will|can) ?)?(?:not|n't|never|no)\b"
    r"[^,;:.]*?(?=\s(?:must|shall|should|may|are to|is to|has to|have to|is never|are never)\b|[,;:.]|$)"
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
VERB_BEFORE = re.compile(r"^\W*[a-z]+ $")
"""`Mention no figure`: the verb that opens the sentence is forbidden with its object."""
OMITS = re.compile(r"skip\w*|omit\w*|leav(?:e|ing) out|neglect|forget|reject\w*|withhold|fail|ignore")
HARD_BREAK = re.compile(
    r"[;:]| - |, (?:not (?:as|the|an?|to|from|with|for|by|in|on)|never|without|no)\b|\bbut\b|\binstead\b(?! of)|"
    r"\brather\b(?! than)|\baber\b|\bsondern\b|\bmais\b|\bpero\b|。|、ただし"
)
OPERATOR = re.compile(
    r"\b(?:must|shall|should|may|can|could|always|never|do not|don't|have to|has to|muss|müssen|darf|dürfen|sollte)\b"
)
NEUTRAL_SCOPE = re.compile(
    r"\b(?:before|until|prior to|after|than|because|bevor|bis|nach|vor)\b"
    r"(?: (?:they|it|he|she|you|we|this|that|the \w+) (?:is|are|was|were|has been|have been)\b)?"
    r"[^,;:.]*?(?=\s(?:must|shall|should|may|can|never|always|do not|don't|has to|have to|is|are|muss|"
    r"darf)\b|[,;:.]|$)"
    r"|\b(?:without|ohne|sans|sin|senza|sem|zonder)\b[^,;:.]*?"
    r"(?=\s(?:must|shall|should|may|can|never|always|do not|don't|is|are|muss|müssen|darf|dürfen|soll|"
    r"kann)\b|[,;:.]|$)"
    r"|\b(?:unless|if|when|whenever|where|wherever|while|so that|even if|regardless of|no matter|except|other than|"
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
    r"\bnot later than\b|\bcosts? nothing\b|\bnothing to (?:fear|worry|lose)\b|\bno (?:problem|harm|doubt|trouble|"
    r"worries)\b|"
    r"\bwithout (?:doubt|fail)\b|\b(?:en ningún caso|bajo ningún concepto|en aucun cas|sous aucun prétexte|in nessun "
    r"caso|"
    r"em nenhum caso|em hipótese alguma|bajo ninguna circunstancia|in geen geval)\b"
)


def prohibits(low: str, signs: tuple[int, ...]) -> bool:
    if not any(signs):
        return NEGATED_BOUND.search(low) is not None
    return sum(signs) < 0 or (0 not in signs and -1 in signs and sum(signs) == 0)


def signs_of(low: str, tokens: tuple[Token, ...], text: str) -> tuple[int, ...]:
    if not text.isascii() and CJK.search(text):
        whole = -1 if len(v.NEGATION_CJK.findall(re.sub(r"なければな\w*|ないと", "", text))) % 2 else 1
        return tuple(whole for _ in tokens)
    idioms = [(m.start(), m.end()) for m in DOUBLE_NEGATIVE_IDIOM.finditer(low)]
    neutral = [(m.start(), m.end()) for m in NEUTRAL_SCOPE.finditer(low)]
    neutral += [
        (m.end("before") if m["before"] else m.start(), m.end())
        for m in (RELATIVE.finditer(low) if "wh" in low or "that" in low else ())
        if (m["before"] or "").strip() not in STATES
    ]
    neutral += [_segment(low, m.start(), m.end()) for m in BOUND.finditer(low)]
    resets = sorted({m.start() for m in HARD_BREAK.finditer(low)} | _operator_resets(low))
    negations = [
        m
        for m in v.NEGATION.finditer(low)
        if not any(a <= m.start() < b for a, b in (*idioms, *neutral)) and not _listed_verb(low, m)
    ]
    scopes = [[n for n in negations if a <= n.start() < b] for a, b in itertools.pairwise([0, *resets, len(low) + 1])]

    def sign(token: Token) -> int:
        at = token.start
        for low_end, high_end in neutral:
            if low_end <= at < high_end:
                return 0
        inside = scopes[bisect.bisect_right(resets, at)]
        if not inside:
            return 1
        # `Salaries must not be disclosed` forbids what stands before `not` too; `with care, without jokes` not.
        first = inside[0]
        forwards = AFTER_ONLY.fullmatch(first.group()) and not (
            first.group() == "no" and VERB_BEFORE.match(low[: first.start()])
        )
        flips = sum(n.start() <= at for n in inside) or (0 if forwards else 1)
        return -1 if flips % 2 else 1

    return tuple(map(sign, tokens))


def _listed_verb(low: str, match: re.Match[str]) -> bool:
    """In `delete, skip or weaken` the verb is one deed among others and negates none of them."""
    if not OMITS.fullmatch(match.group()):
        return False
    before = re.search(r"\w(?:,| or| nor)(?: or| and| nor)?\s+$", low[max(0, match.start() - 12) : match.start()])
    return before is not None or re.match(r"\s*(?:or|nor)\s+\w+|,\s+\w+(?:,| or\b)", low[match.end() :]) is not None


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
            r"instead|this|he|she)\b|(?:say|tell|ask|give|add|offer|send|point|refer|explain|inform|call|mark|"
            r"mention|show|write|state|warn|"
            r"return|answer|reply) (?:so|that|them|him|her|it|the|a|an|\")|must|shall|should|never|do not|don't|may|"
            r"can|(?:refer|escalate|forward|hand over|transfer|route) (?:to|it|them|him|her|the)))"
        ),
        low,
    ):
        hits.add(match.start())
    return hits
