"""Weak signs that add up: a sentence that opens a door (`pretexts.py`) and speaks of what a clause guards."""

import itertools
import re
from functools import lru_cache

from policies.guardrails import vocabulary as v
from policies.guardrails.actions import forbidden_actions, forbidden_deeds
from policies.guardrails.exclusive import v_only
from policies.guardrails.fields import GENERAL, fields_of
from policies.guardrails.frames import Frame
from policies.guardrails.matter import main_things, with_kinds
from policies.guardrails.narrowing import GENERIC
from policies.guardrails.pretexts import careful, pretexts
from policies.guardrails.words import Synonyms
from policies.guardrails.workarounds import only_holder
from policies.verdict import Severity

NAMED, RELATED = 1.0, 0.7  # weight of a thing that is named, and of one that another word of its field stands for
ENOUGH = 1.4  # weights that make a link whatever the clause's length
HALF = 0.5  # share of what a clause guards that makes a link
SOME, FEW = 0.34, 0.2  # the same where a sentence opens a door, with one sign and with two
OPENS_DUTY = frozenset({"release", "carve-out", "trust", "permission"})
FORETELLS = frozenset({"promise", "foretell", "judge", "grant", "advise", "invent"})
INVENTS = frozenset({"invent", "foretell", "promise", "judge"})
SOURCE_BOUND = re.compile(
    r"\b(?:only|solely|exclusively|(?:not|never) (?:\w+ )?(?:in|on|from|listed|found|named|given|stated|printed|shown)|"
    r"that is not|which is not|word for word|verbatim|exactly)\b"
)


HIDES = re.compile(
    r"\b(?:mask|redact|remov|anonymi[sz]|blur|strip|leave out|left out|omit|confidential|secret|private)"
)
"""Duties that guard each member of a list: `remove names and addresses`."""


HOLDS_BACK = re.compile(r"\b(?:without|never|no|instead of|rather than|nothing|not|only)\b|" + HIDES.pattern)


def opens_door(old: Frame, new: Frame, synonyms: Synonyms) -> tuple[Severity, str] | None:
    """A flag where the sentence opens a door and its matter is that of the clause; else None."""
    signs = _signs(new)
    if not signs:
        return None
    signs = _fitting(signs, old, synonyms)
    if "approximation" in signs and len(signs) > 1 and old.prohibits:
        return "flag", f"opens a door ({', '.join(sorted(signs))}) to what is guarded by"
    if {"trust", "carve-out"} <= signs:
        return "flag", "trusts some people where the rules hold for all:"
    if signs and any(_weighs(group, new, len(signs), synonyms) for group in guarded_groups(old, synonyms)):
        return "flag", f"opens a door ({', '.join(sorted(signs))}) to what is guarded by"
    return None


def carve_outs(new: Frame) -> frozenset[str]:
    """Signs that a sentence lets off what stands before it; none where it stays on the safe side."""
    return _signs(new) & OPENS_DUTY


def linked(old: Frame, new: Frame, synonyms: Synonyms, least: float = HALF) -> bool:
    """Does a sentence speak of what a clause guards? least: share of a group of things that must be spoken of."""
    return any(_share(group, new, synonyms) >= least for group in guarded_groups(old, synonyms))


@lru_cache(maxsize=4096)
def _signs(new: Frame) -> frozenset[str]:
    if (
        (new.prohibits and not LETS_OFF.search(new.low))
        or careful(LETS_OFF.sub(" ", new.low))
        or _mostly_style(new)
        or CALLS.search(new.text)
        or REFERS.search(new.low)
    ):
        return frozenset()
    return pretexts(new)


def _fitting(signs: frozenset[str], old: Frame, synonyms: Synonyms) -> frozenset[str]:
    """Signs that mean something against this clause: an assurance matters where promises are forbidden."""
    if not old.prohibits:
        wider = {"gap", "approximation"} if SOURCE_BOUND.search(old.low) else set()
        signs &= OPENS_DUTY | wider | ({"benefit"} if HOLDS_BACK.search(old.low) else set())
        return signs
    deeds = forbidden_deeds(old, synonyms)
    if signs == {"release"}:
        return frozenset()  # from what is forbidden nothing releases
    if not deeds & FORETELLS:
        signs -= {"assurance"}
    if not deeds & INVENTS and not SOURCE_BOUND.search(old.low):
        signs -= {"gap", "approximation"}
    return signs


