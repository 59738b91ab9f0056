"""Every clause of the approved prompt, declared or found, against the candidate: there, alive, and as strong."""

import re
from collections.abc import Iterable, Iterator

from library.errors import InputError
from library.templates import PROTECT, protected_spans
from policies.guardrails.alignment import Aligned
from policies.guardrails.clauses import Clause, found_clauses
from policies.guardrails.comparison import Observation, compare
from policies.guardrails.counterpart import counterpart
from policies.guardrails.document import Read, find_words
from policies.guardrails.frames import frame
from policies.guardrails.policy import Mode, ProtectedClause
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding, Severity, Span

QUOTATION = re.compile(r'"[^"]*"')
POLICY_OF = {"weakened": "safety-weakened", "uncertain": "safety-weakened", "contradicted": "safety-contradicted"}
TAIL_RULES = frozenset(
    {"exception-added", "hedged", "condition-added", "softened", "scope-narrowed", "polarity-flipped"}
)


def check_clauses(scene: Scene) -> Iterator[Finding]:
    """All clauses, in order; chat clauses keep the role they were approved in."""
    declared = tuple(_declared(scene))
    covered = {id(r.unit) for c in declared for r in scene.current.locate(c.plain)}
    for clause in declared:
        yield from check_clause(scene, clause)
    for item in scene.policy.protected:
        if item.contains_all:
            yield from _contains_all(scene, item)
    for clause in found_clauses(scene):
        if clause.read is not None and id(clause.read.unit) not in covered:
            yield from check_clause(scene, clause)
    yield from _marks(scene)


def _declared(scene: Scene) -> Iterator[Clause]:
    for item in scene.policy.protected:
        if item.text:
            yield _clause(scene, item.id, item.text, item.mode, item.context, item.why, item.severity)
    for index, text in enumerate(scene.subject.protected_clauses or ()):
        yield _clause(scene, f"given-{index + 1}", text)
    try:
        marked = [s for before, _ in scene.texts for s in protected_spans(before)]
    except InputError:
        marked = []
    for span in marked:
        yield _clause(scene, span.id, span.text, why="marked in the prompt")


def _clause(
    scene: Scene,
    name: str,
    text: str,
    mode: Mode = "equivalent",
    context: str = "live",
    why: str = "",
    severity: Severity = "block",
) -> Clause:
    framed = frame(text, scene.synonyms)
    plain = scene.plain(text)
    reads = scene.current.locate(plain)
    return Clause(
        id=name,
        text=text,
        frame=framed,
        plain=plain,
        read=reads[0] if len(reads) == 1 else None,
        declared=True,
        mode=mode,
        context=context,
        why=why,
        severity=severity,
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
    outside = QUOTATION.sub(" ", read.unit.text)
    return (
        find_words(scene.plain(outside), plain) < 0 and len(scene.plain(outside).split()) >= 2 and '"' in read.unit.text
    )


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
    if (
        clause.declared
        and before
        and scene.current.role_of(before[0].unit) == "system" != scene.candidate.role_of(reads[0].unit)
    ):
        message = (
            f"the clause {_named(clause)} moved from the system message to a "
            f"{scene.candidate.role_of(reads[0].unit)} message"
        )
        hint = "Move it back into the system message."
        yield finding(
            "protected-clause",
            "role-changed",
            "block",
            message,
            spans=_spans(scene, clause, reads),
            fix_hint=hint,
            clause_id=clause.id,
        )
    elif before and scene.current.role_of(before[0].unit) == "system" != scene.candidate.role_of(reads[0].unit):
        message = f"the clause {_named(clause)} moved out of the system message"
        yield finding(
            "safety-weakened",
            "role-changed",
            "block",
            message,
            spans=_spans(scene, clause, reads),
            fix_hint="Move it back.",
            clause_id=clause.id,
        )
    if len(reads) != 1 or any(r.plain == reads[0].plain for r in before):
        return
    old = before[0].frame if len(before) == 1 else clause.frame
    for seen in compare(old, reads[0].frame):
        if seen.rule in TAIL_RULES:
            yield _observed(scene, clause, seen, reads)


def _changed(scene: Scene, clause: Clause, aligned: Aligned) -> Iterator[Finding]:
    seen = compare(clause.frame, aligned.frame)
    certain = [o for o in seen if o.certain]
    for observation in certain or seen:
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


def _contains_all(scene: Scene, item: ProtectedClause) -> Iterator[Finding]:
    wanted = [scene.plain(w) for w in item.contains_all]
    reads = scene.candidate.live if item.context == "live" else scene.candidate.reads
    if any(all(find_words(r.plain, w) >= 0 for w in wanted) for r in reads):
        return
    gone = [w for w in wanted if not any(find_words(r.plain, w) >= 0 for r in reads)] or wanted
    message = f"no clause names {', '.join(item.contains_all)} together any more (not found: {', '.join(gone)})"
    yield finding(
        "protected-clause",
        "contains-all",
        item.severity,
        message,
        fix_hint=f"Name all of: {', '.join(item.contains_all)}.",
        clause_id=item.id,
    )


def _marks(scene: Scene) -> Iterator[Finding]:
    """Marks in the text itself: a rewriter must neither drop nor add nor move them."""
    for before, after in scene.texts:
        old, new = (frozenset(m["id"] for m in PROTECT.finditer(t) if m["id"]) for t in (before, after))
        for name in sorted(old - new):
            yield finding(
                "protected-clause",
                "mark-missing",
                "block",
                f"the mark [[protect:{name}]] is missing",
                fix_hint=f"Keep [[protect:{name}]] … [[/protect]] around its clause.",
                clause_id=name,
            )
        for name in sorted(new - old):
            yield finding(
                "protected-clause",
                "mark-added",
                "flag",
                f"the mark [[protect:{name}]] is new",
                fix_hint="Do not add marks; owners do.",
                clause_id=name,
            )
        try:
            protected_spans(after)
        except InputError as error:
            yield finding("protected-clause", "mark-damaged", "block", error.thing, fix_hint=error.mend)


def _named(clause: Clause) -> str:
    return f"'{short(clause.text)}'"


def _approved(scene: Scene, clause: Clause) -> tuple[Span, ...]:
    return tuple(scene.current.unit_span(r.unit) for r in scene.current.locate(clause.plain))


def _spans(scene: Scene, clause: Clause, reads: Iterable[Read]) -> tuple[Span, ...]:
    return (*_approved(scene, clause), *(scene.candidate.unit_span(r.unit) for r in reads))
