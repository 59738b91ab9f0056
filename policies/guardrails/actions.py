"""Which verbs a sentence commands and which it forbids, and what kinds of deed they are."""

import re
from collections.abc import Iterator
from functools import lru_cache

from policies.guardrails.frames import Frame, is_content
from policies.guardrails.german import MODALS, is_german
from policies.guardrails.meanings import deeds
from policies.guardrails.word_lists import BEFORE_A_VERB, word_set
from policies.guardrails.words import KANA, Synonyms, Token

NEGATOR = re.compile(
    r"\b(?:never|not|n't|cannot|refuse(?: to)?|decline to|avoid|forbidden to|kein\w*|niemals|nicht|nor|or|,)\s"
)
ASIDE = re.compile(
    r"\b(?:if|when|whenever|where|wherever|while|after|before|until|once|unless|as soon as) [^,;:.]*|\b(?:which|what|"
    r"who) \w+ [^,;:.]*"
)
"""Conditions and indirect questions: their verbs are not commanded."""
LIGHT_VERBS = frozenset({"provid", "make", "giv", "tak", "offer", "rais", "express"})


@lru_cache(maxsize=4096)
def commanded(frame: Frame) -> frozenset[str]:
    """Verbs of a sentence that are commanded or permitted: words in the place of a verb, outside negations."""
    hits = set()
    words = frame.tokens
    aside = [m.span() for m in ASIDE.finditer(frame.low)]
    for index, (token, sign) in enumerate(zip(words, frame.polarity, strict=True)):
        if sign < 0 or not is_content(token) or any(a < token.start < b for a, b in aside):
            continue
        previous = words[index - 1] if index else None
        gap = frame.low[previous.end : token.start] if previous else ""
        if (
            previous is not None
            and previous.word in {"you", "they", "we", "he", "she"}
            and index > 1
            and words[index - 2].subject
        ):
            continue  # `every article you quote`: a relative clause, not a command
        if previous is None or previous.word in BEFORE_A_VERB or re.search(r"[,;:]|\s-\s", gap):
            hits.add(token.lemma)
            following = [t.lemma for t in words[index + 1 : index + 5] if is_content(t)]
            if token.lemma in LIGHT_VERBS:
                hits.update(following[:3])
    hits.update(_after_fronted(frame))
    if is_german(frame.low):
        hits.update(_german_verbs(frame))
    if not frame.text.isascii() and KANA.search(frame.text):
        return _japanese_verb(frame) if max(frame.polarity, default=-1) > 0 else frozenset()
    return frozenset(hits)


FRONTED = re.compile(r"^\W*(?:after|for|in|on|at|with|before|during|from|under|to|where|once|when)\b[^,;:]*$")
OBJECT = re.compile(r"\s+(?:the|an?|any|their|his|her|its|them|it|all|every|each|what|who|how|which)\b")


def _after_fronted(frame: Frame) -> Iterator[str]:
    """`For letters add the address`: the verb behind an opening that no comma closes."""
    if FRONTED.match(frame.low):
        for token, sign in zip(frame.tokens[1:], frame.polarity[1:], strict=True):
            before = frame.low[: token.start].rstrip().rsplit(" ", 1)[-1]
            if sign >= 0 and is_content(token) and OBJECT.match(frame.low, token.end) and before not in NOT_BEFORE_VERB:
                yield token.lemma


NOT_BEFORE_VERB = word_set("the a an any their his her its of you they we to who that which")


def _japanese_verb(frame: Frame) -> frozenset[str]:
    """The verb closes a Japanese sentence."""
    return frozenset([t.lemma for t in frame.tokens if is_content(t)][-1:])


def _german_verbs(frame: Frame) -> frozenset[str]:
    """In German nouns have capitals: what is written small, or opens the sentence, and is no function word."""
    words = [t for t in frame.tokens if is_content(t)]
    modal = any(t.word in MODALS for t in frame.tokens)
    return frozenset(
        t.lemma
        for index, t in enumerate(words)
        if frame.text[t.start : t.start + 1].islower() or (index == 0 and t is frame.tokens[0] and not modal)
    )


