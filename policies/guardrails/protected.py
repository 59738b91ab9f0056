"""Which clauses are checked: declared by owners, marked in the prompt, or found; and the marks themselves."""

from collections.abc import Iterator

from library.errors import InputError
from library.templates import PROTECT, protected_spans
from policies.guardrails.clauses import Clause, found_clauses
from policies.guardrails.document import find_words
from policies.guardrails.frames import frame
from policies.guardrails.policy import Mode, ProtectedClause
from policies.guardrails.scene import Scene, finding
from policies.guardrails.survival import check_clause
from policies.verdict import Finding, Severity


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
