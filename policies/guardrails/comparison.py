"""Compare an approved clause with the text that took its place: weaker, contradicted, excepted, or just reworded.

The strength ladder follows RFC 2119 with more rungs: absolute > mandatory > expected > optional.
"""

import re
from collections.abc import Iterator

from policies.guardrails import vocabulary as v
from policies.guardrails.conditions import conditions, exceptions
from policies.guardrails.exclusive import holder_lost, v_only
from policies.guardrails.frames import STRENGTH_NAME, Frame, found, is_content
from policies.guardrails.narrowing import narrowing, participle
from policies.guardrails.numbers import number_changes
from policies.guardrails.observation import Observation, shared
from policies.guardrails.reversal import order_lost, reversals
from policies.guardrails.turned import same_rule


def compare(old: Frame, new: Frame) -> tuple[Observation, ...]:
    """Everything by which `new` says less than `old` or the opposite; empty for an equivalent or stricter wording."""
    seen = [*_polarity(old, new), *_strength(old, new), *exceptions(old, new), *conditions(old, new)]
    seen += [*_quantifiers(old, new), *_tails(old, new), *_labels(old, new)]
    seen += [Observation("weakened", "limit-changed", said, certain) for said, certain in number_changes(old, new)]
    seen += [Observation("contradicted", rule, said) for rule, said in reversals(old, new)]
    if order_lost(old, new):
        seen.append(Observation("uncertain", "order-lost", "it is no longer said what comes first", False))
    seen += [Observation(*found_narrowing) for found_narrowing in narrowing(old, new)]
    return tuple(seen)


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
    if not flipped:
        return
    if len(flipped) / len(common) < 0.6:
        turned = set(flipped) & _forbidden_verbs(old)
        if (
            turned
            and not v.NEGATION.search(new.low)
            and not any(v_only(f) for f in (old, new))
            and shared(old, new) >= 0.7
        ):
            said = f"'{min(turned)}' was forbidden and no longer is"
            yield Observation("contradicted", "polarity-flipped", said, False)
        return
    if old.prohibits and any(after.get(a, 0) < 0 for a in _forbidden_verbs(old)):
        return
    exclusive = any(v_only(f) for f in (old, new))
    if exclusive and old.text != new.text and len(flipped) < len(common):
        return
    if exclusive and bool(old.markers) != bool(new.markers):
        return  # "only X may" against "nobody except X may": the same rule with the sign on the other side
    if same_rule(old, new, frozenset(flipped)):
        return
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


IS_NOT = re.compile(
    r"\b(?:is|are)(?: not|n't) (?!advis|recommend|ideal|encourag|good\b|wise|usual|necessary|needed|polite|best)|"
    r"\b(?:stays?|remains?|up to|(?:is|are) (?:needed|necessary))\b"
)
NOT_IMPERATIVE = re.compile(
    r"\W*(?:the|an?|you|it|they|this|that|these|those|there|we|he|she|your|some|such|"
    r"most|many|one|people|what|who)\b"
)
CONDITION_FIRST = re.compile(r"^\W*(?:if|when|whenever|while|before|after|for|in|on|at|with)\b[^,]*,\s*(?:then )?")
VERDICT = re.compile(r"\b(?:is|are|means|counts as|=) (?:an? )?[A-Z]{3,}\b")


ONLY_THEN = re.compile(r"\b(?:may|can)\b[^,;:.]*\bonly (?:after|once|when|if|with|by|upon)\b")
"""`may be released only after the archivist was asked`: a duty, not a permission."""


