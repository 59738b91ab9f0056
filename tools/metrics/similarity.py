"""Metric `similarity`: the answer's vector points where the expected answer's does."""

from dataclasses import dataclass
from functools import cache

from library.datasets import Item
from library.errors import InputError
from tools.embeddings import Embedding, open_embedding
from tools.metrics.judgement import Judgement, expected_of, revision_of

LOCAL = ("lexical", "chroma-default")
FOLDER = "folder:"
LONGEST = 20_000  # characters of each text that are read


@cache
def _opened(name: str) -> Embedding:
    return open_embedding(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """The cosine of both texts' embeddings, negative ones as 0; with `least`, 1 from there up and else 0.

    embedding: as `[memory] embedding`, models that run here only: a call to a provider would be paid outside of the
    ledger. The built-in `lexical` compares spelling, not meaning.
    """

    embedding: str = "lexical"
    least: float | None = None

    name = "similarity"
    needs_expected = True
    off_loop = True

    def __post_init__(self) -> None:
        if self.embedding not in LOCAL and not self.embedding.startswith(FOLDER):
            raise InputError(
                f"embedding '{self.embedding}' does not run here",
                "metric similarity",
                f"Use {', '.join(LOCAL)} or {FOLDER}PATH.",
            )
        if self.least is not None and not 0 < self.least <= 1:
            raise InputError(f"least is {self.least}", "metric similarity", "Give a number above 0, up to 1.")

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Embed both texts and compare."""
        said, wanted = _opened(self.embedding).embed([output[:LONGEST], expected_of(item, self.name)[:LONGEST]])
        lengths = sum(a * a for a in said) * sum(b * b for b in wanted)
        cosine = sum(a * b for a, b in zip(said, wanted, strict=True)) / lengths**0.5 if lengths else 0.0
        score = min(1.0, max(0.0, cosine))
        if self.least is not None:
            score = float(score + 1e-9 >= self.least)
        return Judgement(score=score, reason=f"similarity {cosine:.3f}")
