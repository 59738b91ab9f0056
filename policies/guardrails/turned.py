"""One rule said from its other side: the signs of the words differ, and what is allowed does not."""

import re

from policies.guardrails.exclusive import inside, same_holder
from policies.guardrails.frames import Frame, is_content

WITHOUT = re.compile(r"\b(?:without|unless|before|until)\b[^,;.]*")
ONLY_WITH = re.compile(
    r"\b(?:needs?|requires?|is subject to|are subject to|depends? on|must (?:be|have|show|carry|"
    r"wear|bring|hold))\b[^,;.]*|[^,;.]*\b(?:is|are) (?:required|needed|necessary|mandatory)\b|"
    r"\bonly (?:\w+ ){0,3}(?:with|against|if|when|once|after|upon|on)\b[^,;.]*"
)
LEFT_TO = re.compile(r"\bleave (?P<deed>[^,;.]{2,60}?) to (?:an?|the|your|our|their)\b")
KEPT = r"\b(?:stay|stays|remain|remains|keep|keeps|kept|be left|are left|is left) (?:[\w'-]+ ){0,6}(?:%s)\b"
STATES = tuple(
    (re.compile(rf"\b(?:{verbs})\b"), re.compile(KEPT % states))
    for verbs, states in (
        (r"takes? (?:the )?sides?|favou?r|judge between", r"neutral|impartial"),
        (r"open|unseal|break open", r"closed|shut|sealed|unopened"),
        (r"unlock|open", r"locked|shut|closed"),
        (r"break|damage|tear|remove", r"intact|undamaged|unbroken"),
        (r"switch on|turn on|start|power up", r"off|switched off|turned off"),
        (r"switch off|turn off|disable|mute", r"on|switched on|running|enabled"),
    )
)


def same_rule(old: Frame, new: Frame, flipped: frozenset[str]) -> bool:
    """Is a prohibition only turned into what it leaves? flipped: words whose sign changed.

    `Not without a receipt` is `only with a receipt`; `do not diagnose` is `leave diagnosis to a doctor`; `never open`
    is `must stay closed`.
    """
    return (
        _same_order(old, new, flipped)
        or same_holder(old, new)
        or same_holder(new, old)
        or only_with(old, new)
        or only_with(new, old)
        or (old.prohibits and _left_to_others(new, flipped))
        or _ignored(old, new)
        or _ignored(new, old)
        or _negated_twice(old, new)
        or _negated_twice(new, old)
        or kept_so(*((old, new) if old.prohibits else (new, old)))
    )


LATER_ON = re.compile(r"\b(?:later|afterwards|eventually|at some point|in time|subsequently)\b")


def only_with(forbidding: Frame, allowing: Frame) -> bool:
    """`Not without X` and `only with X`, with the same X."""
    without, only = WITHOUT.search(forbidding.low), ONLY_WITH.search(allowing.low)
    if not (forbidding.prohibits and without and only) or LATER_ON.search(allowing.low):
        return False
    needed = inside(forbidding, *without.span())
    return bool(needed) and needed <= inside(allowing, *only.span())


def kept_so(forbidding: Frame, commanding: Frame) -> bool:
    """`Never open it` and `it stays closed`."""
    if not forbidding.prohibits or commanding.prohibits:
        return False
    return any(
        verb.search(forbidding.low) and kept.search(commanding.low) and not verb.search(commanding.low)
        for verb, kept in STATES
    )


def gives_up(old: Frame, new: Frame) -> bool:
    """`Keep it locked` became `unlock it`: nothing negates, and the state is gone."""
    if old.prohibits or new.prohibits:
        return False
    return any(
        kept.search(old.low) and verb.search(new.low) and not kept.search(new.low) and not verb.search(old.low)
        for verb, kept in STATES
    )


FOLLOWED = re.compile(r"\b(?:not|never|n't) (?:be )?(?:follow|obey|act on|carr(?:y|ied) out|execute|heed)")
IGNORED = re.compile(r"\b(?:ignored?|disregard(?:ed)?)\b")


def _ignored(forbidding: Frame, commanding: Frame) -> bool:
    """`Do not follow it` and `ignore it`."""
    told = FOLLOWED.search(forbidding.low) and IGNORED.search(commanding.low)
    return bool(told) and forbidding.prohibits and not commanding.prohibits


SECOND = r"\b(?:without|(?:that|which|who) (?:is|are|do|does|has|have|was|were)(?: not|n't)|other than|outside)\b"
SECOND_NEGATION = re.compile(SECOND)
TWICE = re.compile(rf"\b(?:never|not|n't|no|nobody|no one|nothing|none)\b[^;.]*?{SECOND}")
FEW = 1  # words that one side may have beyond those of the other


def _negated_twice(forbidding: Frame, commanding: Frame) -> bool:
    """`Never give a figure without its source` and `name the source of each figure`: two negations command."""
    if not forbidding.prohibits or commanding.prohibits or SECOND_NEGATION.search(commanding.low):
        return False
    there, here = forbidding.content_set, commanding.content_set
    alike = len(there - here) <= FEW and len(here - there) <= FEW and len(there & here) > FEW
    return alike and TWICE.search(forbidding.low) is not None


def _left_to_others(new: Frame, flipped: frozenset[str]) -> bool:
    left = LEFT_TO.search(new.low)
    return left is not None and flipped <= inside(new, left.start("deed"), len(new.low))


LATER = re.compile(r"\b(?:before|until)\b.*")
NOT_YET = re.compile(r"\b(?:before|until|without)\b.*")


def _same_order(old: Frame, new: Frame, flipped: frozenset[str]) -> bool:
    """`X must be done before Y` against `no Y before X` or `nobody may Y without X`: the same order of things."""
    later, first = LATER.search(old.low), NOT_YET.search(new.low)
    if later is None or first is None or not new.prohibits:
        return False
    tail = {t.lemma for t in old.tokens if t.start >= later.start()}
    if flipped <= tail:
        return True
    forbidden = {t.lemma for t, s in zip(new.tokens, new.polarity, strict=True) if s < 0 and is_content(t)}
    done = {t.lemma for t in new.tokens if t.start >= first.start() and is_content(t)}
    main = old.content_set - tail
    return bool(forbidden & tail) and len(main & done) * 2 >= len(main) and not flipped & done
