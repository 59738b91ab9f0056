"""One deed told from its two sides: what is collected by one is handed over by the other."""

import re

from policies.guardrails.frames import Frame
from policies.guardrails.word_lists import word_set
from policies.guardrails.words import stem

PASSIVE = r"\b(?:be|is|are|was|were|being|get|gets) (?:\w+ ){0,2}(?:%s)\b"
SIDES = tuple(
    (re.compile(PASSIVE % taken), re.compile(PASSIVE % given))
    for taken, given in (
        (
            r"collected|picked up|fetched|claimed|received|taken away|retrieved",
            r"handed over|handed out|handed back|given out|given back|given|issued|released|returned|delivered",
        ),
        (r"borrowed|taken out", r"lent|lent out|loaned"),
        (r"bought|purchased", r"sold"),
        (r"rented|hired|leased", r"let|rented out|hired out|leased out"),
    )
)


def other_side(old: Frame, new: Frame, gone: str, come: str) -> bool:
    """Do both tell one deed in the passive, from either side, and do the exchanged words name it?"""
    for pair in SIDES:
        for before, after in (pair, pair[::-1]):
            a, b = before.search(old.low), after.search(new.low)
            if a and b and a.group().endswith(gone) and b.group().endswith(come):
                return True
    return False


ASSIGNED = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bleave (?:[\w'-]+ ){1,8}to (?:an?|the|our|your|their)\b",
        r"\b(?:handled|decided|dealt with|made|given|answered|processed|looked after|taken care of|reviewed|settled|"
        r"resolved|granted) (?:only )?by\b",
        r"\b(?:is|are) (?:only )?(?:up to|for|a matter for|the (?:business|job|task|matter) of) (?:an?|the|our|your)\b",
        r"\b(?:handles?|decides?(?: on| about)?|deals? with|takes? care of|looks? after|settles?)\b",
        r"\b(?:belongs?|goes?|go|left) (?:only )?to\b",
    )
)
"""A matter that somebody else sees to, told from the side of the matter or of the one who sees to it."""
ASSIGNING = frozenset(
    stem(w)
    for w in word_set(
        "leave handle decide deal make give answer process look take care review settle resolve grant up matter "
        "business job task belong go left"
    )
)


def assigned(old: Frame, new: Frame) -> frozenset[str]:
    """`X is handled by Y` and `leave X to Y`: words that either side may have and the other not."""
    sides = [next((i for i, p in enumerate(ASSIGNED) if p.search(f.low)), None) for f in (old, new)]
    return ASSIGNING if None not in sides and sides[0] != sides[1] else frozenset()


GOES_TO = re.compile(r"\b(?:go|goes|belongs?) (?:(?P<now>straight|directly|at once|immediately) )?(?:only )?to\b")
SENDING = frozenset({"send", "leav", "straight", "goe", "belong"})
"""Comparable forms of the verbs of both sides."""


def goes_to(old: Frame, new: Frame) -> frozenset[str]:
    """`Forward X to Y` and `X goes to Y`: words that the other side of the deed needs no longer, or newly."""
    before, after = GOES_TO.search(old.low), GOES_TO.search(new.low)
    if (before is None) == (after is None):
        return frozenset()
    other = new if before else old
    if "send" not in other.content_set:
        return frozenset()
    match = before or after
    return SENDING | {"immediat"} if match and match["now"] else SENDING