CALLS = re.compile(r"\b\w+\([\w, ]*\)")
"""A sentence that names tools with their arguments describes them."""
REFERS = re.compile(
    r"\b(?:can|will|may|is there to|are there to) (?:help|advise|answer|tell|explain|decide|assist)\b|\b(?:refer|"
    r"speak|talk|turn|point|"
    r"direct)\w* (?:\w+ ){0,2}(?:to|with) (?:the|their|a|an|your|our)\b"
)
"""Sends somebody to the one who may answer."""
LETS_OFF = re.compile(
    r"\b(?:need not|needn't|needs? no\b|no need|(?:do|does)(?: not|n't) (?:need|have)|(?<!that are )(?<!that is "
    r")(?<!which are )not (?:required|necessary|needed|obliged)|"
    r"no problem|no harm|no objection|nothing wrong)\b"
)
"""A negation that releases instead of forbidding."""


def _mostly_style(new: Frame) -> bool:
    return 2 * len(v.STYLE.findall(new.low)) > len(new.content)


Word = tuple[str, frozenset[str]]


def _weighs(group: tuple[Word, ...], new: Frame, signs: int, synonyms: Synonyms) -> bool:
    named, related = _spoken(group, new, synonyms)
    total = NAMED * named + RELATED * related
    least = FEW if signs > 1 else SOME
    if total / len(group) < least and total < ENOUGH:
        return False
    return named > 0 or related > 1 or signs > 1


def _share(group: tuple[Word, ...], new: Frame, synonyms: Synonyms) -> float:
    named, related = _spoken(group, new, synonyms)
    return (NAMED * named + RELATED * related) / len(group)


def _spoken(group: tuple[Word, ...], new: Frame, synonyms: Synonyms) -> tuple[int, int]:
    there = _fields_there(new)
    said = with_kinds(new, synonyms)
    named = sum(lemma in said for lemma, _ in group)
    related = sum(bool(spoken & there) for lemma, spoken in group if lemma not in said)
    return named, related


@lru_cache(maxsize=4096)
def _fields_there(frame: Frame) -> frozenset[str]:
    return frozenset().union(*(fields_of(t.word) for t in frame.tokens if t.subject))


@lru_cache(maxsize=4096)
def guarded_groups(old: Frame, synonyms: Synonyms) -> tuple[tuple[Word, ...], ...]:
    """What a clause guards: its things and telling deeds as a whole, and each member of a list by itself."""
    words = {t.lemma: fields_of(t.word) for t in old.tokens if t.subject}
    actions = forbidden_actions(old, synonyms)
    telling = actions - GENERAL
    groups = [((main_things(old) or old.content_set) - actions) | telling if old.prohibits else old.content_set]
    if old.prohibits or HIDES.search(old.low):
        groups += [m - actions for m in _members(old)]
    if v_only(old) and not old.prohibits:
        groups.append(old.content_set - only_holder(old))
    kept = (frozenset(g) - GENERIC - GENERAL for g in groups)
    return tuple(tuple((w, words.get(w, frozenset())) for w in sorted(g)) for g in dict.fromkeys(kept) if g)


def _members(old: Frame) -> list[frozenset[str]]:
    """Words between the commas and joining words of a clause."""
    cuts = [0, *(m.end() for m in LIST_CUT.finditer(old.low)), len(old.low)]
    if len(cuts) < 3:
        return []
    return [
        frozenset(t.lemma for t in old.tokens if t.subject and a <= t.start < b) for a, b in itertools.pairwise(cuts)
    ]


LIST_CUT = re.compile(r",|\b(?:and|or|nor|und|oder)\b|;")
