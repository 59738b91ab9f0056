"""Is the candidate better than what is live? A verdict on pairs of scores of the same items."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from policies.rulebook import AcceptanceRules
from policies.significance import one_sided_p, paired_interval, pairs_needed

ComparisonVerdict = Literal["better", "inconclusive", "worse", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Scores of one item under both prompts; None where an outage left no score."""

    item_id: str
    segment: str | None
    baseline: float | None
    candidate: float | None


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

    n counts pairs with both scores, excluded those without; needed_n: pairs that would settle it, where known.
    """

    verdict: ComparisonVerdict
    reason: str
    n: int
    excluded: int
    baseline: float
    candidate: float
    gain: float
    low: float
    high: float
    p: float
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    needed_n: int | None
    segments: tuple[SegmentGain, ...]


def compare(pairs: Sequence[Pair], rules: AcceptanceRules, *, seed: int) -> Comparison:
    """Compare two prompts on the same items; pairs with an outage on either side are excluded and counted."""
    scored = [(p, p.baseline, p.candidate) for p in pairs if p.baseline is not None and p.candidate is not None]
    differences = [candidate - baseline for _, baseline, candidate in scored]
    n = len(scored)
    interval = paired_interval(differences, seed=seed)
    p_value = one_sided_p(differences, seed=seed)
    gain = math.fsum(differences) / n if n else 0.0
    needed = pairs_needed(differences, max(gain, rules.min_effect), alpha=rules.alpha)
    verdict, reason = _verdict(len(pairs), n, gain, interval.low, interval.high, p_value, needed, rules)
    return Comparison(
        verdict=verdict,
        reason=reason,
        n=n,
        excluded=len(pairs) - n,
        baseline=math.fsum(b for _, b, _ in scored) / n if n else 0.0,
        candidate=math.fsum(c for _, _, c in scored) / n if n else 0.0,
        gain=gain,
        low=interval.low,
        high=interval.high,
        p=p_value,
        fixed=tuple(p.item_id for p, b, c in scored if c > b),
        broken=tuple(p.item_id for p, b, c in scored if c < b),
        needed_n=needed if verdict == "inconclusive" and gain > 0 else None,
        segments=_by_segment([(p.segment or "other", c - b) for p, b, c in scored], seed),
    )


def _verdict(
    asked: int, n: int, gain: float, low: float, high: float, p: float, needed: int | None, rules: AcceptanceRules
) -> tuple[ComparisonVerdict, str]:
    lost = asked - n
    if asked and lost > rules.max_excluded * asked:
        return "void", f"{lost} of {asked} pairs were lost to outages; the comparison says nothing"
    if n < rules.min_pairs:
        return "inconclusive", f"{n} pairs prove nothing; at least {rules.min_pairs} are needed"
    if p <= rules.alpha and low > 0 and gain >= rules.min_effect:
        return "better", f"gain {gain:+.3f} on {n} pairs (95 % {low:+.3f} to {high:+.3f}, p = {p:.2g})"
    if high < 0:
        return "worse", f"loss {gain:+.3f} on {n} pairs (95 % {low:+.3f} to {high:+.3f})"
    found = f"gain {gain:+.3f} on {n} pairs is not proven (95 % {low:+.3f} to {high:+.3f}, p = {p:.2g})"
    if 0 < gain < rules.min_effect:
        return "inconclusive", f"{found}: less than the smallest gain worth a change, {rules.min_effect:g}"
    # The number supposes that the gain is what it seems; where nothing was gained it would settle nothing.
    more = f"; about {needed} pairs would settle it" if gain > 0 and needed and needed > n else ""
    return "inconclusive", found + more


def _by_segment(differences: Sequence[tuple[str, float]], seed: int) -> tuple[SegmentGain, ...]:
    groups: dict[str, list[float]] = {}
    for segment, difference in differences:
        groups.setdefault(segment, []).append(difference)
    gains = []
    for segment, values in sorted(groups.items()):
        interval = paired_interval(values, seed=seed)
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
