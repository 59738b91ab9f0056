"""Metric `exact_match`: the answer is the expected one."""

from dataclasses import dataclass

from library.datasets import Item
from tools.metrics.judgement import Judgement, expected_of, revision_of, right, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactMatch:
    """1 when answer and expected answer are equal without the white space around them; case counts only on request."""

    case_sensitive: bool = False

    name = "exact_match"
    needs_expected = True

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Compare with the expected answer."""
        answer, wanted = output.strip(), expected_of(item, self.name).strip()
        if not self.case_sensitive:
            answer, wanted = answer.casefold(), wanted.casefold()
        return right("correct") if answer == wanted else wrong("not the expected answer")
