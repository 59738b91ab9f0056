"""Splitting failing cases that say different things: two-means on the sphere, repeated while the parts differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST = 6  # cases of a part, and its share of what is split
SMALLEST_SHARE = 0.12
APART = 0.18  # mean cosine to the own centre less that to the other one, from which two parts differ
DEEPEST = 3
ROUNDS = 12
OUTLYING = 0.1  # share of a cluster's own cases that may lie further away than what counts as being of its kind

Vectors = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Ids of what lies together; centre: unit vector, None where there are no vectors; near: cosine of its rim."""

    ids: tuple[str, ...]
    centre: tuple[float, ...] | None = None
    near: float = -1.0

    def holds(self, vector: Sequence[float] | None) -> bool:
        """Whether something else is as near to the centre as the cluster's own cases are."""
        if self.centre is None or vector is None:
            return True
        return sum(a * b for a, b in zip(self.centre, vector, strict=True)) >= self.near


def clusters_of(ids: Sequence[str], vectors: Vectors | None) -> tuple[Cluster, ...]:
    """Parts that differ, in the order of their first member; everything in one where vectors are missing."""
    if vectors is None or any(id not in vectors for id in ids):
        return (Cluster(ids=tuple(ids)),)
    rows = np.array([vectors[id] for id in ids], dtype=np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    parts = _split(rows, np.arange(len(ids)), DEEPEST)
    return tuple(_cluster(ids, rows, part) for part in sorted(parts, key=lambda p: int(p[0])))


def _cluster(ids: Sequence[str], rows: NDArray[np.float64], part: NDArray[np.int_]) -> Cluster:
    centre = _centre(rows[part])
    near = float(np.quantile(rows[part] @ centre, OUTLYING))
    return Cluster(ids=tuple(ids[i] for i in part), centre=tuple(float(x) for x in centre), near=near)


def _split(rows: NDArray[np.float64], part: NDArray[np.int_], depth: int) -> list[NDArray[np.int_]]:
    least = max(SMALLEST, int(SMALLEST_SHARE * len(part)))
    if depth == 0 or len(part) < 2 * least:
        return [part]
    mine = rows[part]
    # The start is the case furthest from the centre and the one furthest from that: no chance is involved.
    first = mine[int(np.argmin(mine @ _centre(mine)))]
    second = mine[int(np.argmin(mine @ first))]
    in_first = mine @ first >= mine @ second
    for _ in range(ROUNDS):
        if in_first.all() or not in_first.any():
            return [part]
        first, second = _centre(mine[in_first]), _centre(mine[~in_first])
        again = mine @ first >= mine @ second
        if (again == in_first).all():
            break
        in_first = again
    sizes = int(in_first.sum()), int((~in_first).sum())
    gap = float(np.where(in_first, mine @ first - mine @ second, mine @ second - mine @ first).mean())
    if min(sizes) < least or gap < APART:
        return [part]
    return [*_split(rows, part[in_first], depth - 1), *_split(rows, part[~in_first], depth - 1)]


def _centre(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    middle: NDArray[np.float64] = rows.mean(axis=0)
    return middle / max(float(np.linalg.norm(middle)), 1e-12)
