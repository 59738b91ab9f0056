"""A clause turned round without a negation: roles swapped (`acid to water`), or one of a pair of opposites "
"exchanged."""

import itertools
import re
from collections.abc import Iterator

from policies.guardrails.frames import Frame, found, is_content
from policies.guardrails.opposites import OPPOSITE_WORDS, OPPOSITES
from policies.guardrails.turned import gives_up

Reversal = tuple[str, str]
MOST = 0.6  # share of a clause's subject matter that must be left for an exchanged word to count
ORDERED = re.compile(r"\b(to|before|after|into|from|over|instead of|rather than|not)\b")


def reversals(old: Frame, new: Frame) -> Iterator[Reversal]:
    """(rule, what was turned round) for each reversal."""
    yield from roles_swapped(old, new)
    yield from order_turned(old, new)
    if gives_up(old, new):
        yield "opposite", "the state that was to be kept is given up"
    yield from opposites(old, new)


def _kept(old: Frame, new: Frame) -> float:
    wanted = old.content_set
    return len(wanted & new.content_set) / len(wanted) if wanted else 1.0


def _pairs(frame: Frame) -> set[tuple[str, str, str]]:
    pairs = set()
    content = [t for t in frame.tokens if is_content(t)]
    for left, right in itertools.pairwise(content):
        between = frame.low[left.end : right.start]
        link = ORDERED.search(between)
        if link and len(between) < 30 and (link.group(1) == "not" or not re.search(r"[,;:.]", between)):
            pairs.add((left.lemma, link.group(1), right.lemma))
    return pairs


def roles_swapped(old: Frame, new: Frame) -> Iterator[Reversal]:
    before, after = _pairs(old), _pairs(new)
    swapped = [(a, link, b) for a, link, b in sorted(before) if a != b and (b, link, a) in after]
    if old.prohibits != new.prohibits:
        swapped = [s for s in swapped if s[1] != "before"]  # `A before B` is `no B before A`
    if not swapped:
        return
    gained, lost = after - before, before - after
    first_old = next((p for p in _ordered(old) if p in before), None)
    first_new = next((p for p in _ordered(new) if p in after), None)
    if gained or lost or (first_old and first_new and first_old == first_new[::-1]):
        a, link, b = swapped[0]
        yield "roles-swapped", f"'{a} {link} {b}' became '{b} {link} {a}'"


THEN = re.compile(r"(?P<a>[^;.]+?)(?:,| and|, and|;|\.)\s+(?:only )?(?:then|afterwards|after that)\b(?P<b>[^;.]+)")
LATER_LAST = re.compile(r"(?P<a>[^;,.]+?) and (?P<b>[^;,.]+?) (?:later|afterwards|after that)\b")
BEFORE = re.compile(r"(?P<a>[^;:.]+?)\b(?:before|prior to)\b(?P<b>[^,;:.]+)")
BEFORE_FIRST = re.compile(r"^\W*(?:before|prior to)\b(?P<b>[^,;:.]+),(?P<a>[^;.]+)")
OPENING = re.compile(r"^\W*(?:if|when|whenever|should|in case|as soon as|once)\b[^,;:.]*[,:]")
"""The occasion stands before all steps."""


def order_turned(old: Frame, new: Frame) -> Iterator[Reversal]:
    """`Verify it before you change it` against `change it, then verify it`."""
    if old.prohibits or new.prohibits:
        return
    before, after = _steps(old), _steps(new)
    if before is None or after is None:
        return
    straight = len(before[0] & after[0]) + len(before[1] & after[1])
    crossed = len(before[0] & after[1]) + len(before[1] & after[0])
    if crossed > straight and before[0] & after[1] and before[1] & after[0]:
        yield "order-turned", "what comes first comes second"


def _steps(frame: Frame) -> tuple[frozenset[str], frozenset[str]] | None:
    """Subject matter of the step that comes first and of the one that comes second."""
    opening = OPENING.match(frame.low)
    start = opening.end() if opening else 0
    for pattern in (THEN, LATER_LAST, BEFORE_FIRST, BEFORE):
        match = pattern.search(frame.low, start)
        if match:
            first, second = (
                frozenset(t.lemma for t in frame.tokens if t.subject and match.start(g) <= t.start < match.end(g))
                for g in "ab"
            )
            both = first & second
            return first - both, second - both
    return None


IN_ORDER = re.compile(
    r"\b(?:before\w*|until|first|after\w*|once|then|only|prior|unless|without|as soon as|next|later|already|needs?|"
    r"requires?|not|never|no|nobody|must have|subject to|follow\w*|when)\b"
)


def order_lost(old: Frame, new: Frame) -> bool:
    """`Confirm it before shipping` became `ship and confirm it`: both are there, which comes first is not said."""
    steps = _steps(old) if not old.prohibits and "before" in old.low else None
    if steps is None or IN_ORDER.search(new.low) or new.prohibits:
        return False
    first, second = steps
    return bool(first & new.content_set) and bool(second) and second <= new.content_set


def opposites(old: Frame, new: Frame) -> Iterator[Reversal]:
    """One word of a pair of opposites took the place of the other."""
    if old.prohibits != new.prohibits:
        return
    before, after = _opposite_words(old.low), _opposite_words(new.low)
    for pair in OPPOSITES:
        for a, b in (pair, pair[::-1]):
            turned = a in before and b not in before and b in after and a not in after
            if turned and _kept(old, new) >= MOST and not _turned_with_its_sides(old, new, a, b):
                yield "opposite", f"'{a}' became '{b}'"
                return


def _turned_with_its_sides(old: Frame, new: Frame, a: str, b: str) -> bool:
    """`Verify X before discussing Y` and `discuss Y only after X is verified` put the same thing first."""
    if {a, b} not in ({"before", "after"}, {"vor", "nach"}, {"bevor", "nachdem"}):
        return False
    (main, tail), (new_main, new_tail) = _sides(old, a), _sides(new, b)
    return len(tail & new_main) > len(tail & new_tail) and len(main & new_tail) >= len(main & new_main)


def _sides(frame: Frame, word: str) -> tuple[set[str], set[str]]:
    """Subject matter outside and inside the part that a word of time opens."""
    at = re.search(rf"\b{word}\b[^,;:.]*", frame.low)
    low, high = at.span() if at else (0, 0)
    tail = {t.lemma for t in frame.tokens if t.subject and low <= t.start < high}
    return {t.lemma for t in frame.tokens if t.subject and not low <= t.start < high} - tail, tail


def _opposite_words(low: str) -> frozenset[str]:
    return found(OPPOSITE_WORDS, low)


def _ordered(frame: Frame) -> list[tuple[str, str, str]]:
    content = [t for t in frame.tokens if is_content(t)]
    rows = []
    for left, right in itertools.pairwise(content):
        link = ORDERED.search(frame.low[left.end : right.start])
        if link:
            rows.append((left.lemma, link.group(1), right.lemma))
    return rows
