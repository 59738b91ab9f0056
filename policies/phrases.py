"""Words and pairs of words that tell some texts from others, fit to name them."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from policies.guardrails.word_lists import FUNCTION_WORDS

WORD = re.compile(r"[^\W\d_]{3,}")
TOGETHER = 0.5  # share of a word's texts in which it stands beside another one, from which the two are one phrase
FOCUS = (
    0.15  # nats; words spread over the groups of the traffic more evenly than this are the language's, not a topic's
)
ENOUGH = 12  # texts with a word, to know how it is spread
SURE = 2.0  # normal quantile of the log-odds ratio


def words_of(text: str) -> set[str]:
    """Distinct words of three letters and more, case folded."""
    return {w.casefold() for w in WORD.findall(text)}


def phrases_of(text: str) -> set[str]:
    """Distinct words that are no function words, and pairs of them that stand side by side."""
    found = [m for m in WORD.finditer(text) if m[0].casefold() not in FUNCTION_WORDS]
    pairs = (f"{a[0]} {b[0]}".casefold() for a, b in pairwise(found) if text[a.end() : b.start()] in {" ", "-"})
    return {*(m[0].casefold() for m in found), *pairs}


def spread_words(texts: Sequence[str], groups: Sequence[str]) -> frozenset[str]:
    """Words that are as common in every group of a prompt's traffic: they name nothing, in whatever language.

    The divergence of a word's groups from those of the traffic (Kullback and Leibler 1951), less its bias in small
    samples. Empty where there are fewer than three groups to compare.
    """
    sizes = Counter(groups)
    if len(sizes) < 3:
        return frozenset()
    found: dict[str, Counter[str]] = {}
    for text, group in zip(texts, groups, strict=True):
        for word in words_of(text):
            found.setdefault(word, Counter())[group] += 1
    return frozenset(w for w, c in found.items() if c.total() >= ENOUGH and _focus(c, sizes) < FOCUS)


def _focus(counts: Counter[str], sizes: Counter[str]) -> float:
    n, total = counts.total(), sizes.total()
    divergence = math.fsum(k / n * math.log(k / n * total / sizes[group]) for group, k in counts.items())
    return divergence - (len(sizes) - 1) / (2 * n)


def telling_words(
    texts: Sequence[str], others: Sequence[str], limit: int, *, least: int = 2, without: Collection[str] = ()
) -> tuple[str, ...]:
    """Words and pairs commoner in texts than in others, by the log-odds ratio with an added half (Haldane 1955).

    Surest first; a word that mostly stands in a pair is told as the pair. without: words that name nothing here.
    """
    inside, outside = _counts(texts), _counts(others)
    scored = []
    for term, count in inside.items():
        words = term.split()
        if count < least or any(w in without for w in words):
            continue
        if len(words) > 1 and count < TOGETHER * max(inside[w] for w in words):
            continue
        z = _log_odds_z(count, len(texts), outside[term], len(others))
        if z > SURE:
            scored.append((-z, -len(words), term))
    return _one_each([term for _, _, term in sorted(scored)], inside, limit)


def _one_each(ranked: Sequence[str], counts: Counter[str], limit: int) -> tuple[str, ...]:
    """No word twice; a pair takes the place of a word that mostly stands in it."""
    pairs = [t for t in ranked if " " in t]
    told: list[str] = []
    said: set[str] = set()
    for term in ranked:
        better = [p for p in pairs if term in p.split() and counts[p] >= TOGETHER * counts[term]]
        best = next((t for t in [*better, term] if said.isdisjoint(t.split())), None)
        if best is not None:
            told.append(best)
            said |= set(best.split())
    return tuple(told[:limit])


def _log_odds_z(inside: int, size: int, outside: int, other_size: int) -> float:
    a, b = inside + 0.5, size - inside + 0.5
    c, d = outside + 0.5, other_size - outside + 0.5
    return math.log(a * d / (b * c)) / math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _counts(texts: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(phrases_of(text))
    return counts


def new_words(
    after: Sequence[str], before: Sequence[str], limit: int = 8, *, without: Collection[str] = ()
) -> tuple[str, ...]:
    """Telling words of `after` that occur in fewer than 1 % of the texts before."""
    if not before:
        return ()
    earlier = _counts(before)
    telling = telling_words(after, before, 60, least=3, without=without)
    return tuple(w for w in telling if earlier[w] < 0.01 * len(before))[:limit]
