"""The counterpart of a clause in one scene, found once and shared by the checks that need it."""

from collections.abc import Iterator

from policies.guardrails.alignment import Aligned, align
from policies.guardrails.clauses import Clause
from policies.guardrails.frames import frame
from policies.guardrails.scene import Scene


def counterpart(scene: Scene, clause: Clause) -> Aligned | None:
    """The new live text that took the clause's place, or None."""
    if clause.plain not in scene.counterparts:
        pool = [r for r in scene.fresh if r.unit.live]
        scene.counterparts[clause.plain] = align(clause.frame, pool, scene.synonyms)
    return scene.counterparts[clause.plain]


def widened(scene: Scene, aligned: Aligned) -> Iterator[Aligned]:
    """The counterpart together with the new live unit before or after it."""
    pool = [r for r in scene.fresh if r.unit.live]
    places = [i for i, r in enumerate(pool) if r in aligned.reads]
    for low, high in ((min(places), max(places) + 1), (min(places) - 1, max(places))):
        if low >= 0 and high < len(pool):
            reads = tuple(pool[low : high + 1])
            yield Aligned(reads, frame(" ".join(r.unit.text for r in reads), scene.synonyms), aligned.score)
