"""What any metric may be given beside its own parameters: a name of its own, a direction, a weight, protection."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from library.datasets import Item
from library.errors import InputError
from tools.metrics.bill import OfCall
from tools.metrics.judged import NAME as JUDGE
from tools.metrics.judgement import Judgement, Metric

DIRECTIONS = ("higher", "lower")
SHARED = ("sample", "weight", "protected", "aspect", "direction")
"""Parameters of every metric; `sample` is the share of live traffic that online evaluation judges by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A prompt's metrics and what each one counts for.

    weights: by score name, adding up to 1; they make the one score in [0, 1] that counts. protected: names of the
    scores that may not get worse, whatever the others gain.
    """

    metrics: tuple[Metric, ...]
    weights: Mapping[str, float]
    protected: frozenset[str]


def panel_of(specs: Sequence[Mapping[str, Any]], metrics: Sequence[Metric]) -> Panel:
    """The panel of metrics opened from these specifications, in order; InputError for two of one name.

    Where none has a weight the first one alone counts, as ever; else those without a weight count nothing.
    """
    names = [metric.name for metric in metrics]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two metrics are named '{name}'", "metrics", 'Tell them apart: "aspect": "short word".')
    weights = {name: weight_of(spec) for name, spec in zip(names, specs, strict=True)}
    if all(weight is None for weight in weights.values()):
        weights[names[0]] = 1.0
    total = sum(weight or 0.0 for weight in weights.values())
    if total <= 0:
        raise InputError("no metric has a weight above 0", "metrics", "Give the one that counts a weight.")
    protected = frozenset(name for name, spec in zip(names, specs, strict=True) if spec.get("protected"))
    parts = {name: weight / total for name, weight in weights.items() if weight}
    return Panel(metrics=tuple(metrics), weights=parts, protected=protected)


def that_count(specs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that make the score that counts, and protected ones; the rest is for looking at."""
    weighted = any(weight_of(spec) for spec in specs)
    return [
        spec for at, spec in enumerate(specs) if (weight_of(spec) if weighted else at == 0) or spec.get("protected")
    ]


def weight_of(spec: Mapping[str, Any]) -> float | None:
    """The weight that a specification gives, None where it gives none; InputError for anything but a number from 0."""
    weight = spec.get("weight")
    if weight is None:
        return None
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0.0 <= weight <= 1e6:
        raise InputError(f"parameter 'weight' is {weight!r}", f"metric {spec['name']}", "Give a number from 0 up.")
    return float(weight)


def shaped(metric: Metric, spec: Mapping[str, Any]) -> Metric:
    """The metric with the name and direction that its specification asks for; InputError for a wrong word."""
    place = f"metric {spec['name']}"
    weight_of(spec)
    if not isinstance(spec.get("protected", False), bool):
        raise InputError("parameter 'protected' is not true or false", place, "Correct it.")
    direction, aspect = spec.get("direction", "higher"), spec.get("aspect", "")
    if direction not in DIRECTIONS:
        raise InputError(f"parameter 'direction' is {direction!r}", place, f"Use {' or '.join(DIRECTIONS)}.")
    if spec["name"] == JUDGE:
        if direction == "lower":
            raise InputError("a judge's grades cannot be turned", place, "Say in the rubric what is good.")
        return metric
    if not isinstance(aspect, str) or (aspect and not aspect.replace("_", "").replace("-", "").isalnum()):
        raise InputError(f"aspect {aspect!r} is not a name", place, "Use letters, digits, '_', '-'.")
    if direction == "higher" and not aspect:
        return metric
    if isinstance(metric, OfCall):
        return ShapedCall(metric, metric, aspect=aspect, turned=direction == "lower")
    return Shaped(metric, aspect=aspect, turned=direction == "lower")


class Shaped:
    """A metric under another name (`contains.price`), or turned round: 1 where it gives 0, and no format error then."""

    def __init__(self, metric: Metric, *, aspect: str, turned: bool) -> None:
        self._metric, self._turned = metric, turned
        self.name = f"{metric.name}.{aspect}" if aspect else metric.name
        self.needs_expected = metric.needs_expected
        self.off_loop = bool(getattr(metric, "off_loop", False))

    @property
    def revision(self) -> str:
        """The metric's own, marked where it is turned round."""
        return f"{self._metric.revision}-lower" if self._turned else self._metric.revision

    def judge(self, output: str, item: Item) -> Judgement | Awaitable[Judgement]:
        """See `Metric`."""
        said = self._metric.judge(output, item)
        if isinstance(said, Judgement):
            return self._turn(said)
        return self._later(said)

    async def _later(self, said: Awaitable[Judgement]) -> Judgement:
        return self._turn(await said)

    def _turn(self, said: Judgement) -> Judgement:
        if not self._turned or said.score is None:
            return said
        return replace(said, score=1.0 - said.score, kind="scored")


class ShapedCall(Shaped):
    """The same for a metric that looks at the call."""

    def __init__(self, metric: Metric, of_call: OfCall, *, aspect: str, turned: bool) -> None:
        super().__init__(metric, aspect=aspect, turned=turned)
        self._of_call = of_call

    def judge_call(self, *, latency_ms: float, cost: float | None) -> Judgement:
        """See `OfCall`."""
        return self._turn(self._of_call.judge_call(latency_ms=latency_ms, cost=cost))
