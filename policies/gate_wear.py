"""How worn a gate set is: every look at the same items tells a little about them, and a search adapts to it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.alpha_spending import Look

SAMPLE = 64
LARGELY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """looks: earlier openings on largely the same items, of `limit`; advice: a sentence where the set is worn."""

    looks: int
    limit: int
    advice: str

    @property
    def worn(self) -> bool:
        """Whether the set should be replaced before it is trusted again."""
        return self.looks >= self.limit


def sample_of(ids: Iterable[str]) -> tuple[str, ...]:
    """Up to 64 of the item ids, chosen by their hash, so that two sets with the same items choose the same ones.

    A bottom-k sketch (Cohen and Kaplan 2007): small enough to be kept with every look, and enough to tell whether two
    looks shared their items.
    """
    return tuple(sorted(set(ids), key=_hash)[:SAMPLE])


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the items of both sets together that are in both, estimated from their samples; 0 without items."""
    union = sorted({*one, *other}, key=_hash)[:SAMPLE]
    here, there = set(one), set(other)
    return sum(i in here and i in there for i in union) / len(union) if union else 0.0


def wear(looks: Sequence[Look], sample: Sequence[str], limit: int) -> Wear:
    """How often items like these were opened before.

    The bound on what a search can learn from verdicts alone grows with the square root of their number (Dwork et al.
    2015, "The reusable holdout"); the limit is the rulebook's gate_looks.
    """
    before = sum(look.counts and overlap(look.items, sample) >= LARGELY for look in looks)
    if before < limit:
        return Wear(looks=before, limit=limit, advice="")
    return Wear(
        looks=before,
        limit=limit,
        advice=f"the gate items were opened {before} times before (limit {limit}): their verdicts flatter what was "
        "chosen by them. Add fresh gate items and retire these.",
    )


def _hash(id: str) -> str:
    return hashlib.sha256(id.encode()).hexdigest()
