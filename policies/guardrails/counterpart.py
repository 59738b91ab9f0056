"""The counterpart of a clause in one scene, found once and shared by the checks that need it."""

from policies.guardrails.alignment import Aligned, align
from policies.guardrails.clauses import Clause
from policies.guardrails.scene import Scene


def counterpart(scene: Scene, clause: Clause) -> Aligned | None:
    """The new live text that took the clause's place, or None."""
    if clause.plain not in scene.counterparts:
        pool = [r for r in scene.fresh if r.unit.live]
        scene.counterparts[clause.plain] = align(clause.frame, pool, scene.synonyms)
    return scene.counterparts[clause.plain]
