"""Does a new sentence do or allow what a clause forbids: the same deed, or one of its kind, to the same thing?"""

import re
from collections.abc import Callable
from functools import lru_cache

from policies.guardrails.actions import commanded, forbidden_actions, forbidden_deeds
from policies.guardrails.deed_phrases import phrased_deeds
from policies.guardrails.frames import Frame
from policies.guardrails.matter import covers, main_things, other_matter, with_kinds
from policies.guardrails.meanings import deeds
from policies.guardrails.narrowing import GENERIC
from policies.guardrails.words import Synonyms
from policies.verdict import Severity

Said = tuple[Severity, str]
GUARDED = re.compile(
    r"\b(?:only the last|last (?:four|two|three|\d)|masked|mask|redacted|anonymi[sz]ed|partial(?:ly)?|"
    r"own|their own|his own|her own|your own|refuse|decline|without (?:naming|revealing|giving|"
    r"mentioning)|instead|rather than|does not|do not|not to|never|cannot|not|by mistake|"
    r"in general terms|general)\b"
)
PROTECTS_BY_HIDING = re.compile(
    r"\b(?:mask(?:ed)?|redact(?:ed)?|anonymi[sz]ed?|confidential|secret|hidden|encrypted|private|pseudonymi[sz]ed)\b"
)
OWN = re.compile(r"\b(?:their|his|her|your|its) own\b|\bby mistake\b")
CONDITIONAL = re.compile(r"\b(?:if|where|when|whenever|because|while|after|since|so that)\b[^,;:.]*")
REFERS = re.compile(
    r"\b(?:can|will|may|is there to|are there to) (?:help|advise|answer|tell|explain|decide|assist)\b|\b(?:refer|"
    r"speak|talk|turn|"
    r"go|point|direct|ask|contact)\w* (?:\w+ ){0,2}(?:to|with|at) (?:the|their|a|an|your|our)\b|\bconsult\b|\bcannot\b"
)
"""Sends somebody to the one who may answer."""


def named_again(new: Frame, done: frozenset[str]) -> frozenset[str]:
    """Words in the place of a verb that the sentence also uses as nouns: `name the name`, `give the parents`."""
    nouns = {t.lemma for t in new.tokens if DETERMINED.search(new.low[max(0, t.start - 24) : t.start])}
    return frozenset(w for w in done if w in nouns or new.content.count(w) > 1)


ENCOURAGES = re.compile(
    r"\b(?:do not|don't|never|no need to|needn't|not)\s+(?:hesitate|be (?:afraid|shy|reluctant)|shy away|refuse|"
    r"hold back|fear|"
    r"worry)\b"
)
"""Two negations that permit."""


@lru_cache(maxsize=4096)
def _guarded(low: str) -> bool:
    return GUARDED.search(CONDITIONAL.sub(" ", ENCOURAGES.sub(" ", low))) is not None


DETERMINED = re.compile(
    r"(?:\b(?:the|an?|all|any|each|every|their|his|her|your|its|of|no|den|die|das|des)|'s?)\s+(?:(?:first|last|full|own|whole|"
    r"real|complete|exact) )?$"
)
TELLS_THAT = re.compile(
    r"\b(?:say|tell|mention|add|write|assure|reassure|note|explain|promise|comfort|calm|know)\b[^.;]{0,60}\b(?:that|how)\b"
)


def permits(
    old: Frame, new: Frame, common: frozenset[str], synonyms: Synonyms, *, reworded: Callable[[], bool]
) -> Said | None:
    """Where the sentence does or allows the forbidden deed: severity, and what it does to the clause."""
    hiding = PROTECTS_BY_HIDING.search(old.low) is not None
    if (not old.prohibits and not hiding) or _guarded(new.low) or OWN.search(new.low):
        return None
    forbidden = forbidden_deeds(old, synonyms) | (frozenset({"disclose"}) if hiding else frozenset())
    actions = forbidden_actions(old, synonyms)
    done = commanded(new)
    objects = common - actions - (done - named_again(new, done))
    bare = not old.content_set - actions
    if not bare and other_matter(old, actions, with_kinds(new, synonyms)):
        return None
    if actions & done and (objects or bare or (len(new.content_set) <= 3 and not old.content_set - actions - GENERIC)):
        return ("block" if objects or bare else "flag"), "permits what the approved prompt forbids:"
    return (
        None if REFERS.search(new.low) else _in_other_words(old, new, objects, forbidden, synonyms, reworded=reworded)
    )


def _in_other_words(
    old: Frame,
    new: Frame,
    objects: frozenset[str],
    forbidden: frozenset[str],
    synonyms: Synonyms,
    *,
    reworded: Callable[[], bool],
) -> Said | None:
    """A deed of the forbidden kind, by a verb or by a phrase, to enough of what the clause is about."""
    actions, done = forbidden_actions(old, synonyms), commanded(new)
    bare = not old.content_set - actions
    phrased = phrased_deeds(new.low) & forbidden
    if phrased & {"judge", "foretell", "promise"} and (bare or TELLS_THAT.search(new.low)):
        return "flag", "seems to permit what the approved prompt forbids:"
    alike = phrased or any(forbidden & deeds(synonyms).get(a, frozenset()) for a in done)
    if not (alike and objects and covers(objects, old, actions)) or reworded():
        return None
    core = main_things(old) - actions - GENERIC
    if core and core <= new.content_set:
        return "block", "permits in other words what the approved prompt forbids:"
    return "flag", "seems to permit what the approved prompt forbids:"
