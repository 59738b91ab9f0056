"""Is the candidate better than what is live, or at least no worse? A verdict on pairs of scores of the same items."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from policies.paired import group_sums
from policies.rulebook import AcceptanceRules
from policies.significance import margin_p, one_sided_p, paired_interval, pairs_needed

Goal = Literal["gain", "non_inferior"]
"""What a candidate must show: that it gains, or, for a shorter text or another model, that it loses no more than the
margin."""

ComparisonVerdict = Literal["better", "non_inferior", "inconclusive", "worse", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Scores of one item under both prompts, more is better; None where an outage left no score.

    Of a metric that varies, each side is the mean of its repetitions (`mean_score`). group: items with the same key
    count as one observation; None or "" stands alone.
    """

    item_id: str
    segment: str | None
    baseline: float | None
    candidate: float | None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentGain:
    """Mean paired gain in one segment with its 95 % interval."""

    segment: str
    n: int
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A paired comparison. gain = candidate - baseline in score units, 95 % interval; p one-sided.

    n counts pairs with both scores, excluded those without, groups independent observations among the n. p is that of
    the goal: against no gain, or against a loss of the margin; alpha: the error it was held against. needed_n: pairs in
    all, not on top of these, that would settle it, where known.
    """

    verdict: ComparisonVerdict
    reason: str
    goal: Goal
    n: int
    groups: int
    excluded: int
    baseline: float
    candidate: float
    gain: float
    low: float
    high: float
    p: float
    alpha: float
    margin: float
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    needed_n: int | None
    segments: tuple[SegmentGain, ...]


def compare(
    pairs: Sequence[Pair], rules: AcceptanceRules, *, seed: int, goal: Goal = "gain", alpha: float | None = None
) -> Comparison:
    """Compare two prompts on the same items; pairs with an outage on either side are excluded and counted.

    The score is the one that counts (of several weighted metrics, their weighted mean); protected ones are looked at
    on their own (`policies.protected_metrics`). alpha: the error granted to this look (`policies.alpha_spending`),
    the rulebook's where None.
    """
    scored = [(p, p.baseline, p.candidate) for p in pairs if p.baseline is not None and p.candidate is not None]
    n = len(scored)
    differences = [(p.segment or "other", c - b, p.group) for p, b, c in scored]
    seen = _look(differences, rules, seed, goal, rules.alpha if alpha is None else alpha)
    verdict, reason = _verdict(len(pairs), seen, goal, rules)
    return Comparison(
        verdict=verdict,
        reason=reason,
        goal=goal,
        n=n,
        groups=seen.groups,
        excluded=len(pairs) - n,
        baseline=math.fsum(b for _, b, _ in scored) / n if n else 0.0,
        candidate=math.fsum(c for _, _, c in scored) / n if n else 0.0,
        gain=seen.gain,
        low=seen.low,
        high=seen.high,
        p=seen.p,
        alpha=seen.alpha,
        margin=rules.margin if goal == "non_inferior" else 0.0,
        fixed=tuple(p.item_id for p, b, c in scored if c > b),
        broken=tuple(p.item_id for p, b, c in scored if c < b),
        needed_n=seen.needed if verdict == "inconclusive" else None,
        segments=_by_segment(differences, seen, seed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The figures of a comparison that its verdict is read from."""

    n: int
    groups: int
    gain: float
    low: float
    high: float
    p: float
    alpha: float
    needed: int | None

    @property
    def figures(self) -> str:
        """Interval and p in words."""
        return f"95 % {self.low:+.3f} to {self.high:+.3f}, p = {self.p:.2g}"


def _look(
    differences: Sequence[tuple[str, float, str | None]], rules: AcceptanceRules, seed: int, goal: Goal, alpha: float
) -> _Seen:
    changes, keys = [change for _, change, _ in differences], [key for _, _, key in differences]
    gain = math.fsum(changes) / len(changes) if changes else 0.0
    interval = paired_interval(changes, groups=keys, seed=seed)
    if goal == "gain":
        p_value, effect = one_sided_p(changes, groups=keys, seed=seed), max(gain, rules.min_effect) if gain > 0 else 0.0
    else:
        p_value, effect = margin_p(changes, rules.margin, groups=keys, seed=seed), gain + rules.margin
    return _Seen(
        n=len(changes),
        groups=len(group_sums(changes, keys)),
        gain=gain,
        low=interval.low,
        high=interval.high,
        p=p_value,
        alpha=alpha,
        # The number supposes that the gain is what it seems; where nothing was gained it would settle nothing.
        needed=pairs_needed(changes, effect, alpha=alpha, power=rules.power, groups=keys),
    )


