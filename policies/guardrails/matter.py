"""What a prohibition is really about, and whether a new sentence speaks of that."""

import re
from functools import lru_cache

from policies.guardrails.frames import Frame, is_content
from policies.guardrails.meanings import deeds, kinds
from policies.guardrails.members import items
from policies.guardrails.narrowing import GENERIC
from policies.guardrails.thing_phrases import phrased_things
from policies.guardrails.words import Synonyms

DESCRIBED = re.compile(
    r"(?<!promise)(?<!guarantee)(?<!assure)(?<!suggest)(?<!imply)(?<!\bhint)(?<!claim)\b\s(?:that|which|who|whom|"
    r"whose)\s"
)
"""A relative clause; after a verb of promising `that` opens what is promised."""


def main_things(old: Frame) -> frozenset[str]:
    """What a prohibition is about, without the relative clause that describes it."""
    described = DESCRIBED.search(old.low)
    end = described.start() if described else len(old.low)
    signed = zip(old.tokens, old.polarity, strict=True)
    return frozenset(t.lemma for t, sign in signed if sign < 0 and is_content(t) and t.start < end)


SAYS_THAT = re.compile(
    r"\bthat (?:an?|the|their|his|her|this|it|any|they|you|everything|something|all)\b[^.;]*?"
    r"\b(?:is|are|was|were|will be|has been)\b(?P<said>[^.;,]*)"
)
RELATIONAL = frozenset({"nam", "amount", "list", "date", "part", "sum"})


def other_matter(old: Frame, actions: frozenset[str], there: frozenset[str]) -> bool:
    """The sentence shares words with the prohibition, yet not those that make it one.

    Forbidden to say `that a test is easy`: what counts is `easy`. Forbidden is `the code of a building`: what counts is
    the code, or with a word such as `names` what they are names of.
    """
    said = SAYS_THAT.search(old.low)
    if said:
        predicate = {t.lemma for t in old.tokens if t.subject and said.start("said") <= t.start < said.end()}
        return bool(predicate) and not predicate & there
    of = re.search(r"\sof\s", old.low)
    if of is None or re.search(r"[,;]|\bor\b|\band\b", old.low):
        return False
    head = {t.lemma for t in old.tokens if t.subject and t.start < of.start()} - actions
    rest = {t.lemma for t in old.tokens if t.subject and t.start > of.start()} - GENERIC
    if head and not head & there:
        return True
    return bool(rest) and bool(head) and head <= RELATIONAL and not rest & there


PURPOSE = re.compile(
    r"\b(?:in order to|so as to|just to|to (?:make|get|keep|save|help|speed|avoid|please|finish|reach|win|gain|"
    r"pass))\b[^,;.]*"
)


def covers(objects: frozenset[str], old: Frame, actions: frozenset[str], least: float = 0.3) -> bool:
    """The shared things must be a fair part of what the prohibition is about, and among its main things."""
    core = main_things(old) - actions - GENERIC
    if core and not objects & core:
        return False
    if any(words <= objects for words, _ in items(old)):
        return True
    aim = PURPOSE.search(old.low)
    aside = {t.lemma for t in old.tokens if aim and aim.start() <= t.start < aim.end()}
    wanted = old.content_set - actions - aside
    return len(objects) >= 2 or len(objects) / max(1, len(wanted)) >= least


@lru_cache(maxsize=4096)
def with_kinds(frame: Frame, synonyms: Synonyms) -> frozenset[str]:
    """Subject matter of a sentence with the kinds its things belong to and the things it only describes."""
    table = kinds(synonyms)
    said = frame.content_set | {synonyms.lemma(w) for w in phrased_things(frame.low)}
    return said.union(*(table.get(lemma, frozenset()) for lemma in said))


def speaks_of(word: str, there: frozenset[str], synonyms: Synonyms) -> bool:
    table = deeds(synonyms)
    alike = table.get(word, frozenset())
    return word in there or any(alike & table.get(w, frozenset()) for w in there)


def in_common(old: Frame, new: Frame, synonyms: Synonyms) -> frozenset[str]:
    """Things of the clause that the sentence speaks of, by name, by kind, or as another thing of the same kind."""
    there = with_kinds(new, synonyms)
    own, sisters = _with_sisters(old, synonyms)
    if there.isdisjoint(own):
        return frozenset()
    return (old.content_set & there) | {w for w, alike in sisters if not alike.isdisjoint(there)}


@lru_cache(maxsize=4096)
def _with_sisters(old: Frame, synonyms: Synonyms) -> tuple[frozenset[str], tuple[tuple[str, frozenset[str]], ...]]:
    """Everything that links to a clause's things, and each thing with the kinds by which others stand for it."""
    table = kinds(synonyms)
    alike = [(w, table.get(w, frozenset()) - TOO_WIDE) for w in sorted(old.content_set)]
    sisters = tuple((w, k) for w, k in alike if k)
    return old.content_set.union(*(k for _, k in sisters)), sisters


TOO_WIDE = frozenset({"data", "law", "health", "solut", "dat", "identit"})
"""Kinds whose members have too little in common to stand for each other."""
