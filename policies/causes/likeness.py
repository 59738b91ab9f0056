"""Which earlier messages say nearly the same: words weighted by how rare they are in the prompt's own traffic."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MOST_TERMS = 4_000
NEAREST = 15
NEAR_IDENTICAL = 0.7
"""Cosine from which on two messages count as the same but for names, numbers and politeness."""

STRIDE = 61
"""How far the places are apart at which neighbouring rows begin to choose among equals."""

_TERM = re.compile(r"[^\W\d_]+")
# Ideographs, kana and hangul are written without spaces: pairs of characters stand in for words there.
_DENSE = re.compile(r"[⺀-鿿가-힯豈-﫿]{2,}")


def terms_of(text: str) -> list[str]:
    """Words of a text, case folded, without numbers; pairs of characters where a script has no spaces."""
    words: list[str] = _TERM.findall(text.casefold())
    dense = [run[i : i + 2] for run in _DENSE.findall(text) for i in range(len(run) - 1)]
    return [*(w for w in words if not _DENSE.fullmatch(w)), *dense]


class Likeness:
    """Nearest neighbours of texts among earlier texts; everything is computed when it is first asked for.

    Vectors are unit length, of words that occur in two texts at least, each weighted by its inverse document frequency.
    """

    def __init__(self, earlier: Sequence[str], later: Sequence[str]) -> None:
        self._earlier, self._later = [terms_of(t) for t in earlier], [terms_of(t) for t in later]

    @cached_property
    def _weights(self) -> dict[str, tuple[int, float]]:
        counts: Counter[str] = Counter()
        for words in [*self._earlier, *self._later]:
            counts.update(set(words))
        total = len(self._earlier) + len(self._later)
        # A word of a single text can never match, but it makes the text unlike all others: one column stands for all.
        common = [(w, n) for w, n in counts.most_common(MOST_TERMS) if n > 1]
        return {w: (i, math.log((total + 1) / n)) for i, (w, n) in enumerate(common)}

    @cached_property
    def _usually_lone(self) -> int:
        """How many words of a text usually occur in no other: names and the like, which tell nothing."""
        counts = sorted(sum(w not in self._weights for w in set(words)) for words in self._earlier)
        return counts[len(counts) // 2] if counts else 0

    def _matrix(self, texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), len(self._weights)), dtype=np.float32)
        lone = math.log(len(self._earlier) + len(self._later) + 1)
        lengths = np.zeros(len(texts), dtype=np.float32)
        for row, words in enumerate(texts):
            known = [self._weights[word] for word in set(words) if word in self._weights]
            for column, weight in known:
                rows[row, column] = weight
            strange = max(len(set(words)) - len(known) - self._usually_lone, 0)
            lengths[row] = sum(weight * weight for _, weight in known) + strange * lone * lone
        rows /= np.sqrt(np.maximum(lengths, 1e-9))[:, None]
        return rows

    @cached_property
    def _early_matrix(self) -> NDArray[np.float32]:
        return self._matrix(self._earlier)

    def _nearest(self, rows: NDArray[np.float32], *, own: bool) -> list[list[tuple[int, float]]]:
        found: list[list[tuple[int, float]]] = []
        for at in range(0, len(rows), 256):
            like = rows[at : at + 256] @ self._early_matrix.T
            if own:  # a text is not its own neighbour
                like[np.arange(len(like)), np.arange(at, at + len(like))] = -1.0
            for row, columns in enumerate(_largest(like, at)):
                pairs = [(int(c), float(like[row, c])) for c in columns if like[row, c] > 0]
                found.append(sorted(pairs, key=lambda p: (-p[1], p[0])))
        return found

    @cached_property
    def of_later(self) -> list[list[tuple[int, float]]]:
        """For every later text its nearest earlier ones: (index, cosine), nearest first."""
        return self._nearest(self._matrix(self._later), own=False) if self._earlier else [[] for _ in self._later]

    @cached_property
    def of_earlier(self) -> list[list[tuple[int, float]]]:
        """The same for every earlier text among the others."""
        return self._nearest(self._early_matrix, own=True) if len(self._earlier) > 1 else [[] for _ in self._earlier]


def alike(one: str, other: str) -> bool:
    """Whether two free answers share nearly all of their words (Jaccard similarity of 0.7 and more)."""
    a, b = set(terms_of(one)), set(terms_of(other))
    return bool(a | b) and len(a & b) / len(a | b) >= 0.7


def _largest(like: NDArray[np.float32], first: int) -> NDArray[np.int64]:
    """Columns of the largest cosines of each row, the same on every machine.

    Many messages are the same but for a number: among equals each row begins to choose at another place, so that no
    earlier message speaks for all. first: number of the first row. Cosines count to five digits, as the last ones
    depend on the processor.
    """
    count = like.shape[1]
    begin = (np.arange(first, first + len(like)) * STRIDE) % count
    columns = (np.arange(count)[None, :] + begin[:, None]) % count
    order = np.argsort(-np.round(np.take_along_axis(like, columns, axis=1), 5), axis=1, kind="stable")[:, :NEAREST]
    return np.take_along_axis(columns, order, axis=1)
