"""What a metric is: something that looks at one answer and judges it."""

import hashlib
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Protocol

from library.datasets import Item
from library.errors import InputError
from library.prompts import canonical_json

JudgementKind = Literal["scored", "refused", "format_error", "judge_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A score in [0, 1] and why. kind `judge_error`: the metric itself failed, and score is None."""

    score: float | None
    kind: JudgementKind = "scored"
    reason: str = ""


class Metric(Protocol):
    """Judges answers. revision changes whenever equal answers might get another score; revisions share no trend.

    needs_expected: it compares with the item's expected answer, so it cannot score traffic that has none.
    `judge` may be a coroutine function, as it is for a metric that asks a model.
    """

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def needs_expected(self) -> bool: ...

    def judge(self, output: str, item: Item) -> Judgement | Awaitable[Judgement]:
        """The judgement of one answer; ProviderError from a model that was asked, InputError for an unfit item."""


def right(reason: str = "") -> Judgement:
    """Full marks."""
    return Judgement(score=1.0, reason=reason)


def wrong(reason: str) -> Judgement:
    """No marks."""
    return Judgement(score=0.0, reason=reason)


def misformatted(reason: str) -> Judgement:
    """No marks, because the answer is not in the format it must have."""
    return Judgement(score=0.0, kind="format_error", reason=reason)


def failed(reason: str) -> Judgement:
    """The metric could not judge; the answer is neither good nor bad."""
    return Judgement(score=None, kind="judge_error", reason=reason)


def expected_of(item: Item, metric: str) -> str:
    """The item's expected answer, or InputError naming the item and the metric that needs it."""
    if item.expected is None:
        raise InputError(
            f"metric '{metric}' needs an expected answer and item {item.id} has none",
            f"dataset {item.dataset}",
            "Add the expected answer, or use a metric that needs none.",
        )
    return item.expected


def revision_of(metric: Any, algorithm: int) -> str:
    """`1` with default parameters, `1-3fa29c01` with others: the number of the algorithm and a hash of what was set."""
    defaults = {f.name: f.default for f in fields(metric)}
    own = {key: value for key, value in asdict(metric).items() if value != defaults[key]}
    if not own:
        return str(algorithm)
    return f"{algorithm}-{hashlib.sha256(canonical_json(own).encode()).hexdigest()[:8]}"
