"""Metric `grounded_overlap`: how much of the answer is made of the context's words. Lexical: it knows no meaning."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from library.datasets import Item
from library.errors import InputError
from tools.metrics.folding import words
from tools.metrics.judgement import Judgement, revision_of

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
SHORT = 3
"""Words below this length count only as numbers: most of them ("the", "of") occur in every text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundedOverlap:
    """The share of the answer's sentences of whose words at least `least` stand in the inputs named by `context`.

    Numbers must stand there as they are: a sentence with a number of its own is not grounded. No sentence with words
    in it: 1, as nothing is claimed. "Not" moves no word, so a denial of the context counts as grounded: where that
    matters, ask the judge (preset `grounded`).
    """

    context: list[str]
    least: float = 0.6

    name = "grounded_overlap"
    needs_expected = False

    def __post_init__(self) -> None:
        if not self.context or not 0 < self.least <= 1:
            raise InputError(
                "no context is named, or least is not above 0 and up to 1", "metric grounded_overlap", "Correct it."
            )

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Look each sentence's words up in the context."""
        missing = [name for name in self.context if name not in item.inputs]
        if missing:
            raise InputError(
                f"item {item.id} has no input {', '.join(missing)}", "metric grounded_overlap context", "Correct it."
            )
        known = frozenset(word for name in self.context for word in words(item.inputs[name]))
        sentences = [(text, own) for text in _SENTENCE.split(output) if (own := _telling(words(text)))]
        loose = [text for text, own in sentences if not self._grounded(own, known)]
        if not loose:
            return Judgement(score=1.0, reason="every sentence stands on the context's words")
        first = " ".join(loose[0].split())[:200]
        return Judgement(score=1 - len(loose) / len(sentences), reason=f"not in the context: {first}")

    def _grounded(self, own: list[str], known: frozenset[str]) -> bool:
        if any(any(c.isdigit() for c in word) and word not in known for word in own):
            return False
        return sum(word in known for word in own) >= self.least * len(own)


def _telling(all_words: Iterable[str]) -> list[str]:
    return [w for w in all_words if len(w) >= SHORT or any(c.isdigit() or ord(c) > 0x2E7F for c in w)]
