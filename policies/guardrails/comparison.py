"""Compare an approved clause with the text that took its place: weaker, contradicted, excepted, or just reworded.

The strength ladder follows RFC 2119 with more rungs: absolute > mandatory > expected > optional.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from policies.guardrails import vocabulary as v
from policies.guardrails.frames import STRENGTH_NAME, Frame, found, is_content
from policies.guardrails.narrowing import narrowing, participle
from policies.guardrails.numbers import number_changes
from policies.guardrails.opposites import OPPOSITE_WORDS, OPPOSITES

Kind = Literal["weakened", "contradicted", "uncertain"]
ORDERED = re.compile(r"\b(to|before|after|into|from|over|instead of|rather than|not)\b")


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that differs in meaning; `certain` decides between block and flag."""

    kind: Kind
    rule: str
    said: str
    certain: bool = True


def compare(old: Frame, new: Frame) -> tuple[Observation, ...]:
    """Everything by which `new` says less than `old` or the opposite; empty for an equivalent or stricter wording."""
    seen = [*_polarity(old, new), *_strength(old, new), *_exceptions(old, new), *_conditions(old, new)]
    seen += [*_quantifiers(old, new), *_tails(old, new), *_roles(old, new), *_opposites(old, new), *_labels(old, new)]
    seen += [Observation("weakened", "limit-changed", said, certain) for said, certain in number_changes(old, new)]
    seen += [Observation(*found_narrowing) for found_narrowing in narrowing(old, new)]
    return tuple(seen)


def shared(old: Frame, new: Frame) -> float:
    """Share of the old clause's subject matter that the new text still has, 0 to 1."""
    wanted = old.content_set
    return len(wanted & new.content_set) / len(wanted) if wanted else 1.0


def _signs(frame: Frame) -> dict[str, int]:
    signs: dict[str, int] = {}
    for token, sign in zip(frame.tokens, frame.polarity, strict=True):
        if is_content(token) and sign:
            signs[token.lemma] = signs.get(token.lemma, 0) + sign
    return signs


def _polarity(old: Frame, new: Frame) -> Iterator[Observation]:
    before, after = _signs(old), _signs(new)
    common = [w for w in before if after.get(w) and before[w]]
    flipped = [w for w in common if (before[w] > 0) != (after[w] > 0)]
    if not flipped or len(flipped) / len(common) < 0.6:
        return
    if old.prohibits and any(after.get(a, 0) < 0 for a in _forbidden_verbs(old)):
        return
    exclusive = any(v_only(f) for f in (old, new))
    if exclusive and old.text != new.text and len(flipped) < len(common):
        return
    if exclusive and bool(old.markers) != bool(new.markers):
        return  # "only X may" against "nobody except X may": the same rule with the sign on the other side
    later = re.search(r"\b(?:before|until)\b.*", old.low)
    if later and new.prohibits and re.search(r"\b(?:before|until)\b", new.low):
        tail = {t.lemma for t in old.tokens if t.start >= later.start()}
        if set(flipped) <= tail:
            return  # "X must be done before Y" against "no Y before X": the same order of things
    side = "forbids" if before[flipped[0]] < 0 else "commands"
    yield Observation(
        "contradicted",
        "polarity-flipped",
        f"the approved clause {side} it, the new text says the opposite",
        shared(old, new) >= 0.5,
    )


def _forbidden_verbs(frame: Frame) -> set[str]:
    """The first word of substance after each plain negation."""
    verbs = set()
    for match in re.finditer(r"\b(?:not|never|n't|cannot|nicht|niemals|jamais|nunca)\s", frame.low):
        following = next((t for t in frame.tokens if t.start >= match.end() and t.subject), None)
        if following is not None and following.start - match.end() < 24:
            verbs.add(following.lemma)
    return verbs


@lru_cache(maxsize=4096)
def v_only(frame: Frame) -> bool:
    """Does the clause speak of an exclusive set (`only`, `anyone but`)?"""
    return (
        re.search(
            (
                r"\b(?:only|solely|exclusively|anyone but|nobody but|no one but|no one except|"
                r"nobody except|other than|nur|ausschließlich|seulement|solo)\b"
            ),
            frame.low,
        )
        is not None
    )


