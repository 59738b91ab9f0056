"""Metric `contains`: the answer holds a text."""

from dataclasses import dataclass

from library.datasets import Item
from tools.metrics.judgement import Judgement, expected_of, revision_of, right, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """1 when the answer contains `text`, or the expected answer where no text is given; case counts only on request."""

    text: str | None = None
    case_sensitive: bool = False

    name = "contains"

    @property
    def needs_expected(self) -> bool:
        """Only without a text of its own."""
        return self.text is None

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Look for the text in the answer."""
        wanted = (expected_of(item, self.name) if self.text is None else self.text).strip()
        found = wanted in output if self.case_sensitive else wanted.casefold() in output.casefold()
        return right("found") if found else wrong("the text is not in the answer")
