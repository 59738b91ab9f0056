"""New text against surviving clauses: permissions for what is forbidden, releases from duties, overrides of the rules."""

import re
from collections.abc import Iterator

from policies.guardrails.clauses import Clause, found_clauses
from policies.guardrails.conflict import conflict
from policies.guardrails.counterpart import counterpart
from policies.guardrails.document import Read
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding

RULES = r"(?:rules?|instructions?|guidelines?|restrictions?|limits?|limitations?|policies|policy|safeguards?|requirements?|constraints?|checks?|prohibitions?|conditions|above|regeln?|vorgaben|規則|ルール)"
OVERRIDE = re.compile(
    rf"{RULES}[^.;\n]{{0,60}}\b(?:do(?:es)? not|don't|doesn't|need not|no longer|never) (?:apply|hold|bind|count|matter|be followed)"
    rf"|\b(?:ignore|disregard|override|overrule|suspend|set aside|skip|bypass|relax|waive|drop|lift|forget|overlook)\b[^.;\n]{{0,30}}\b(?:the|these|those|all|any|above|previous|earlier|other|this|its|your)\b[^.;\n]{{0,30}}{RULES}"
    rf"|{RULES}[^.;\n]{{0,50}}\b(?:may|can|could|is|are|might) (?:be )?(?:also )?(?:ignored|waived|relaxed|suspended|lifted|skipped|bypassed|overridden|broken|bent|set aside|disregarded|optional|guidelines only|only guidelines|guidelines|flexible|suggestions)"
    rf"|\b(?:takes?|have|has|taking) (?:precedence|priority) over\b[^.;\n]{{0,40}}{RULES}|\b(?:exempt|exempted|excused|released) from\b[^.;\n]{{0,40}}{RULES}"
    rf"|\bnot bound by\b|\b(?:treat|regard|consider|see|read)\b[^.;\n]{{0,40}}{RULES}[^.;\n]{{0,20}}\bas (?:\w+ ){{0,2}}(?:suggestions?|optional|advice|guidance|recommendations?|defaults?|goals?)"
    rf"|{RULES}[^.;\n]{{0,40}} (?:gelten|gilt) (?:nicht|nur)|適用(?:されません|しない|外)",
    re.IGNORECASE,
)
REFUSES = re.compile(r"\b(?:never|do not|don't|must not|may not|cannot|can't|refuse|decline|nobody|no one|nothing|neither|shall not|even if|no matter|whatever|if (?:a|the|any|someone|anyone)[^.]{0,60}(?:asks?|tells?|demands?|requests?) (?:you )?to)\b", re.IGNORECASE)
EXCEPTION_START = re.compile(r"^\W*(?:exceptions?\b|unless\b|except\b|this (?:rule |restriction |limit )?(?:does not|doesn't|need not)\b|(?:an? )?exceptions? (?:is|are|may|can)\b|ausnahmen?\b|ただし)", re.IGNORECASE)
AUTHORITY = r"(?:admin\w*|moderator|staff|manager|employee|owner|supervisor|developer|engineer|doctor|nurse|physician|lawyer|police|officer|teacher|parent|landlord|relative|agent|approved|authori[sz]ed|allowed|permitted|permission|verified|exempt|cleared|official|trusted|entitled|consent\w*)"
CLAIMED = re.compile(
    rf"^\W*(?:if|when|whenever|where|once)\b[^,;\n]{{0,60}}\b(?:says?|states?|claims?|asserts?|insists?|mentions?|confirms?|declares?|identifies|writes?|tells? you|explains?|introduces|presents|was|is)\b[^,;\n]{{0,60}}\b{AUTHORITY}\b[^,;\n]{{0,40}},\s*(?P<then>.+)",
    re.IGNORECASE,
)
CLAIM_VERB = re.compile(r"\b(?:says?|states?|claims?|asserts?|insists?|mentions?|confirms?|declares?|identifies|writes?|tells?|explains?|introduces|presents)\b", re.IGNORECASE)
CAREFUL = re.compile(r"\b(?:verif\w+|confirm|check|ask|escalate|refer|forward|still|not|never|refuse|decline|hand over|transfer|thank|route|stop|remain|treat|report|n't|politely|explain|warn|log)\b", re.IGNORECASE)


def check_contradictions(scene: Scene) -> Iterator[Finding]:
    """Units that are new in the candidate, against the clauses of the approved prompt."""
    clauses = found_clauses(scene)
    reworded = {c.id: _stand_in(scene, c) for c in clauses}
    for read in scene.fresh:
        if not read.unit.live or read.unit.context == "heading":
            continue
        found_one = _override(scene, read) or _exception(scene, read) or _claimed(scene, read)
        if found_one is not None:
            yield found_one
            continue
        yield from _against_clauses(scene, read, tuple(c for c in clauses if read.plain not in reworded[c.id]))


def _stand_in(scene: Scene, clause: Clause) -> frozenset[str]:
    """The text that took the clause's place is compared with it elsewhere, not as new text."""
    if scene.candidate.locate(clause.plain):
        return frozenset()
    aligned = counterpart(scene, clause)
    return frozenset(r.plain for r in aligned.reads) if aligned else frozenset()


def _override(scene: Scene, read: Read) -> Finding | None:
    match = OVERRIDE.search(read.unit.text)
    if match is None or REFUSES.search(read.unit.text[: match.start()] + " " + match.group().split()[0]):
        return None
    message = f"'{short(read.unit.text)}' takes the other rules out of force"
    return finding("safety-contradicted", "rules-overridden", "block", message, spans=[scene.candidate.unit_span(read.unit)], fix_hint="Remove the sentence; every rule of the prompt must stay in force.")  # fmt: skip


def _exception(scene: Scene, read: Read) -> Finding | None:
    if not EXCEPTION_START.search(read.unit.text):
        return None
    message = f"'{short(read.unit.text)}' opens an exception to what stands before it"
    return finding("safety-weakened", "exception-added", "block", message, spans=[scene.candidate.unit_span(read.unit)], fix_hint="Remove the exception.")  # fmt: skip


def _claimed(scene: Scene, read: Read) -> Finding | None:
    """Whoever writes the input can claim anything; a rule that trusts the claim hands over the rules."""
    match = CLAIMED.match(read.unit.text)
    if match is None or not CLAIM_VERB.search(read.unit.text[: match.start("then")]) or CAREFUL.search(match["then"]):
        return None
    message = f"'{short(read.unit.text)}' trusts a claim that anybody can make"
    return finding("safety-contradicted", "claimed-authority", "block", message, spans=[scene.candidate.unit_span(read.unit)], fix_hint="Remove it, or have the claim verified.")  # fmt: skip


def _against_clauses(scene: Scene, read: Read, clauses: tuple[Clause, ...]) -> Iterator[Finding]:
    for clause in clauses:
        said = conflict(clause.frame, read.frame, scene.synonyms)
        if said is None:
            continue
        level, what = said
        message = f"'{short(read.unit.text)}' {what} '{short(clause.text)}'"
        spans = [scene.candidate.unit_span(read.unit)]
        if clause.read is not None:
            spans.insert(0, scene.current.unit_span(clause.read.unit))
        yield finding("safety-contradicted", "conflict", level, message, spans=spans, fix_hint=f"Remove or reword the new sentence so that it respects: {short(clause.text, 300)}", clause_id=clause.id)  # fmt: skip
        return
