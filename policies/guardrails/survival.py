"""One clause of the approved prompt against the candidate: there, alive, under the same heading and role, as strong."""

import re
from collections.abc import Iterable, Iterator

from policies.guardrails.alignment import Aligned
from policies.guardrails.clauses import Clause
from policies.guardrails.comparison import compare
from policies.guardrails.counterpart import counterpart, widened
from policies.guardrails.document import Read, find_words
from policies.guardrails.exclusive import v_only
from policies.guardrails.observation import Observation
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding, Severity, Span

QUOTATION = re.compile(r'"[^"]*"')
POLICY_OF = {"weakened": "safety-weakened", "uncertain": "safety-weakened", "contradicted": "safety-contradicted"}
LOSSES = frozenset({"list-item-dropped", "tail-dropped", "only-dropped"})
"""What a neighbouring sentence may hold."""
TAIL_RULES = frozenset(
    {
        "exception-added",
        "hedged",
        "condition-added",
        "softened",
        "scope-narrowed",
        "polarity-flipped",
        "alternative-added",
    }
)


def check_clause(scene: Scene, clause: Clause) -> Iterator[Finding]:
    """One clause: verbatim, else dead, else its nearest counterpart."""
    reads = scene.candidate.locate(clause.plain)
    if reads:
        yield from _verbatim(scene, clause, reads)
        return
    if clause.mode == "presence" and clause.declared:
        yield _missing(scene, clause)
        return
    dead = next((r for r in scene.candidate.reads if not r.unit.live and find_words(r.plain, clause.plain) >= 0), None)
    if dead is not None:
        if clause.context != "any":
            yield _dead(scene, clause, dead, dead.unit.context)
        return
    aligned = counterpart(scene, clause)
    if aligned is None:
        yield _missing(scene, clause)
        return
    yield from _changed(scene, clause, aligned)


def _dead(scene: Scene, clause: Clause, read: Read, context: str) -> Finding:
    message = f"the clause {_named(clause)} stands only in {context} text, where it commands nothing"
    hint = f"Put it back as a live instruction: {short(clause.text)}"
    spans = (*_approved(scene, clause), scene.candidate.unit_span(read.unit))
    return finding("protected-clause", "dead-text", "block", message, spans=spans, fix_hint=hint, clause_id=clause.id)


def _only_quoted(scene: Scene, read: Read, plain: str) -> bool:
    """The clause stands between quotation marks inside a sentence that says something else."""
    if '"' not in read.unit.text:
        return False
    if not any(find_words(scene.plain(said), plain) >= 0 for said in QUOTATION.findall(read.unit.text)):
        return False
    outside = QUOTATION.sub(" ", read.unit.text)
    return find_words(scene.plain(outside), plain) < 0 and len(scene.plain(outside).split()) >= 2


def _verbatim(scene: Scene, clause: Clause, reads: tuple[Read, ...]) -> Iterator[Finding]:
    """The words are all there; what was hung on to them may still take them back."""
    before = scene.current.locate(clause.plain)
    if (
        len(reads) == 1
        and _only_quoted(scene, reads[0], clause.plain)
        and not any(_only_quoted(scene, r, clause.plain) for r in before)
    ):
        yield _dead(scene, clause, reads[0], "quoted")
        return
    yield from _moved(scene, clause, before, reads)
    if len(reads) != 1 or any(r.plain == reads[0].plain for r in before):
        return
    old = before[0].frame if len(before) == 1 else clause.frame
    for seen in compare(old, reads[0].frame):
        if seen.rule in TAIL_RULES:
            yield _observed(scene, clause, seen, reads)