NOT_IMPERATIVE = re.compile(
    r"\W*(?:the|an?|you|it|they|this|that|these|those|there|we|he|she|your|some|such|"
    r"most|many|one|people|what|who)\b"
)
CONDITION_FIRST = re.compile(r"^\W*(?:if|when|whenever|while|before|after|for|in|on|at|with)\b[^,]*,\s*(?:then )?")
VERDICT = re.compile(r"\b(?:is|are|means|counts as|=) (?:an? )?[A-Z]{3,}\b")


def _strength(old: Frame, new: Frame) -> Iterator[Observation]:
    hedges = new.hedges - old.hedges
    if hedges:
        yield Observation("weakened", "hedged", f"'{min(hedges)}' is new and takes the clause down a rung")
    weak = new.weak - old.weak
    drop = old.strength > new.strength
    if weak and (drop or len(new.strong) < len(old.strong) or not old.strong):
        gentle = weak <= {"avoid", "hesitate"} and bool(new.strong)
        if not gentle and not (
            weak & {"prefer", "try", "attempt", "hesitate"} and old.strength == new.strength and old.strong
        ):
            names = f"{STRENGTH_NAME[old.strength]} -> {STRENGTH_NAME[min(new.strength, old.strength)]}"
            yield Observation("weakened", "softened", f"'{min(weak)}' is new ({names})")
    silent = not (new.strong or weak or hedges or VERDICT.search(new.text))
    if old.strong and silent and NOT_IMPERATIVE.match(CONDITION_FIRST.sub("", new.low)):
        said = f"'{min(old.strong)}' is gone and nothing as strong took its place"
        yield Observation("uncertain", "operator-lost", said, False)
    lost_only = (
        v_only(old)
        and not v_only(new)
        and not new.prohibits
        and not re.search(
            r"\b(?:must|not|no|never|alone|limited|restricted|nobody|none|required|requires?|needs?|necessary|without)\b",
            new.low,
        )
    )
    if lost_only and not weak:
        yield Observation("weakened", "only-dropped", "'only' is gone, so the set is open now", shared(old, new) >= 0.7)


NEGATIVE_WITHOUT = re.compile(r"\bwithout (?!exceptions?\b|any exceptions?\b|fail\b)(?:[\w']+ ){0,2}[\w']+")
"""In a prohibition `without X` says that with X it is allowed."""


def _exceptions(old: Frame, new: Frame) -> Iterator[Observation]:
    gained = new.markers - old.markers
    if (gained and len(new.markers) > len(old.markers)) or (gained and not old.markers):
        yield Observation("weakened", "exception-added", f"a new exception: '{min(gained)}'")
    bare = NEGATIVE_WITHOUT.search(new.low)
    if bare and old.prohibits and new.prohibits and not re.search(r"\bwithout\b", old.low):
        yield Observation("weakened", "exception-added", f"a new exception: '{bare.group()}'")
    if re.search(
        r"\bor (?:proceed|continue|skip|go ahead|just|simply|at least try|do so|use your)\b", new.low
    ) and not re.search(r"\bor (?:proceed|continue|skip|go ahead)\b", old.low):
        yield Observation("weakened", "exception-added", "a new way around the clause ('or …')")


def _condition_words(frame: Frame) -> list[tuple[str, frozenset[str]]]:
    spans = []
    low = v.NOT_A_CONDITION.sub(lambda m: " " * len(m.group()), frame.low)
    for match in v.CONDITION.finditer(low):
        rest = re.split(r"[,;:.]", low[match.end() :])[0]
        end = match.end() + len(rest)
        words = frozenset(t.lemma for t in frame.tokens if match.start() <= t.start < end and is_content(t))
        spans.append((match.group(), words))
    return spans


def _conditions(old: Frame, new: Frame) -> Iterator[Observation]:
    known = old.content_set
    before = len(_condition_words(old)) + len(
        re.findall(r"\b(?:who|that|which|anyone|whoever|any|means|above|over|before|until|first)\b", old.low)
    )
    after = _condition_words(new)
    for word, said in after:
        fresh = said - known
        if said and len(fresh) / len(said) > 0.5 and not (before and len(after) <= len(_condition_words(old))):
            if re.search(rf"\b(?:{word})\b", old.low) and len(fresh) < 2:
                continue
            yield Observation("weakened", "condition-added", f"a new condition: '{word} …'", shared(old, new) >= 0.5)
            return
    if not before and after and not after[-1][1] and re.match(r"if|when|only|in case|wenn|falls", after[-1][0]):
        yield Observation("weakened", "condition-added", f"a new condition: '{after[-1][0]} …'", False)


