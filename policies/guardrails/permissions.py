"""Does a new sentence do or allow what a clause forbids: the same deed, or one of its kind, to the same thing?"""

import re
from collections.abc import Callable
from functools import lru_cache

from policies.guardrails.actions import commanded, forbidden_actions, forbidden_deeds
from policies.guardrails.deed_phrases import phrased_deeds
from policies.guardrails.evidence import linked
from policies.guardrails.fields import GENERAL
from policies.guardrails.frames import Frame
from policies.guardrails.matter import covers, main_things, other_matter, with_kinds
from policies.guardrails.meanings import deeds
from policies.guardrails.narrowing import GENERIC
from policies.guardrails.pretexts import pretexts
from policies.guardrails.word_lists import word_set
from policies.guardrails.words import Synonyms, stem
from policies.verdict import Severity

Said = tuple[Severity, str]
GUARDED = re.compile(
    r"\b(?:only the last|last (?:four|two|three|\d)|masked|mask|redacted|anonymi[sz]ed|partial(?:ly)?|"
    r"own|their own|his own|her own|your own|refuse|decline|without (?:naming|revealing|giving|"
    r"mentioning)|instead|rather than|does not|do not|not to|never|cannot|not|by mistake|"
    r"in general terms|general|(?:nobody|no one) (?:but|except|other than))\b"
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
SENDS = re.compile(
    r"\b(?:speaking|talking|turning|going|writing) (?:to|with)\b|\bonly (?:once|after|when|if)\b|\bsee(?:ing)? a\b"
)


@lru_cache(maxsize=4096)
def named_again(new: Frame, done: frozenset[str]) -> frozenset[str]:
    """Words in the place of a verb that the sentence also uses as nouns: `name the name`, `give the parents`."""
    nouns = {t.lemma for t in new.tokens if DETERMINED.search(new.low[max(0, t.start - 24) : t.start])}
    return frozenset(w for w in done if w in nouns or new.content.count(w) > 1)


QUOTED = re.compile(r'"[^"]*"')
ENCOURAGES = re.compile(
    r"\b(?:do not|don't|never|no need to|needn't|not)\s+(?:hesitate|be (?:afraid|shy|reluctant)|shy away|refuse|"
    r"hold back|fear|"
    r"worry)\b"
)
"""Two negations that permit."""


@lru_cache(maxsize=4096)
def _guarded(low: str) -> bool:
    return GUARDED.search(OR_NOT.sub(" ", CONDITIONAL.sub(" ", ENCOURAGES.sub(" ", QUOTED.sub(" ", low))))) is not None


OR_NOT = re.compile(
    r"\b(?:and|or) (?:which|who|what|that|where) (?:are|is|do|does|can|have|has)(?: not|n't)\b|\bor not\b"
)
"""`which are watched and which are not` guards nothing."""


DETERMINED = re.compile(
    r"(?:\b(?:the|an?|all|any|each|every|their|his|her|your|its|of|no|den|die|das|des)|'s?)\s+(?:(?:first|last|full|"
    r"own|whole|"
    r"real|complete|exact) )?$"
)
TELLS_THAT = re.compile(
    r"\b(?:say|tell|mention|add|write|assure|reassure|note|explain|promise|comfort|calm|know|"
    r"hear)\b[^.;]{0,60}\b(?:that|how)\b|"
    r"\b(?:beruhige|versichere|sage?|bestätige|erkläre)\b[^.;]{0,60}\bdass\b"
)


SPEECH = frozenset({"tel", "giv", "sourc", "use", "reve", "show", "writ", "ask", "mak", "tak", "contain"})
"""Comparable forms of deeds that say little: what counts is what is told or given."""
HALF, THIRD = 0.5, 0.34
TELLING = frozenset(
    {"judge", "foretell", "promise", "compare", "invent", "hide", "soften", "choose", "omit", "impersonate"}
)
BROAD = frozenset({"disclose", "collect"})
"""Kinds whose phrases are used for much else."""
ANYWAY = frozenset({"soften", "compare"})
"""Kinds whose phrase says all, whatever it is done to."""
"""Kinds of deed whose phrases are seldom used for anything else."""
VERDICTS = frozenset(
    stem(w)
    for w in word_set(
        "right wrong fault blame responsible winner guilty guilt verdict outcome result future side loser"
    )
)


def _bare(old: Frame, actions: frozenset[str]) -> bool:
    """Is there nothing but the deed, as in `do not judge` and `never decide who is right`?"""
    return not old.content_set - actions - VERDICTS - GENERIC


def _nothing_named(old: Frame, actions: frozenset[str]) -> bool:
    """`Never invent a number`: the deed is what counts, whatever it is done to."""
    return not old.content_set - actions - VERDICTS - GENERIC - GENERAL


@lru_cache(maxsize=4096)
def _hides(low: str) -> bool:
    return PROTECTS_BY_HIDING.search(low) is not None


OCCASION = re.compile(r"^\W*(?:when|whenever|if|before|after|once) (?:you|a|an|the) [^,;:.]*,")


def _on_the_occasion(new: Frame, actions: frozenset[str]) -> bool:
    """`When you quote a price, name what it includes` says how to do it where it may be done."""
    match = OCCASION.match(new.low)
    end = match.end() if match and re.search(r"\byou\b", match.group()) else 0
    return any(t.lemma in actions for t in new.tokens if t.start < end)


def permits(
    old: Frame, new: Frame, common: frozenset[str], synonyms: Synonyms, *, reworded: Callable[[], bool]
) -> Said | None:
    """Where the sentence does or allows the forbidden deed: severity, and what it does to the clause."""
    hiding = _hides(old.low)
    if (not old.prohibits and not hiding) or _guarded(new.low) or OWN.search(new.low):
        return None
    forbidden = forbidden_deeds(old, synonyms) | (frozenset({"disclose"}) if hiding else frozenset())
    actions = forbidden_actions(old, synonyms)
    done = commanded(new)
    objects = common - actions - (done - named_again(new, done))
    bare = _bare(old, actions)
    if _tells(old, new, forbidden, synonyms):
        return "flag", "seems to permit what the approved prompt forbids:"
    if not bare and other_matter(old, actions, with_kinds(new, synonyms)):
        return None
    if _on_the_occasion(new, actions) or _other_case(old, new, there=with_kinds(new, synonyms)):
        return None
    same = actions & done
    if same <= SPEECH and not covers(objects, old, actions, least=HALF):
        same = frozenset()
    if (
        same
        and not SENDS.search(new.low)
        and (objects or bare or (len(new.content_set) <= 3 and not old.content_set - actions - GENERIC))
    ):
        return ("block" if objects or bare else "flag"), "permits what the approved prompt forbids:"
    return (
        None
        if REFERS.search(new.low) or SENDS.search(new.low)
        else _in_other_words(old, new, objects, forbidden, synonyms, reworded=reworded)
    )


def _tells(old: Frame, new: Frame, forbidden: frozenset[str], synonyms: Synonyms) -> bool:
    """A phrase that says the forbidden deed by itself: a verdict, a promise, a guess."""
    phrased = phrased_deeds(new.low) & forbidden
    nothing = _nothing_named(old, forbidden_actions(old, synonyms))
    if phrased & TELLING and (phrased & ANYWAY or TELLS_THAT.search(new.low)):
        return True
    return bool(phrased - BROAD and nothing) or bool(phrased & TELLING and linked(old, new, synonyms, least=0.3))


CASE = re.compile(
    r"^\W*(?:(?:if|when|whenever|in case of|with|for) (?P<said>[^:,.]{3,80})[,:]|(?P<head>[^:.]{3,80}):) "
)


def _other_case(old: Frame, new: Frame, there: frozenset[str]) -> bool:
    """`Swelling: do not book` against `you book appointments`: the deed is forbidden in a case nobody speaks of."""
    match = CASE.match(old.low)
    if match is None or new.weak or pretexts(new) or not NARRATES.match(new.low):
        return False
    group = "said" if match["said"] else "head"
    case = {t.lemma for t in old.tokens if t.subject and match.start(group) <= t.start < match.end(group)}
    return bool(case) and not case & there


NARRATES = re.compile(r"^\W*(?:you|your task|this|the (?:bot|assistant)) (?!may|can|must|should)")
"""What somebody does in general, told and not commanded."""
QUALIFIED = re.compile(r"\b(?:below|above|over|under|beyond)\b(?P<by>[^,;.]+)")


def _unqualified(old: Frame, new: Frame, there: frozenset[str]) -> bool:
    """`Offer no room below the listed rate`: a sentence about rooms that does not name the rate."""
    match = QUALIFIED.search(old.low)
    if match is None or new.weak:
        return False
    by = {t.lemma for t in old.tokens if t.subject and match.start("by") <= t.start < match.end()}
    return bool(by) and not by & there


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
    phrased = phrased_deeds(new.low) & forbidden
    alike = phrased or any(forbidden & deeds(synonyms).get(a, frozenset()) for a in done)
    if not alike or reworded():
        return None
    if not phrased and _unqualified(old, new, with_kinds(new, synonyms)):
        return None
    spoken_of = bool(objects - GENERAL) and covers(objects, old, actions)
    core = main_things(old) - actions - GENERIC
    if spoken_of and core and core <= new.content_set:
        return "block", "permits in other words what the approved prompt forbids:"
    if spoken_of or (phrased and linked(old, new, synonyms, least=HALF if phrased <= BROAD else THIRD)):
        return "flag", "seems to permit what the approved prompt forbids:"
    return None