def _strength(old: Frame, new: Frame) -> Iterator[Observation]:
    hedges = new.hedges - old.hedges
    if hedges:
        yield Observation("weakened", "hedged", f"'{min(hedges)}' is new and takes the clause down a rung")
    weak = new.weak - old.weak
    if not old.prohibits and ONLY_THEN.search(new.low):
        weak -= {"may", "can"}
    drop = old.strength > new.strength
    if weak and (drop or len(new.strong) < len(old.strong) or not old.strong):
        gentle = weak <= {"avoid", "hesitate"} and bool(new.strong)
        if not gentle and not (
            weak & {"prefer", "try", "attempt", "hesitate"} and old.strength == new.strength and old.strong
        ):
            names = f"{STRENGTH_NAME[old.strength]} -> {STRENGTH_NAME[min(new.strength, old.strength)]}"
            yield Observation("weakened", "softened", f"'{min(weak)}' is new ({names})")
    silent = not (new.strong or weak or hedges or VERDICT.search(new.text))
    silent = silent and not (old.prohibits == new.prohibits and IS_NOT.search(new.low))
    if old.strong and silent and NOT_IMPERATIVE.match(CONDITION_FIRST.sub("", new.low)):
        said = f"'{min(old.strong)}' is gone and nothing as strong took its place"
        yield Observation("uncertain", "operator-lost", said, False)
    lost_only = (
        v_only(old)
        and not v_only(new)
        and not new.prohibits
        and not re.search(
            r"\b(?:must|have to|has to|not|no|never|alone|limited|restricted|reserved|nobody|none|required|requires?|"
            r"needs?|necessary|"
            r"without)\b",
            new.low,
        )
    )
    if lost_only and not weak:
        yield Observation("weakened", "only-dropped", "'only' is gone, so the set is open now", shared(old, new) >= 0.7)


def _quantifiers(old: Frame, new: Frame) -> Iterator[Observation]:
    if (
        re.search(r"\bboth\b", old.low)
        and not re.search(r"\b(?:both|two|and|each|all)\b", new.low)
        and shared(old, new) >= 0.5
    ):
        yield Observation("weakened", "quantifier-narrowed", "'both' is gone")
    if ONCE.search(old.low) and OFTENER.search(new.low) and not OFTENER.search(old.low):
        yield Observation("weakened", "limit-changed", "'once' became more", shared(old, new) >= 0.5)
    if NOBODY.search(old.low) and not EVERYBODY.search(new.low) and "customer" not in new.content_set:
        fresh = new.content_set - old.content_set
        if fresh and shared(old, new) >= 0.5:
            yield Observation("uncertain", "quantifier-narrowed", "it no longer holds for everybody", False)
    pair = WHATEVER_SIDE.search(old.low)
    if pair and shared(old, new) >= 0.5 and sum(w in new.low.split() for w in pair.groups()) == 1:
        yield Observation("weakened", "quantifier-narrowed", f"'{pair.group()}' is gone", False)
    lost = holder_lost(old, new)
    if lost:
        yield Observation("weakened", "quantifier-narrowed", f"'{min(lost)}' is gone: more people may", False)
    partial = {w for w in found(v.PARTIAL, new.low) - found(v.PARTIAL, old.low) if not participle(w, new.low)}
    universal = found(v.UNIVERSAL, old.low) - found(v.UNIVERSAL, new.low)
    if partial and (universal or not found(v.UNIVERSAL, new.low)):
        yield Observation(
            "weakened",
            "quantifier-narrowed",
            f"'{min(partial)}' is new: the clause covers fewer cases",
            shared(old, new) >= 0.5,
        )


WHATEVER_SIDE = re.compile(
    r"\b(by|to|from|about|for|in|with|before|after|during) (?:or|and) (by|to|from|about|for|in|with|before|after|"
    r"during)\b"
)
ONCE = re.compile(r"\b(?:more than|at most|only|no more than|up to|just) once\b|\bonce (?:a|per|every)\b")
OFTENER = re.compile(r"\b(?:twice|thrice|(?:two|three|four|five|six|several|many|\d+) times)\b")
NOBODY = re.compile(r"^\W*(?:nobody|no one|everyone|everybody|anyone|anybody|niemand|jeder)\b")
EVERYBODY = re.compile(
    r"\b(?:nobody|no one|none|everyone|everybody|anyone|anybody|all|each|any (?:person|user|one)|niemand\w*|jeder|"
    r"alle)\b|"
    r"^\W*(?:never|do not|don't|you|always|must)\b"
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