def _quantifiers(old: Frame, new: Frame) -> Iterator[Observation]:
    if (
        re.search(r"\bboth\b", old.low)
        and not re.search(r"\b(?:both|two|and|each|all)\b", new.low)
        and shared(old, new) >= 0.5
    ):
        yield Observation("weakened", "quantifier-narrowed", "'both' is gone")
    partial = {w for w in found(v.PARTIAL, new.low) - found(v.PARTIAL, old.low) if not participle(w, new.low)}
    universal = found(v.UNIVERSAL, old.low) - found(v.UNIVERSAL, new.low)
    if partial and (universal or not found(v.UNIVERSAL, new.low)):
        yield Observation(
            "weakened",
            "quantifier-narrowed",
            f"'{min(partial)}' is new: the clause covers fewer cases",
            shared(old, new) >= 0.5,
        )


LABEL = re.compile(
    r"\b(?:is|are|means|=|->|as|always|never|return|answer|counts? as) (?:always |"
    r"never |an? |also )?([A-Z][A-Z_]{2,})\b"
)


def _labels(old: Frame, new: Frame) -> Iterator[Observation]:
    """`Spam is HIDE` became `Spam is KEEP`."""
    before, after = (set(LABEL.findall(f.text)) for f in (old, new))
    if before and after and not before & after:
        yield Observation(
            "contradicted", "label-changed", f"{', '.join(sorted(before))} became {', '.join(sorted(after))}"
        )


WIDE = re.compile(r"\b(?:ever|any|all|every|always|under no|whatever)\b")


def _tails(old: Frame, new: Frame) -> Iterator[Observation]:
    for match in v.WIDENING_TAIL.finditer(old.low):
        tail = re.split(r"[;:.]", old.low[match.start() :])[0]
        main = {t.lemma for t in old.tokens if t.start < match.start() and is_content(t)}
        words = {t.lemma for t in old.tokens if match.start() <= t.start < match.start() + len(tail) and is_content(t)}
        words = words - main or words
        kept = v.WIDENING_TAIL.search(new.low) is not None
        if (
            not kept
            and not words & new.content_set
            and not found(WIDE, new.low) - found(WIDE, old.low[: match.start()])
        ):
            yield Observation("weakened", "tail-dropped", f"'{tail.strip()[:60]}' is gone")
            return
        inverted = re.search(r"\b(?:only if|only when|except|unless|but not|without|alone|unaccompanied)\b", new.low)
        if not kept and words & new.content_set and inverted and not re.search(inverted.re, old.low):
            yield Observation("weakened", "tail-inverted", f"'{tail.strip()[:60]}' became a condition")
            return


def _pairs(frame: Frame) -> set[tuple[str, str, str]]:
    pairs = set()
    content = [t for t in frame.tokens if is_content(t)]
    for left, right in itertools.pairwise(content):
        between = frame.low[left.end : right.start]
        link = ORDERED.search(between)
        if link and len(between) < 30 and (link.group(1) == "not" or not re.search(r"[,;:.]", between)):
            pairs.add((left.lemma, link.group(1), right.lemma))
    return pairs


def _roles(old: Frame, new: Frame) -> Iterator[Observation]:
    before, after = _pairs(old), _pairs(new)
    swapped = [(a, link, b) for a, link, b in sorted(before) if a != b and (b, link, a) in after]
    if not swapped:
        return
    gained, lost = after - before, before - after
    first_old = next((p for p in _ordered(old) if p in before), None)
    first_new = next((p for p in _ordered(new) if p in after), None)
    if gained or lost or (first_old and first_new and first_old == first_new[::-1]):
        a, link, b = swapped[0]
        yield Observation("contradicted", "roles-swapped", f"'{a} {link} {b}' became '{b} {link} {a}'")


def _opposites(old: Frame, new: Frame) -> Iterator[Observation]:
    """One word of a pair of opposites took the place of the other."""
    if old.prohibits != new.prohibits:
        return
    before, after = _opposite_words(old.low), _opposite_words(new.low)
    for pair in OPPOSITES:
        for a, b in (pair, pair[::-1]):
            turned = a in before and b not in before and b in after and a not in after
            if turned and shared(old, new) >= 0.6:
                yield Observation("contradicted", "opposite", f"'{a}' became '{b}'")
                return


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
