"""Who goes on in a race: paired outcomes on identical items, read while the race runs."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from policies.intervals import paired_interval, wilson

TIE = 1e-9

Call = Literal["on", "out", "wins"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a challenger stands against the leader so far. gain: mean paired difference over n pairs, with bounds.

    fixed and broken: ids of the items that it does better or worse on; total: score gained over all pairs.
    """

    n: int
    total: float
    gain: float
    low: float
    high: float
    fixed: tuple[str, ...]
    broken: tuple[str, ...]


def standing(
    leader: Mapping[str, float | None], challenger: Mapping[str, float | None], *, confidence: float, seed: int
) -> Standing:
    """Compare on the items that both have a score for. confidence: of the two-sided interval."""
    both = [(i, leader[i], s) for i, s in challenger.items() if s is not None and leader.get(i) is not None]
    differences = [score - (known or 0.0) for _, known, score in both]
    interval = paired_interval(differences, seed=seed, confidence=confidence)
    total = math.fsum(differences)
    return Standing(
        n=len(both),
        total=total,
        gain=total / len(both) if both else 0.0,
        low=interval.low,
        high=interval.high,
        fixed=tuple(i for (i, _, _), d in zip(both, differences, strict=True) if d > 0),
        broken=tuple(i for (i, _, _), d in zip(both, differences, strict=True) if d < 0),
    )


def shuffled(items: Sequence[tuple[str, str]], seed: int) -> list[str]:
    """Ids in an order that mixes the strata: in every prefix each stratum has about its share. items: (id, stratum).

    Random by a hash of seed and id, so that the order of an item does not depend on which others there are.
    """
    strata: dict[str, list[str]] = {}
    for item_id, stratum in items:
        strata.setdefault(stratum, []).append(item_id)
    placed: list[tuple[float, str]] = []
    for ids in strata.values():
        ids.sort(key=lambda i: _draw(seed, i))
        placed += [((rank + _draw(seed, i)) / len(ids), i) for rank, i in enumerate(ids)]
    return [i for _, i in sorted(placed)]


def _draw(seed: int, item_id: str) -> float:
    digest = hashlib.sha256(f"{seed}\x1f{item_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def most_to_gain(leader: Mapping[str, float | None], challenger: Mapping[str, float | None]) -> float:
    """The score that a challenger can still gain in all, were it right on every item that it has no score for.

    That an answer was lost to an outage says nothing against it.
    """
    so_far = math.fsum(s - (leader.get(i) or 0.0) for i, s in challenger.items() if s is not None)
    ahead = math.fsum(1.0 - s for i, s in leader.items() if s is not None and challenger.get(i) is None)
    return so_far + ahead


def within_reach(score: float, items: int, *, target: float, confidence: float) -> bool:
    """Whether a mean score over items is at the target as far as chance lets one see.

    It is when the upper bound of Wilson (1927) at this one-sided confidence reaches it; graded scores count as so many
    full ones.
    """
    if score >= target or not items:
        return score >= target
    return wilson(int(score * items + TIE), items, NormalDist().inv_cdf(confidence))[1] >= target


def call(now: Standing, *, ahead: float, min_gain: float, finished: bool) -> Call:
    """What becomes of a challenger. ahead: `most_to_gain`; min_gain: score it must gain in all; finished: no item left.

    Out as soon as not even perfect answers would help; a winner once the lower bound of the gain is above zero, or when
    it repairs something and breaks nothing: where items speak with one voice, more of them are not worth their price.
    """
    if ahead < min_gain - TIE:
        return "out"
    if finished:
        return "wins" if now.total >= min_gain - TIE else "out"
    return "wins" if (now.low > 0 or not now.broken) and now.total >= min_gain - TIE else "on"
