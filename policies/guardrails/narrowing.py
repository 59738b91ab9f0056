"""Lost items, lost words and new restrictions: how a clause comes to cover fewer cases without a softer verb."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

from policies.guardrails import vocabulary as v
from policies.guardrails.converses import assigned, goes_to, other_side
from policies.guardrails.frames import BARE_NO, Frame, found, is_content
from policies.guardrails.idle_words import AGES, HIDING, may_go, pronoun, turns_into
from policies.guardrails.members import items
from policies.guardrails.spelling import corrected
from policies.guardrails.turned import kept_so
from policies.guardrails.word_lists import DEMANDED_NOUNS, word_set
from policies.guardrails.words import Token, stem

Narrowing = tuple[Literal["weakened", "uncertain"], str, str, bool]
LOCAL = 0.6  # share of equal words in equal order from which on an edit is local, not a rewording
ENOUGH = 0.5  # share of subject matter a rewording must keep
CONDITION_SCOPE = re.compile(
    r"\b(?:if|when|whenever|in case|wenn|falls|unless|except|until|other than|provided|as long as|"
    r"außer|sofern)\b[^,;:.]*"
)


def narrowing(old: Frame, new: Frame) -> Iterator[Narrowing]:
    """Items, words and restrictions that make the new text cover less; (kind, rule, what, certain)."""
    lost_items = list(_lost_items(old, new))
    if lost_items:
        yield "weakened", "list-item-dropped", f"dropped from the list: {', '.join(lost_items)}", True
    before = [t.lemma for t in old.tokens]
    after = [t.lemma for t in new.tokens]
    match = SequenceMatcher(None, before, after, autojunk=False)
    local = match.ratio() >= LOCAL
    if local:
        yield from _local_edits(old, new, match, bool(lost_items))
        return
    kept = len(old.content_set & new.content_set) / len(old.content_set) if old.content_set else 1.0
    if kept < ENOUGH:
        gone = sorted({t.word for t in old.tokens if is_content(t)} - {t.word for t in new.tokens})
        yield (
            "uncertain",
            "reworded-far",
            f"too little of the clause is left to be sure (gone: {', '.join(gone[:6])})",
            False,
        )
    yield from _restrictions(old, new)


def _lost_items(old: Frame, new: Frame) -> Iterator[str]:
    there = new.content_set
    members = items(old)
    if len(members) < 2:
        return
    kept = [m for m, _ in members if m & there]
    for words, said in members:
        if not words & there and kept:
            yield said


def _local_edits(old: Frame, new: Frame, match: SequenceMatcher[str], reported: bool) -> Iterator[Narrowing]:
    conditional = [(m.start(), m.end()) for m in CONDITION_SCOPE.finditer(old.low)]
    there, before = new.content_set, old.content_set
    implied = goes_to(old, new) | assigned(old, new)
    kept = forms(old) & forms(new)
    for tag, i1, i2, j1, j2 in match.get_opcodes():
        if tag == "equal":
            continue
        replaced, placed = old.tokens[i1:i2], new.tokens[j1:j2]
        gone = [t for t in replaced if is_content(t) and t.lemma not in there and not t.lemma[0].isdigit()]
        gone = [
            t
            for t in gone
            if not implied & {t.lemma, stem(t.word)} and not any(corrected(t.word, n.word) for n in placed)
        ]
        gone = [t for t in gone if not (kept.issuperset(map(stem, t.word.split())) or _hidden(t, old, new))]
        come = [t for t in placed if (is_content(t) or t.word == "twice") and t.lemma not in before]
        come = [t for t in come if t.lemma not in implied and not pronoun(t, new) and not turns_into(t, new)]
        come = [t for t in come if not (HIDING.fullmatch(t.word) or kept.issuperset(map(stem, t.word.split())))]
        figures = bool(come) and all(t.lemma[0].isdigit() for t in come)
        if figures and (gone or any(t.lemma[0].isdigit() for t in replaced)):
            continue  # `numbers.py` compares figures
        if len(gone) <= 1 and len(come) == 1 and (kept_so(old, new) or kept_so(new, old)):
            continue  # `never open` and `stays closed`
        if gone and come and (other_side(old, new, _said(gone), _said(come)) or _tells(old, new, gone, come)):
            continue
        if gone and come and not reported:
            yield "uncertain", "words-replaced", f"'{_said(gone)}' became '{_said(come)}'", False
        elif (
            gone
            and not reported
            and not may_go(old, new, gone)
            and not all(any(a <= t.start < b for a, b in conditional) for t in gone)
        ):
            yield "weakened", "words-dropped", f"'{_said(gone)}' is gone", False
        elif come:
            lead = new.low[new.tokens[j1 - 1].end if j1 else 0 : come[0].start]
            yield from _insertion(old, new, come, lead)
    yield from _restrictions(old, new)


def _hidden(token: Token, old: Frame, new: Frame) -> bool:
    """`Names stay secret` and `never disclose a name`."""
    return old.prohibits and new.prohibits and HIDING.fullmatch(token.word) is not None


TELLING = frozenset(stem(w) for w in word_set("tell say reveal disclose share mention give state show name divulge"))


def _tells(old: Frame, new: Frame, gone: list[Token], come: list[Token]) -> bool:
    """In a prohibition one word for telling may stand for another."""
    return old.prohibits and new.prohibits and all(stem(t.word) in TELLING for t in (*gone, *come))


def forms(frame: Frame) -> frozenset[str]:
    """Comparable forms of all words as written: `reject` and `rejected`, `pass … on` and `passed on`."""
    return frozenset(map(stem, " ".join(t.word for t in frame.tokens).split()))


def _said(tokens: list[Token]) -> str:
    return " ".join(t.word for t in tokens[:6])


def _covers_as_much(come: list[Token], before: str, lead: str) -> bool:
    """Words for anybody, and additions that only widen: `even`, `in any form`."""
    return (
        all(t.lemma in GENERIC and t.word not in AGES for t in come)
        or re.search(r"\b(?:even|including|not even)\b[^,;.]*$", before) is not None
        or re.search(r"\b(?:in|at|for|under|to|by|with|of|about) (?:any|all|every|no)\b[^,;.]*$", lead) is not None
    )


def _insertion(old: Frame, new: Frame, come: list[Token], lead: str) -> Iterator[Narrowing]:
    """New words inside a clause: another member of a list is fine; a modifier or a phrase that limits it is not."""
    first, last = come[0], come[-1]
    before, after = new.low[max(0, first.start - 40) : first.start], new.low[last.end : last.end + 12]
    if _listed(before, after) or JOINS.search(lead):
        yield from _alternative(old, new, come)
        return
    if _covers_as_much(come, before, lead):
        return
    link = re.search(r"\b(" + LINKS + r")\s+(?:\w+ ){0,2}$", before)
    demands = (
        r"\b(?:without|unless|only|until)\b[^,;.]*$"
        if old.prohibits
        else r"\b(?:without|unless|only|until|by|with)\b[^,;.]*$"
    )
    subject = not old.prohibits and MODAL.search(new.low, last.end) is not None  # before the verb: whom it is about
    required = not subject and re.search(demands, before) is not None
    at = next(i for i, t in enumerate(new.tokens) if t is last)
    head = next((t for t in new.tokens[at + 1 : at + 2] if is_content(t)), None)
    modifies = (
        head is not None and head.lemma in old.content_set and not re.search(r"[,;:(]", new.low[last.end : head.start])
    )
    said = _said(come)
    if len(come) == 1 and BARE_NO.match(old.low) and re.search(r"(?:not|never|n't) $", before):
        return  # `No photographs` became `Do not take photographs`
    if modifies and not old.prohibits and head is not None and head.lemma in DEMANDED and link and not subject:
        return
    if modifies and not required and not (head is not None and head.lemma in DEMANDED):
        if not old.prohibits and re.match(r"(?:is|are|was|be|immediately|at|always|clearly|explicitly)\b", said):
            return
        yield "weakened", "scope-narrowed", f"'{said}' is new: the clause covers fewer cases", True
    elif link and not required and (old.prohibits or link.group(1) not in ADDS_DUTY):
        yield (
            "weakened",
            "scope-narrowed",
            f"'{link.group(1)} … {said}' is new: the clause covers fewer cases",
            old.prohibits,
        )
    elif old.prohibits and not required and not re.search(r"[,;:(]\s*$", before) and not after.strip(" .!"):
        yield "weakened", "scope-narrowed", f"'{said}' is new: the clause covers fewer cases", False


JOINS = re.compile(r"[,、・]|\b(?:or|and|nor|oder|und)\b")
MODAL = re.compile(r"\b(?:must|shall|has to|have to|needs? to|is|are) ")
LINKS = (
    "with|of|to|in|on|at|outside|within|for|from|during|over|about|among|across|via|through|after|"
    "between|towards|aged|under|above|below|than"
)
ADDS_DUTY = frozenset({"with", "to", "within", "from", "via", "through", "at", "over", "about", "than"})
"""In a duty these add a manner, a recipient or a deadline; `in`, `on`, `for`, `during` limit where it holds."""
GENERIC = frozenset(
    stem(w)
    for w in (
        "customer",
        "reply",
        "output",
        "model",
        "assistant",
        "conversation",
        "tell",
        "show",
        "message",
        "question",
        "discuss",
        "bot",
        "help",
        "provide",
    )
)
DEMANDED = frozenset(stem(w) for w in DEMANDED_NOUNS)


def _listed(before: str, after: str) -> bool:
    joins = (
        r"(?:,|\bor|\band|\bnor|\bas well as|\boder|\bund|/)\s*(?:(?:the|a|an|any|their|his|her|"
        r"its|your|of|to|for|about|never|not|even|ever)\s+){0,2}$"
    )
    return (
        re.search(joins, before) is not None
        or re.match(r"\s*(?:,\s*\w|or\b|and\b|nor\b|/|oder\b|und\b)", after) is not None
    )


def _alternative(old: Frame, new: Frame, come: list[Token]) -> Iterator[Narrowing]:
    """A new `or …` after the verb of a duty is an alternative to doing it; in a prohibition it forbids more."""
    first = come[0]
    joined = re.search(r"\b(?:or|oder|ou|o)\b[^,;.]*$", new.low[max(0, first.start - 24) : first.start])
    if not joined:
        return
    if new.prohibits or old.prohibits:
        if re.search(r"\bor without\b", new.low) and "without" not in old.low:
            return  # `at home or without a teacher`: one case more that is forbidden
        if re.search(r"\b(?:without|unless|until|only)\b[^,;.]*$", new.low[: first.start]):
            yield "weakened", "alternative-added", f"'or {_said(come)}' is a new way around the clause", False
        return
    duty = re.search(
        r"\b(?:must|shall|have to|has to|only|always|before|needs?|requires?|confirm|verify|check|ask|obtain)\b",
        new.low[: first.start],
    )
    conditional = re.search(r"\b(?:if|when|whenever|any|every|all)\b[^,;:.]*$", new.low[: first.start])
    if duty and not conditional:
        yield "weakened", "alternative-added", f"'or {_said(come)}' is a new way to satisfy the clause", False


DURATION = re.compile(
    r"\bfor (?:an?|one|two|three|the first|several|some|\d+) (?:hours?|days?|weeks?|months?|years?)\b"
)


def _restrictions(old: Frame, new: Frame) -> Iterator[Narrowing]:
    fresh = found(v.RESTRICTOR, new.low) - found(v.RESTRICTOR, old.low)
    fresh = frozenset(
        w
        for w in fresh
        if not _known(w, old, new)
        and not re.search(rf"\beven (?:for|to|with|if|when)\b[^,;.]*\b{w}\b", new.low)
        and not _demanding(w, new)
        and not _listed_there(w, new)
    )
    lasting = DURATION.search(new.low) if old.prohibits and not DURATION.search(old.low) else None
    if lasting and not old.numbers:
        yield "weakened", "scope-narrowed", f"'{lasting.group()}' is new: the clause ends some time", False
    if fresh:
        yield "weakened", "scope-narrowed", f"'{min(fresh)}' is new: the clause covers fewer cases", True
    joined = old.low
    if (
        len(re.findall(r"\band\b", joined)) > len(re.findall(r"\band\b", new.low))
        and re.search(r"\bor\b", new.low)
        and not re.search(r"\bor\b", joined)
        and not old.prohibits
        and not new.prohibits
    ):
        yield "weakened", "and-became-or", "'and' became 'or'", False


def _demanding(word: str, new: Frame) -> bool:
    """`written confirmation`, `only to registered users`: the modifier asks for more, it does not limit the clause."""
    at = re.search(
        (
            rf"\b(?:without|unless|only|until|by|with|from|in|obtain|ask for|requires?)\b[^,;.]*\b{word}\b|"
            rf"\b{word}\s+(\w+)"
        ),
        new.low,
    )
    follower = at.group(1) if at else None
    stemmed = next((t.lemma for t in new.tokens if t.word == follower), "")
    return at is not None and (follower is None or stemmed in DEMANDED) and not new.prohibits


def _listed_there(word: str, new: Frame) -> bool:
    match = re.search(rf"\b{re.escape(word)}\b", new.low)
    return (
        match is not None and re.search(r"(?:,|\bor|\band|\bnor)\s+(?:be\s+)?$", new.low[: match.start()]) is not None
    )


def participle(word: str, low: str) -> bool:
    """`must be named`: a verb in the passive, not `named persons`."""
    return (
        re.search(rf"\b(?:be|been|being|is|are|was|were|gets?) (?:\w+ )?{re.escape(word)}\b(?! \w+s\b)", low)
        is not None
    )


def _known(word: str, old: Frame, new: Frame) -> bool:
    lemmas = {t.lemma for t in new.tokens if t.word == word}
    return bool(lemmas & {t.lemma for t in old.tokens}) or (" " not in word and participle(word, new.low))
