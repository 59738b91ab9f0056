"""Words of a clause that may go, or come, without changing what it covers."""

import re

from policies.guardrails.frames import Frame
from policies.guardrails.words import Token


def pronoun(token: Token, frame: Frame) -> bool:
    """`lower than the one on the invoice`: stands for a thing that was named."""
    return token.word in {"one", "ones"} and frame.low[: token.start].endswith(("the ", "that ", "this "))


def turns_into(token: Token, frame: Frame) -> bool:
    """`Names become initials` for `keep names as initials`: the verb only joins the two."""
    return token.word in {"become", "becomes"} and not frame.prohibits


EMPTY = frozenset({"means", "come", "comes", "stand", "stands", "happen", "happens", "occur", "exist"})


def may_go(old: Frame, new: Frame, gone: list[Token]) -> bool:
    """`Do not suggest fewer than …` and `must not have fewer than …`: the verb may go when all it is about stays."""
    if len(gone) != 1:
        return False
    verb = gone[0]
    quotes = NAMING.fullmatch(verb.word) and old.low[verb.end :].lstrip().startswith('"')
    takes = verb.word in {"use", "take", "draw"} and COMES_FROM.search(new.low)
    counts = verb.word in {"write", "answer"} and COUNTED.search(new.low)
    if verb.word in EMPTY or quotes or takes or counts or SHOWS.search(old.low[: verb.end]):
        return True
    before = old.low[max(0, verb.start - 12) : verb.start]
    return (
        old.prohibits and len(old.content_set) >= 3 and re.search(r"\b(?:not|never|n't|cannot)\s+$", before) is not None
    )


COMES_FROM = re.compile(r"\bcom(?:e|es|ing) from\b")
SHOWS = re.compile(
    r"\b(?:than|as|what|that|which) (?:the|an?|your|their|its) \w+ (?:shows?|states?|gives?|says?|names?|lists?|has|"
    r"have)$"
)
"""`lower than the invoice shows`: what a document does is to show."""
COUNTED = re.compile(r"\b\d+ (?:words|sentences|lines|characters|bullets)\b")
NAMING = re.compile(r"(?:name|word|term|phrase|title|sentence|label)s?")
"""Before a quotation these only say what kind of thing is quoted."""
HIDING = re.compile(r"(?:keep|kept|stay|remain|remains|stays)?(?: ?(?:secret|confidential|private))?")
"""Words by which a prohibition to tell is said from its other side."""
AGES = frozenset({"child", "children", "minor", "minors", "kid", "kids", "adult", "adults", "toddler", "toddlers"})
"""Persons, and only some of them."""
