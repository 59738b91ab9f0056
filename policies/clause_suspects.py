"""Which clause of a prompt may stand in the way of another one: those that speak of the same thing first."""

from collections.abc import Sequence

from policies.clause_edits import Hunk, hunks_between, numbered, overlap, stems

LEAST = 2  # content words in common, below which two clauses need not speak of the same thing


def suspects(texts: Sequence[str], base: Sequence[str]) -> tuple[Hunk, ...]:
    """Changes to a prompt that each take one thing back, in the order in which they are worth trying.

    A clause that contradicts or cancels another one shares its words with it, so every clause counts for the largest
    share that it has in common with another clause. What was dropped from the base, or reworded, comes first: putting
    it back is the smallest change. base: what is live. Variables and protected clauses are left to the guardrails.
    """
    lost = [h for h in hunks_between(texts, base) if h.kind != "delete"]
    clauses = [c for c in numbered(texts) if not any(h.part == c[0] and h.at == c[1] and h.old for h in lost)]
    shared = {
        (part, at): max((_alike(clause, other) for p, a, other in clauses if (p, a) != (part, at)), default=0.0)
        for part, at, clause in clauses
    }
    ranked = sorted(clauses, key=lambda c: (-round(shared[c[0], c[1]], 9), -c[0], -c[1]))
    return (*lost, *(Hunk(kind="delete", part=part, at=at, old=clause, new="") for part, at, clause in ranked))


def _alike(one: str, other: str) -> float:
    return overlap(one, other) if len(stems(one) & stems(other)) >= LEAST else 0.0