def _verdict(asked: int, seen: _Seen, goal: Goal, rules: AcceptanceRules) -> tuple[ComparisonVerdict, str]:
    lost = asked - seen.n
    if asked and lost > rules.max_excluded * asked:
        return "void", f"{lost} of {asked} pairs were lost to outages; the comparison says nothing"
    if seen.groups < rules.min_pairs:
        related = "" if seen.groups == seen.n else f" in {seen.groups} groups"
        return "inconclusive", f"{seen.n} pairs{related} prove nothing; at least {rules.min_pairs} are needed"
    shown = seen.p <= seen.alpha
    if goal == "gain" and shown and seen.low > 0 and seen.gain >= rules.min_effect:
        return "better", f"gain {seen.gain:+.3f} on {seen.n} pairs ({seen.figures})"
    if goal == "non_inferior" and shown and seen.low > -rules.margin:
        return "non_inferior", (
            f"change {seen.gain:+.3f} on {seen.n} pairs: a loss of {rules.margin:g} is ruled out ({seen.figures})"
        )
    if seen.high < 0:
        return "worse", f"loss {seen.gain:+.3f} on {seen.n} pairs (95 % {seen.low:+.3f} to {seen.high:+.3f})"
    return "inconclusive", _not_shown(seen, goal, rules)


def _not_shown(seen: _Seen, goal: Goal, rules: AcceptanceRules) -> str:
    if goal == "gain":
        found = f"gain {seen.gain:+.3f} on {seen.n} pairs is not proven ({seen.figures})"
        if 0 < seen.gain < rules.min_effect:
            return f"{found}: less than the smallest gain worth a change, {rules.min_effect:g}"
    else:
        found = f"change {seen.gain:+.3f} on {seen.n} pairs: a loss of {rules.margin:g} is not ruled out"
        found = f"{found} ({seen.figures})"
    if seen.alpha < rules.alpha and seen.p <= rules.alpha:
        found += f"; of all looks in this prompt's life this one asks for a p of at most {seen.alpha:.2g}"
    if seen.needed and seen.needed > seen.n:
        found += f"; about {seen.needed} pairs in all would settle it"
    return found


def mean_score(scores: Sequence[float | None]) -> float | None:
    """The score of one item over its repetitions; None when more than half of them were lost."""
    known = [s for s in scores if s is not None]
    return math.fsum(known) / len(known) if 2 * len(known) >= max(1, len(scores)) else None


def _by_segment(
    differences: Sequence[tuple[str, float, str | None]], whole: _Seen, seed: int
) -> tuple[SegmentGain, ...]:
    rows: dict[str, list[tuple[float, str | None]]] = {}
    for segment, difference, key in differences:
        rows.setdefault(segment, []).append((difference, key))
    if len(rows) == 1:
        (name,) = rows
        return (SegmentGain(segment=name, n=whole.n, gain=whole.gain, low=whole.low, high=whole.high),)
    gains = []
    for segment, members in sorted(rows.items()):
        values = [difference for difference, _ in members]
        interval = paired_interval(values, groups=[key for _, key in members], seed=seed)
        mean = math.fsum(values) / len(values)
        gains.append(SegmentGain(segment=segment, n=len(values), gain=mean, low=interval.low, high=interval.high))
    return tuple(gains)


def golden_loss(pairs: Sequence[Pair], rules: AcceptanceRules) -> str | None:
    """Why the candidate may not pass because of data that existed before: mean loss above the rule; None when fine."""
    scored = [p for p in pairs if p.baseline is not None and p.candidate is not None]
    if len(scored) < (1 - rules.max_excluded) * len(pairs):
        return f"{len(pairs) - len(scored)} of {len(pairs)} golden pairs were lost to outages"
    total = math.fsum((p.candidate or 0.0) - (p.baseline or 0.0) for p in scored)
    if scored and total / len(scored) < -rules.max_golden_loss:
        return f"golden score falls by {-total / len(scored):.3f} on {len(scored)} items"
    return None


def broken_anchors(pairs: Sequence[Pair], passing: float = 1.0) -> tuple[str, ...]:
    """Anchor items that the candidate does not pass though the live prompt does (or that could not be judged)."""
    return tuple(
        p.item_id
        for p in pairs
        if p.candidate is None or (p.candidate < passing and (p.baseline is None or p.baseline >= passing))
    )


def to_json(comparison: Comparison) -> Mapping[str, object]:
    """Plain JSON of a comparison, for the packet and the attempt."""
    plain: dict[str, object] = {name: getattr(comparison, name) for name in Comparison.__slots__}
    plain["fixed"], plain["broken"] = list(comparison.fixed), list(comparison.broken)
    plain["segments"] = [{name: getattr(s, name) for name in SegmentGain.__slots__} for s in comparison.segments]
    return plain
