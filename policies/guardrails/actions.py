"""Which verbs a sentence commands and which it forbids, and what kinds of deed they are."""

import re
from functools import lru_cache

from policies.guardrails.frames import Frame, is_content
from policies.guardrails.german import MODALS, is_german
from policies.guardrails.meanings import deeds
from policies.guardrails.word_lists import BEFORE_A_VERB
from policies.guardrails.words import KANA, Synonyms, Token

NEGATOR = re.compile(
    r"\b(?:never|not|n't|cannot|refuse(?: to)?|decline to|avoid|forbidden to|kein\w*|niemals|nicht|nor|or|,)\s"
)
LIGHT_VERBS = frozenset({"provid", "make", "giv", "tak", "offer", "rais", "express"})


@lru_cache(maxsize=4096)
def commanded(frame: Frame) -> frozenset[str]:
    """Verbs of a sentence that are commanded or permitted: words in the place of a verb, outside negations."""
    hits = set()
    words = frame.tokens
    for index, (token, sign) in enumerate(zip(words, frame.polarity, strict=True)):
        if sign < 0 or not is_content(token):
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
    if is_german(frame.low):
        hits.update(_german_verbs(frame))
    if KANA.search(frame.text):
        return _japanese_verb(frame) if max(frame.polarity, default=-1) > 0 else frozenset()
    return frozenset(hits)


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
    if KANA.search(frame.text):
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


def forbidden_deeds(frame: Frame, synonyms: Synonyms) -> frozenset[str]:
    """Kinds of deed a prohibition is about."""
    return _deeds_of(forbidden_actions(frame, synonyms), synonyms)


@lru_cache(maxsize=4096)
def _deeds_of(actions: frozenset[str], synonyms: Synonyms) -> frozenset[str]:
    table = deeds(synonyms)
    return frozenset().union(*(table.get(a, frozenset()) for a in actions))
