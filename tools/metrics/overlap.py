"""Metrics `rouge` and `bleu`: how much of the expected text's wording the answer shares. Of the extra `metrics`."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

from library.datasets import Item
from library.errors import InputError
from tools.metrics.folding import words
from tools.metrics.judgement import Judgement, expected_of, revision_of

LONGEST = 20_000
"""Characters of each text that are compared: the longest common subsequence takes time with the square of it."""


def require(module: str, metric: str) -> None:
    """Raise InputError, naming the extra, when the library behind a metric is not installed."""
    if find_spec(module) is None:
        raise InputError(
            f"metric '{metric}' needs the library {module}, which is not installed",
            f"metric {metric}",
            "Install promptkeeper[metrics].",
        )


class _Words:
    """A tokenizer for rouge-score, whose own one knows the letters a to z only."""

    def tokenize(self, text: str) -> list[str]:
        """See `folding.words`."""
        return words(text)


@cache
def _rouge(kind: str) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([kind], tokenizer=_Words())


@cache
def _bleu(tokenize: str, lowercase: bool) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenize, lowercase=lowercase, effective_order=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rouge:
    """ROUGE of the answer against the expected text (Lin 2004), by rouge-score; words are folded, not stemmed.

    kind: single words, pairs, or the longest common subsequence. measure: F1, precision (nothing superfluous) or
    recall (nothing missing).
    """

    kind: Literal["rouge1", "rouge2", "rougeL"] = "rougeL"
    measure: Literal["f1", "precision", "recall"] = "f1"

    name = "rouge"
    needs_expected = True
    off_loop = True

    def __post_init__(self) -> None:
        require("rouge_score", self.name)

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Score the answer."""
        said = _rouge(self.kind).score(expected_of(item, self.name)[:LONGEST], output[:LONGEST])[self.kind]
        score = {"f1": said.fmeasure, "precision": said.precision, "recall": said.recall}[self.measure]
        return Judgement(score=min(1.0, float(score)), reason=f"{self.kind} {self.measure} {score:.3f}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bleu:
    """Sentence BLEU of the answer against the expected text (Papineni et al. 2002), by sacrebleu, scaled into [0, 1].

    Exponential smoothing, effective order: short texts are not 0 for want of four-word runs. tokenize: sacrebleu's
    `13a`, `intl`, `zh` or `char`. It was made for corpora; of single answers it is a rough measure.
    """

    tokenize: Literal["13a", "intl", "zh", "char"] = "13a"
    lowercase: bool = False

    name = "bleu"
    needs_expected = True
    off_loop = True

    def __post_init__(self) -> None:
        require("sacrebleu", self.name)

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Score the answer."""
        expected = [expected_of(item, self.name)[:LONGEST]]
        score = _bleu(self.tokenize, self.lowercase).sentence_score(output[:LONGEST], expected).score / 100.0
        return Judgement(score=min(1.0, max(0.0, float(score))), reason=f"BLEU {score:.3f}")
