"""In steps or at once: whether a prompt has the live traffic by which a staged release can be judged in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Literal

from library.errors import InputError
from library.store.stores import Library
from policies.rulebook import ReleaseRules
from tools.metrics.shape import weight_of

Wish = Literal["rulebook", "staged", "at_once"]
"""What the reviewer wants: as the rulebook says, in steps, or at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a version goes out. steps: shares in percent, none when the label moves at once; said: why, in one line."""

    steps: tuple[int, ...]
    said: str


def plan(library: Library, rules: ReleaseRules, prompt: str, *, wish: Wish = "rulebook", now: datetime) -> Plan:
    """In steps where that is asked for, or where the steps can be judged within `max_days`; else at once."""
    if wish == "at_once":
        return Plan(steps=(), said="released at once, as the reviewer chose")
    if wish == "staged" or rules.staged == "always":
        return Plan(steps=_staged(rules), said=f"released in steps of {_said(rules.steps)} %")
    if rules.staged == "never" or not rules.shares:
        return Plan(steps=(), said="released at once, as the rulebook says")
    needed = rules.needed_calls
    most = ceil(needed * rules.live_days / rules.max_days)
    since = now - timedelta(days=rules.live_days)
    names = tuple(deciding_names(library.prompts.get(prompt).metrics))
    seen = library.canaries.live_scored(prompt, names, since=since, until=now, most=most)
    daily = seen / rules.live_days
    if seen < most:
        return Plan(steps=(), said=f"released at once: {_arithmetic(rules, daily)}")
    said = f"{rules.live_days} days brought {seen} scored calls or more"
    return Plan(steps=rules.steps, said=f"released in steps of {_said(rules.steps)} %: the last {said}")


def _staged(rules: ReleaseRules) -> tuple[int, ...]:
    if not rules.shares:
        raise InputError("the rulebook has no step below 100 %", "release.steps", "Give some, or release at once.")
    return rules.steps


def _arithmetic(rules: ReleaseRules, daily: float) -> str:
    steps = f"steps of {rules.min_scores} scored calls at {_said(rules.shares)} %"
    if daily <= 0:
        return f"no scored calls in the last {rules.live_days} days; {steps} could never be judged"
    days = rules.needed_calls / daily
    rate = f"{daily:.0f}" if daily >= 10 else f"{daily:.1f}"
    return f"{rate} scored calls a day; {steps} would take {days:.0f} days, and at most {rules.max_days} are allowed"


def _said(percents: tuple[int, ...]) -> str:
    if len(percents) == 1:
        return str(percents[0])
    return ", ".join(str(p) for p in percents[:-1]) + f" and {percents[-1]}"


def deciding_names(metrics: tuple[Mapping[str, Any], ...]) -> list[str]:
    """Names of the scores that may carry a release on, the one that counts most first."""
    weights = [weight_of(spec) for spec in metrics]
    if all(weight is None for weight in weights):
        return [score_name(metrics[0])]
    counting = [(weight, spec) for weight, spec in zip(weights, metrics, strict=True) if weight]
    return [score_name(spec) for _, spec in sorted(counting, key=lambda one: -one[0])]


def score_name(spec: Mapping[str, Any]) -> str:
    """What the scores of a metric are called."""
    aspect = spec.get("aspect") or spec.get("preset")
    return f"{spec['name']}.{aspect}" if aspect else str(spec["name"])
