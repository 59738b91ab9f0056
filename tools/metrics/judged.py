"""Metric `judge`: a model grades the answer by a rubric. Here is what it is asked; `tools.judge` asks it."""

from dataclasses import dataclass

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, revision_of

NAME = "judge"
ALGORITHM = 1
USUAL = "The answer does what the task asks for: it is correct, complete, and invents nothing."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The judge's grade, scaled into [0, 1].

    rubric: what a good answer is, in plain words. grades: how many there are, 2 (bad or good) to 11. aspect: tells
    several rubrics of one prompt apart; its scores are named `judge.<aspect>`.
    """

    rubric: str = USUAL
    grades: int = 5
    aspect: str = ""

    needs_expected = False

    def __post_init__(self) -> None:
        if not self.rubric.strip():
            raise InputError("the rubric is empty", "metric judge", "Say what a good answer is.")
        if not 2 <= self.grades <= 11:
            raise InputError(f"{self.grades} grades", "metric judge", "Use 2 to 11.")
        if self.aspect and not self.aspect.replace("_", "").replace("-", "").isalnum():
            raise InputError(f"aspect '{self.aspect}' is not a name", "metric judge", "Use letters, digits, '_', '-'.")

    @property
    def name(self) -> str:
        """`judge`, or `judge.<aspect>`."""
        return f"{NAME}.{self.aspect}" if self.aspect else NAME

    @property
    def revision(self) -> str:
        """Of the parameters alone; what is asked for real has a revision that also covers model and wording."""
        return revision_of(self, ALGORITHM)

    def judge(self, output: str, item: Item) -> Judgement:
        """InputError: without a model there is no grade."""
        raise InputError(
            f"metric '{self.name}' needs a judge, and none is set", "[models.judge] model", "Name a litellm model."
        )
