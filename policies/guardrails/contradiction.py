"""New text against surviving clauses: permissions for what is forbidden, releases from duties, overrides of the rules."""

import re
from collections.abc import Iterator

from policies.guardrails.clauses import Clause, found_clauses
from policies.guardrails.document import Read
from policies.guardrails.frames import Frame, is_content
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding, Severity

RULES = r"(?:rules?|instructions?|guidelines?|restrictions?|limits?|limitations?|policies|policy|safeguards?|requirements?|constraints?|checks?|prohibitions?|conditions|above|regeln?|vorgaben|規則|ルール)"
OVERRIDE = re.compile(
    rf"{RULES}[^.;\n]{{0,60}}\b(?:do(?:es)? not|don't|doesn't|need not|no longer|never) (?:apply|hold|bind|count|matter|be followed)"
    rf"|\b(?:ignore|disregard|override|overrule|suspend|set aside|skip|bypass|relax|waive|drop|lift|forget|overlook)\b[^.;\n]{{0,30}}\b(?:the|these|those|all|any|above|previous|earlier|other|this|its|your)\b[^.;\n]{{0,30}}{RULES}"
    rf"|{RULES}[^.;\n]{{0,50}}\b(?:may|can|could|is|are|might) (?:be )?(?:also )?(?:ignored|waived|relaxed|suspended|lifted|skipped|bypassed|overridden|broken|bent|set aside|disregarded|optional|guidelines only|only guidelines|flexible|suggestions)"
    rf"|\b(?:takes?|have|has|taking) (?:precedence|priority) over\b[^.;\n]{{0,40}}{RULES}|\b(?:exempt|exempted|excused|released) from\b[^.;\n]{{0,40}}{RULES}"
    rf"|\bnot bound by\b|\b(?:treat|regard|consider|see|read)\b[^.;\n]{{0,40}}{RULES}[^.;\n]{{0,20}}\bas (?:\w+ ){{0,2}}(?:suggestions?|optional|advice|guidance|recommendations?|defaults?|goals?)"
    rf"|{RULES}[^.;\n]{{0,40}} (?:gelten|gilt) (?:nicht|nur)|適用(?:されません|しない|外)",
    re.IGNORECASE,
)
REFUSES = re.compile(r"\b(?:never|do not|don't|must not|may not|cannot|can't|refuse|decline|nobody|no one|nothing|neither|shall not|even if|no matter|if (?:a|the|any|someone|anyone)[^.]{0,60}(?:asks?|tells?|says?|demands?|requests?))\b", re.IGNORECASE)
EXCEPTION_START = re.compile(r"^\W*(?:exceptions?\b|unless\b|except\b|this (?:rule |restriction |limit )?(?:does not|doesn't|need not)\b|(?:an? )?exceptions? (?:is|are|may|can)\b|ausnahmen?\b|ただし)", re.IGNORECASE)
RELEASE = re.compile(
    r"\b(?:no need to|need not|needn't|(?:do|does) not (?:have|need) to|don't (?:have|need) to|not (?:required|necessary|needed|obliged)|unnecessary|optional|may be (?:skipped|omitted|left out|waived)|can be (?:skipped|omitted|left out|waived)|skip|leave out|omit|without (?:asking|checking|confirming|verifying|confirmation|verification|approval|consent|waiting)|you may (?:skip|omit|leave)|instead of (?:asking|checking|confirming|verifying|waiting)|nicht (?:nötig|erforderlich|notwendig)|必要はありません|不要です)\b",
    re.IGNORECASE,
)
LABELLED = re.compile(r"\b([A-Z][A-Z_]{2,})\b")
NOT_LABELS = frozenset({"MUST", "NOT", "NEVER", "ALWAYS", "ONLY", "SHALL", "SHOULD", "MAY", "JSON", "AND", "THE", "ANY", "ALL", "YOU", "FOR", "PIN", "USD", "EUR", "GBP", "PDF", "URL", "HTML", "XML", "API", "SQL", "CSV"})  # fmt: skip


