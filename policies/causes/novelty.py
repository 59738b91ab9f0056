"""Messages of kinds that hardly came before an onset: found by the words and pairs of words that only came with it."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from policies.causes.calls import Call
from policies.causes.likeness import NEAR_IDENTICAL, NEAREST, Likeness, terms_of

EARLIER_SHARE = 0.004  # a term in fewer earlier texts than this hardly came before
LATE_SHARE, TIMES = 0.01, 10
LEAST_TEXTS = 3
USUAL = 0.03  # share of the messages before that may look as strange as a new kind must
SURE = 4.0  # normal quantile: thousands of terms are compared at once
MOST_TERMS = 400


def grams(text: str) -> set[str]:
    """Distinct words of a text, and its pairs of neighbouring words."""
    words = terms_of(text)
    return {*(w for w in words if len(w) > 1), *(f"{a} {b}" for a, b in pairwise(words))}


def surely_commoner(inside: int, size: int, outside: int, other_size: int) -> float:
    """How surely a term is commoner inside, in normal quantiles: signed root of the likelihood ratio (Dunning 1993).

    Unlike the log-odds ratio over its standard error it stays sharp where the term never occurred outside.
    """
    if inside * other_size <= outside * size:
        return 0.0
    both, all_texts = inside + outside, size + other_size
    cells = [(inside, size, both), (outside, other_size, both)]
    cells += [(size - inside, size, all_texts - both), (other_size - outside, other_size, all_texts - both)]
    ratio = math.fsum(n * math.log(n * all_texts / (row * column)) for n, row, column in cells if n > 0)
    return math.sqrt(max(2 * ratio, 0.0))


def new_terms(after: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Words and pairs of words of `after` that hardly came before, surest first."""
    if not before:
        return ()
    inside, outside = _counts(after), _counts(before)
    found = []
    for term, count in inside.items():
        if count < LEAST_TEXTS or not _rare(outside[term] / len(before), count / len(after), 1 / len(before)):
            continue
        z = surely_commoner(count, len(after), outside[term], len(before))
        for word in term.split() if " " in term else ():
            # A pair of words is only new when it is so among the texts with either word: known words may come oftener.
            if outside[word]:
                z = min(z, surely_commoner(count, inside[word], outside[term], outside[word]))
        if z > SURE:
            found.append((-z, " " in term, term))
    return tuple(term for _, _, term in sorted(found)[:MOST_TERMS])


def _rare(earlier: float, now: float, one: float) -> bool:
    """Whether a share of the earlier texts counts as hardly any; one: the share of a single text.

    An onset that is dated a little late leaves a few texts of a new kind before it: ten times as many may come after.
    """
    return earlier < max(EARLIER_SHARE, one) or (earlier < LATE_SHARE and now >= TIMES * earlier)


def _counts(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(grams(text))
    return counts


def strangeness(after: Sequence[str], before: Sequence[str]) -> list[bool]:
    """Which texts hold more words that were never seen before than nearly all texts did when they came."""
    earlier = [set(terms_of(text)) for text in before]
    seen = Counter(word for words in earlier for word in words)
    usual = sorted(sum(seen[word] == 1 for word in words) for words in earlier)
    if not usual:
        return [False] * len(after)
    limit = usual[int((1 - USUAL) * (len(usual) - 1))]
    return [sum(word not in seen for word in set(terms_of(text))) > limit for text in after]


def novelty(
    before: Sequence[Call], after: Sequence[Call], likeness: Likeness, elsewhere: Sequence[Call]
) -> tuple[tuple[str, ...], list[bool]]:
    """(new terms, which calls after the onset are of a new kind). elsewhere: calls before it in other segments."""
    late, early = [c.text for c in after], [c.text for c in (*before, *elsewhere)]
    terms = new_terms(late, early)
    wanted, few = set(terms), max(1, min(NEAREST, round(LATE_SHARE * len(before))))
    return terms, [
        (is_strange or not wanted.isdisjoint(grams(text)))
        and not (len(near) >= few and near[few - 1][1] >= NEAR_IDENTICAL)
        for text, is_strange, near in zip(late, strangeness(late, early), likeness.of_later, strict=True)
    ]
