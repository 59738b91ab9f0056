"""Paired differences as observations: one per item, or one per group of items that belong together."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GroupSum:
    """The differences of one group: their sum in score units, and how many there are."""

    total: float
    size: int


def group_sums(differences: Sequence[float], groups: Sequence[Hashable] | None) -> list[GroupSum]:
    """One sum per group, in order of first appearance; without keys, or under a key of None or "", one per difference.

    Items of one conversation, document or customer tend to change together. Counted one by one they look like more
    evidence than they are.
    """
    if groups is None or all(key in {None, ""} for key in groups):
        return [GroupSum(d, 1) for d in differences]
    members: dict[Hashable, list[float]] = {}
    for place, (difference, key) in enumerate(zip(differences, groups, strict=True)):
        members.setdefault(("alone", place) if key in {None, ""} else ("group", key), []).append(difference)
    return [GroupSum(math.fsum(values), len(values)) for values in members.values()]


def distinct(sums: Sequence[GroupSum]) -> list[tuple[GroupSum, int]]:
    """Every different observation and how often it occurs, in order; equal to nine digits is equal.

    Equal observations are drawn together: the same law, and with a handful of grades a hundredth of the work.
    """
    counts = Counter((round(g.total, 9), g.size) for g in sums)
    return [(GroupSum(total, size), count) for (total, size), count in sorted(counts.items())]


def is_binary(sums: Sequence[GroupSum]) -> bool:
    """Whether every observation is a single item that was won, lost or left as it was."""
    return all(g.size == 1 and abs(g.total) in {0.0, 1.0} for g in sums)