def check_contradictions(scene: Scene) -> Iterator[Finding]:
    """Units that are new in the candidate, against the clauses of the approved prompt."""
    clauses = found_clauses(scene)
    for read in scene.fresh:
        if not read.unit.live or read.unit.context == "heading":
            continue
        found_one = _override(scene, read) or _exception(scene, read)
        if found_one is not None:
            yield found_one
            continue
        yield from _against_clauses(scene, read, clauses)


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


def _against_clauses(scene: Scene, read: Read, clauses: tuple[Clause, ...]) -> Iterator[Finding]:
    for clause in clauses:
        said = _conflict(clause, read.frame)
        if said is None:
            continue
        level, what = said
        message = f"'{short(read.unit.text)}' {what} '{short(clause.text)}'"
        spans = [scene.candidate.unit_span(read.unit)]
        if clause.read is not None:
            spans.insert(0, scene.current.unit_span(clause.read.unit))
        yield finding("safety-contradicted", "conflict", level, message, spans=spans, fix_hint=f"Remove or reword the new sentence so that it respects: {short(clause.text, 300)}", clause_id=clause.id)  # fmt: skip
        return


def _conflict(clause: Clause, new: Frame) -> tuple[Severity, str] | None:
    old = clause.frame
    labels = _label_conflict(old, new)
    if labels:
        return "block", labels
    common = old.content_set & new.content_set
    if not common:
        return None
    actions = forbidden_actions(old)
    if actions:
        allowed = {t.lemma for t, s in zip(new.tokens, new.polarity, strict=True) if s > 0}
        hit = actions & allowed
        objects = (common - actions) & {t.lemma for t in new.tokens}
        if hit and objects:
            return "block", "permits what the approved prompt forbids:"
        return None
    if RELEASE.search(new.low) and len(common) >= 2 and not RELEASE.search(old.low):
        return "block", "releases from the duty"
    negated = {t.lemma for t, s in zip(new.tokens, new.polarity, strict=True) if s < 0 and is_content(t)}
    commanded = {t.lemma for t, s in zip(old.tokens, old.polarity, strict=True) if s > 0 and is_content(t)}
    both = negated & commanded
    if len(both) >= 2 and len(both) / len(old.content_set) >= 0.4 and new.prohibits and not old.prohibits:
        return "block", "forbids what the approved prompt demands:"
    return None


def forbidden_actions(frame: Frame) -> frozenset[str]:
    """The verbs a prohibition is about: the first word of substance after the negation, or before it in the passive."""
    if not frame.prohibits:
        return frozenset()
    actions = set()
    previous = 1
    for index, (token, sign) in enumerate(zip(frame.tokens, frame.polarity, strict=True)):
        if sign < 0 and previous >= 0 or (token.word in {"or", "nor", "and"} and sign < 0):
            following = [t for t in frame.tokens[index:] if is_content(t)]
            if following:
                actions.add(following[0].lemma)
        previous = sign
    negation = re.search(r"\b(?:not|never|n't)\b(?: \w+)? (?:be|been) (\w+)", frame.low)
    if negation:
        actions |= {t.lemma for t in frame.tokens if t.start <= negation.start(1) < t.end}
    return frozenset(actions)


def _labels(frame: Frame) -> frozenset[str]:
    return frozenset(LABELLED.findall(frame.text)) - NOT_LABELS


def _label_conflict(old: Frame, new: Frame) -> str | None:
    """`Selling medicine is HOLD` against `Medicine offers may PASS`."""
    before, after = _labels(old), _labels(new)
    if not before or not after or before & after or new.prohibits:
        return None
    lowered = {w.lower() for w in before | after}
    common = {w for w in old.content_set & new.content_set if w not in lowered}
    if common and len(common) / max(1, len(new.content_set) - len(after)) >= 0.3:
        return f"gives another label ({', '.join(sorted(after))}) than"
    return None
