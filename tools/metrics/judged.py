"""Metric `judge`: a model grades the answer by a rubric. Here is what it is asked; `tools.judge` asks it."""

from dataclasses import dataclass
from typing import Literal

from library.datasets import Item
from library.errors import InputError
from tools.metrics.judgement import Judgement, revision_of

NAME = "judge"
ALGORITHM = 1
USUAL = "The answer does what the task asks for: it is correct, complete, and invents nothing."
GROUNDED = (
    "Every statement of the answer is supported by {context}; go through the answer sentence by sentence. The best"
    " grade: each one is stated there or follows from it. The worst: none is, or one contradicts it. Between them: the"
    " share of sentences that are supported. Whether the answer is useful does not matter, nor what is true elsewhere."
    " The reason quotes the first sentence without support."
)
"""The rubric of the preset `grounded`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The judge's grade, scaled into [0, 1].

    rubric: what a good answer is, in plain words. grades: how many there are, 2 (bad or good) to 11. aspect: tells
    several rubrics of one prompt apart; its scores are named `judge.<aspect>`. preset `grounded`: whether the answer
    says only what the inputs named by `context` say (default: all of them); its aspect is `grounded` unless given.
    """

    rubric: str = USUAL
    grades: int = 5
    aspect: str = ""
    preset: Literal["", "grounded"] = ""
    context: list[str] | None = None

    needs_expected = False

    def __post_init__(self) -> None:
        if not self.rubric.strip():
            raise InputError("the rubric is empty", "metric judge", "Say what a good answer is.")
        if self.context is not None and not (self.preset and self.context):
            raise InputError(
                "a context belongs to the preset 'grounded'", "metric judge", "Name inputs, or leave it out."
            )
        if not 2 <= self.grades <= 11:
            raise InputError(f"{self.grades} grades", "metric judge", "Use 2 to 11.")
        if self.aspect and not self.aspect.replace("_", "").replace("-", "").isalnum():
            raise InputError(f"aspect '{self.aspect}' is not a name", "metric judge", "Use letters, digits, '_', '-'.")

    @property
    def name(self) -> str:
        """`judge`, or `judge.<aspect>`."""
        aspect = self.aspect or self.preset
        return f"{NAME}.{aspect}" if aspect else NAME

    @property
    def question(self) -> str:
        """The rubric that the judge is given."""
        if not self.preset:
            return self.rubric
        named = " and ".join(f"the input '{name}'" for name in self.context or ())
        asked = GROUNDED.format(context=named or "the inputs")
        return asked if self.rubric == USUAL else f"{asked}\n{self.rubric}"

    @property
    def revision(self) -> str:
        """Of the parameters alone; what is asked for real has a revision that also covers model and wording."""
        return revision_of(self, ALGORITHM)

    def judge(self, output: str, item: Item) -> Judgement:
        """InputError: without a model there is no grade."""
        raise without_judge(self.name)


def without_judge(name: str) -> InputError:
    """The error of a metric that needs a judge where none is set."""
    return InputError(
        f"metric '{name}' needs a judge, and none is set", "[models.judge] model", "Name a litellm model."
    )
