"""Metric `normalised_match`: the answer is the expected one, case, spacing and punctuation aside."""

from dataclasses import dataclass

from library.datasets import Item
from tools.metrics.folding import folded
from tools.metrics.judgement import Judgement, expected_of, revision_of, right, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedMatch:
    """1 when answer and expected answer are equal once both are folded; each kind of folding can be turned off or on.

    case, space, punctuation: on; accents: off, since they often tell words apart. See `folding.folded`.
    """

    case: bool = True
    space: bool = True
    punctuation: bool = True
    accents: bool = False

    name = "normalised_match"
    needs_expected = True

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Fold both and compare."""
        same = self._folded(output) == self._folded(expected_of(item, self.name))
        return right("correct") if same else wrong("not the expected answer")

    def _folded(self, text: str) -> str:
        return folded(
            text.strip(), case=self.case, space=self.space, punctuation=self.punctuation, accents=self.accents
        )
