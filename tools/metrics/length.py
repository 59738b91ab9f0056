"""Metric `length`: the answer is neither too short nor too long."""

from dataclasses import dataclass

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, misformatted, revision_of, right


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """1 when the answer has `least` to `most` characters, white space around it not counted; else a format error."""

    least: int = 1
    most: int | None = None

    name = "length"
    needs_expected = False

    def __post_init__(self) -> None:
        if self.least < 0 or (self.most is not None and self.most < self.least):
            raise InputError(f"no answer has {self.least} to {self.most} characters", "metric length", "Correct it.")

    @property
    def revision(self) -> str:
        """See `Metric`."""
        return revision_of(self, 1)

    def judge(self, output: str, item: Item) -> Judgement:
        """Count the characters."""
        count = len(output.strip())
        if count < self.least or (self.most is not None and count > self.most):
            return misformatted(f"{count} characters")
        return right(f"{count} characters")