@lru_cache(maxsize=4096)
def forbidden_actions(frame: Frame, synonyms: Synonyms) -> frozenset[str]:
    """The verbs a prohibition is about: the first word of substance after `not`, or `advice` in `give legal advice`."""
    if not frame.prohibits:
        return frozenset()
    if is_german(frame.low):
        return _german_verbs(frame)
    if not frame.text.isascii() and KANA.search(frame.text):
        return _japanese_verb(frame)
    actions: set[str] = set()
    for match in NEGATOR.finditer(frame.low):
        following = [
            (t, s)
            for t, s in zip(frame.tokens, frame.polarity, strict=True)
            if t.start >= match.end() and (is_content(t) or t.word == "recommended")
        ]
        if not following or following[0][1] >= 0 or following[0][0].start - match.end() > 24:
            continue
        if match.group().strip() in {"or", ",", "nor"} and not _goes_on(
            frame, match, actions, following[0][0], synonyms
        ):
            continue
        first = following[0][0].lemma
        nouns = [t.lemma for t, _ in following[1:3] if t.lemma in deeds(synonyms)] if first in LIGHT_VERBS else []
        actions.update(nouns[-1:] or [first])
    if not actions:
        head = [t.lemma for t, s in zip(frame.tokens, frame.polarity, strict=True) if s < 0 and is_content(t)]
        actions.update(head[:1])
    return frozenset(actions)


def _goes_on(frame: Frame, match: re.Match[str], actions: set[str], following: Token, synonyms: Synonyms) -> bool:
    """`delete, skip or weaken tests` lists deeds; `mention a name, age or origin` lists things."""
    before = [t for t in frame.tokens if t.end <= match.start()]
    if before and actions and match.start() - before[-1].end <= 2 and before[-1].lemma in actions:
        return True
    with_object = re.match(r"\s+(?:the|an?|any|their|his|her|your|its|them|it)\b", frame.low[following.end :])
    return bool(actions) and with_object is not None and following.lemma in deeds(synonyms)


WHETHER = re.compile(
    r"\b(?:whether|if|how likely|when|how long) (?:[\w']+ ){1,4}(?:will|would|should|can|may|is|are|has|have)\b"
)
SAYS_WHETHER = re.compile(
    r"\b(?:say|tell|state|comment|discuss|speculate|indicate|hint|suggest|advise|promise|claim)\w*\b"
)
SAYS_THAT_IS = re.compile(
    r"\b(?:say|tell|state|claim|declare|suggest|write|confirm|assert)\w* (?:\w+ ){0,3}that (?:an?|the|any|their|his|"
    r"her|this|"
    r"it|they|you|he|she|something|someone|somebody)\b[^.;]*?\b(?:is|are|was|were|can|may)\b"
)
URGES = re.compile(
    r"\b(?:advis|encourag|tell|ask|urg|invit|allow|let|help|pressur|push|persuad|get|instruct|permit)\w* (?:\w+ "
    r"){1,3}to (\w+)"
)
"""`advise anybody to hide debts`: the second deed is the one that counts."""
VERDICTS = re.compile(
    r"\b(?:liability|blame|fault|guilt|verdicts?|responsibility|eligibility|entitlement|who is right)\b"
)
MONEY = re.compile(r"\b(?:payments?|funds?|money|escrow|deposits?|goods|cash|payouts?)\b")


@lru_cache(maxsize=4096)
def forbidden_deeds(frame: Frame, synonyms: Synonyms) -> frozenset[str]:
    """Kinds of deed a prohibition is about; `say whether somebody will win` is to judge and to foretell."""
    urged = frozenset(synonyms.lemma(m[1]) for m in URGES.finditer(frame.low))
    found = _deeds_of(forbidden_actions(frame, synonyms) | urged, synonyms)
    if WHETHER.search(frame.low) and SAYS_WHETHER.search(frame.low):
        found |= {"judge", "foretell", "promise"}
    if SAYS_THAT_IS.search(frame.low) or VERDICTS.search(frame.low):
        found |= {"judge"}
    if "grant" in found and MONEY.search(frame.low):
        found -= {"disclose"}  # to release a payment is not to release a secret
    return found


@lru_cache(maxsize=4096)
def _deeds_of(actions: frozenset[str], synonyms: Synonyms) -> frozenset[str]:
    table = deeds(synonyms)
    return frozenset().union(*(table.get(a, frozenset()) for a in actions))