def _moved(scene: Scene, clause: Clause, before: tuple[Read, ...], reads: tuple[Read, ...]) -> Iterator[Finding]:
    """Out of the system message, or from under `Never:` to under another heading."""
    if not before:
        return
    policy = "protected-clause" if clause.declared else "safety-weakened"
    spans = _spans(scene, clause, reads)
    role = scene.candidate.role_of(reads[0].unit)
    if scene.current.role_of(before[0].unit) == "system" != role:
        message = f"the clause {_named(clause)} moved from the system message to a {role} message"
        hint = "Move it back into the system message."
        yield finding(policy, "role-changed", "block", message, spans=spans, fix_hint=hint, clause_id=clause.id)
    old, new = before[0].governed, reads[0].governed
    if old and old != new and not _says_itself(old, reads[0]):
        message = f"{_named(clause)} stood under a heading that says '{old.strip().lower()}' and no longer does"
        kind = "safety-contradicted" if new and not clause.declared else policy
        yield finding(
            kind, "heading-changed", "block", message, spans=spans, fix_hint="Restore the heading.", clause_id=clause.id
        )


def _says_itself(old: str, read: Read) -> bool:
    """`Never join the table` needs no heading that says never."""
    if old.startswith("Never"):
        return read.frame.prohibits
    return bool(read.frame.strong) and not read.frame.prohibits


def _changed(scene: Scene, clause: Clause, aligned: Aligned) -> Iterator[Finding]:
    seen = compare(clause.frame, aligned.frame)
    certain = [o for o in seen if o.certain]
    if (
        seen
        and all(not o.certain or o.rule in LOSSES for o in seen)
        and any(not compare(clause.frame, wider.frame) for wider in widened(scene, aligned))
    ):
        seen, certain = (), []  # what seems to be gone stands in the sentence next to it
    for observation in certain or seen:
        if observation.rule == "polarity-flipped" and _reserved_before(scene, clause, aligned):
            continue
        yield _observed(scene, clause, observation, aligned.reads)
    if clause.declared and not certain:
        level: Severity = "block" if clause.mode == "verbatim" else "flag"
        new = " ".join(r.unit.text for r in aligned.reads)
        message = f"the protected clause {_named(clause)} was reworded to '{short(new)}'"
        yield finding(
            "protected-clause",
            "reworded",
            level,
            message,
            spans=_spans(scene, clause, aligned.reads),
            fix_hint=f"Restore the exact wording: {short(clause.text, 300)}",
            clause_id=clause.id,
        )


def _reserved_before(scene: Scene, clause: Clause, aligned: Aligned) -> bool:
    """`Only a mediator may do it` in place of `never do it`, where the approved prompt said that of a mediator "
    "already."""
    if not (clause.frame.prohibits and v_only(aligned.frame)):
        return False
    reserved = (r.frame.content_set - clause.frame.content_set for r in scene.current.live if v_only(r.frame))
    return any(holder and holder & aligned.frame.content_set for holder in reserved)


def _observed(scene: Scene, clause: Clause, seen: Observation, reads: Iterable[Read]) -> Finding:
    policy = "protected-clause" if clause.declared else POLICY_OF[seen.kind]
    level: Severity = clause.severity if seen.certain else "flag"
    new = " ".join(r.unit.text for r in reads)
    message = f"{_named(clause)} became '{short(new)}': {seen.said}"
    return finding(
        policy,
        seen.rule,
        level,
        message,
        spans=_spans(scene, clause, reads),
        fix_hint=f"Restore the original strength and scope: {short(clause.text, 300)}",
        clause_id=clause.id,
    )


def _missing(scene: Scene, clause: Clause) -> Finding:
    policy = "protected-clause" if clause.declared else "safety-weakened"
    level: Severity = clause.severity if clause.explicit else "flag"
    message = f"the clause {_named(clause)} is missing"
    return finding(
        policy,
        "removed",
        level,
        message,
        spans=_approved(scene, clause),
        fix_hint=f"Put it back: {short(clause.text, 300)}",
        clause_id=clause.id,
    )


def _named(clause: Clause) -> str:
    return f"'{short(clause.text)}'"


def _approved(scene: Scene, clause: Clause) -> tuple[Span, ...]:
    return tuple(scene.current.unit_span(r.unit) for r in scene.current.locate(clause.plain))


def _spans(scene: Scene, clause: Clause, reads: Iterable[Read]) -> tuple[Span, ...]:
    return (*_approved(scene, clause), *(scene.candidate.unit_span(r.unit) for r in reads))
