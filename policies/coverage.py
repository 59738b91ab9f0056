"""Which examples tell most in few words: those that together show every way in which answers go wrong."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]{2,}")
TOPIC = 0.5  # weight of a word of the input beside one that sets the given answer apart from the expected one


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An example as far as it matters here."""

    text: str
    expected: str
    actual: str
    segment: str
    reason: str


def varied(cases: Sequence[Shown], limit: int) -> list[int]:
    """Places of at most `limit` cases, chosen greedily so that they differ in what went wrong; in order of choice.

    Each time the case with the highest sum of weights of its features, each halved for every chosen case that has it
    (greedy maximum coverage, Nemhauser, Wolsey and Fisher 1978). Equal sums: the earlier case.
    """
    features = _weighed(cases)
    left, seen, chosen = list(range(len(cases))), Counter[str](), list[int]()
    while left and len(chosen) < limit:
        best = max(left, key=lambda i: (round(sum(w / 2 ** seen[f] for f, w in features[i].items()), 9), -i))
        chosen.append(best)
        left.remove(best)
        seen.update(features[best].keys())
    return chosen


def _weighed(cases: Sequence[Shown]) -> list[dict[str, float]]:
    """Features with weights: what sets the answers apart, the segment, and words that some inputs share, not most."""
    texts = [_words(c.text) for c in cases]
    known = Counter(w for words in texts for w in words)
    shared = {w for w, n in known.items() if 2 <= n <= len(cases) / 2}
    return [
        {
            **{f"topic {w}": TOPIC / max(1, len(words & shared)) * 2 for w in words & shared},
            **{f"why {f}": 1.0 for f in _wrong(case)},
            f"segment {case.segment}": 1.0,
            f"answer {case.expected}": 1.0,
        }
        for case, words in zip(cases, texts, strict=True)
    ]


def _wrong(case: Shown) -> set[str]:
    wanted, given = _words(case.expected), _words(case.actual)
    return {*(f"lacks {w}" for w in wanted - given), *(f"has {w}" for w in given - wanted), *_words(case.reason)}


def _words(text: str) -> set[str]:
    return {w.casefold() for w in WORD.findall(text)}


def contrasting(failing: Sequence[Shown], passing: Sequence[Shown], limit: int) -> list[int]:
    """Places of passing cases, each the nearest to a failing one by the words of its input, each taken once."""
    texts = [_words(c.text) for c in passing]
    left, chosen = list(range(len(passing))), list[int]()
    wanted = [_words(case.text) for case in failing] or [set[str]()]
    while left and len(chosen) < limit:
        words = wanted[len(chosen) % len(wanted)]
        nearest = max(left, key=lambda i: (len(words & texts[i]) / max(1, len(words | texts[i])), -i))
        chosen.append(nearest)
        left.remove(nearest)
    return chosen
