"""New text against surviving clauses: permissions for what is forbidden, releases from duties, overridden rules."""

import re
from collections.abc import Iterator

from policies.guardrails.clauses import Clause, found_clauses
from policies.guardrails.conflict import conflict
from policies.guardrails.counterpart import counterpart
from policies.guardrails.document import Read
from policies.guardrails.frames import Frame, frame
from policies.guardrails.injection import continued, is_defence
from policies.guardrails.matter import with_kinds
from policies.guardrails.scene import Scene, finding, short
from policies.guardrails.units import GONE, RULE_WORD
from policies.verdict import Finding

QUOTATION = re.compile(r'"[^"]*"')
RULES = (
    r"(?:rules?|instructions?|guidelines?|restrictions?|limits?|limitations?|policies|policy|"
    r"safeguards?|requirements?|constraints?|checks?|prohibitions?|conditions|above|regeln?|"
    r"vorgaben|規則|ルール)"
)
OVERRIDE = re.compile(
    rf"{RULES}[^.;\n]{{0,60}}\b(?:do(?:es)? not|don't|doesn't|need not|no longer|never) (?:apply|hold|"
    rf"bind|count|matter|be followed)"
    rf"|\b(?:ignore|disregard|override|overrule|suspend|set aside|skip|bypass|relax|waive|drop|lift|"
    rf"forget|overlook)\b[^.;\n]{{0,30}}\b(?:the|these|those|all|any|above|previous|earlier|other|this|"
    rf"its|your)\b[^.;\n]{{0,30}}{RULES}"
    rf"|{RULES}[^.;\n]{{0,50}}\b(?:may|can|could|is|are|might) (?:be )?(?:also )?(?:ignored|waived|"
    rf"relaxed|suspended|lifted|skipped|bypassed|overridden|broken|bent|set aside|disregarded|optional|"
    rf"guidelines only|only guidelines|guidelines|flexible|suggestions)"
    rf"|\b(?:takes?|have|has|taking) (?:precedence|priority) over\b[^.;\n]{{0,40}}{RULES}|\b(?:exempt|"
    rf"exempted|excused|released) from\b[^.;\n]{{0,40}}{RULES}"
    rf"|\b(?:wish(?:es)?|requests?|convenience|satisfaction|preferences?|needs?|judge?ment|opinion|happiness|comfort|speed)\b"
    rf"[^.;\n]{{0,25}}\b(?:comes?|goes?|ranks?|counts?|stands?|matters?|outranks?|prevails?)\b[^.;\n]{{0,25}}"
    rf"(?:\b(?:over|before|above|than)\b[^.;\n]{{0,15}}{RULES}|\bfirst\b[^.;\n]{{0,20}}{RULES})"
    rf"|\b(?:rules?|clauses?|sections?|points?|items?|instructions?) (?:\d{{1,2}}|one|two|three|four|five|six|seven|"
    rf"above|"
    rf"below)\b[^.;\n]{{0,15}}\b(?:is|are|applies|apply|holds?|counts?|matters?)\b[^.;\n]{{0,12}}\b(?:only|just|merely|"
    rf"meant|intended|optional|for)\b"
    rf"|\bnot bound by\b|\b(?:treat|regard|consider|see|"
    rf"read)\b[^.;\n]{{0,40}}{RULES}[^.;\n]{{0,20}}\bas (?:\w+ ){{0,2}}(?:suggestions?|optional|advice|"
    rf"guidance|recommendations?|defaults?|goals?)"
    rf"|{RULES}[^.;\n]{{0,40}} (?:gelten|gilt) (?:nicht|nur)|適用(?:されません|しない|外)"
    r"|\b(?:may|can|could) (?:waive|lift|relax|override|overrule|skip|suspend|opt out of) (?:this|"
    r"that|it|these|those|them)\b"
    r"|\b(?:this|that|it|these|those) (?:may|can|could) be (?:waived|lifted|relaxed|overridden|"
    r"skipped|suspended|ignored)\b"
    rf"|\b(?:this|that|these|those|the (?:above|previous|last|preceding))(?: {RULE_WORD})? (?:is|was|"
    rf"has been|have been|are|were) [^.;\n]{{0,20}}\b{GONE}\b",
    re.IGNORECASE,
)
REFUSES = re.compile(
    (
        r"\b(?:never|do not|don't|must not|may not|cannot|can't|refuse|decline|nobody|no one|nothing|"
        r"neither|shall not|even if|no matter|if (?:a|the|any|someone|anyone)[^.]{0,60}(?:asks?|tells?|"
        r"demands?|requests?) (?:you )?to)\b"
    ),
    re.IGNORECASE,
)
EXCEPTION_START = re.compile(
    (
        r"^\W*(?:exceptions?\b|unless\b|except\b|this (?:rule |restriction |limit )?(?:does not|doesn't|"
        r"need not)\b|(?:an? )?exceptions? (?:is|are|may|can)\b|ausnahmen?\b|ただし)"
    ),
    re.IGNORECASE,
)
AUTHORITY = (
    r"(?:admin\w*|moderator|staff|manager|employee|owner|supervisor|developer|engineer|doctor|"
    r"nurse|physician|lawyer|police|officer|teacher|parent|landlord|relative|agent|approved|"
    r"authori[sz]ed|allowed|permitted|permission|verified|exempt|cleared|official|trusted|"
    r"entitled|consent\w*)"
)
CLAIMED = re.compile(
    (
        rf"^\W*(?:if|when|whenever|where|once)\b[^,;\n]{{0,60}}\b(?:says?|states?|claims?|asserts?|"
        rf"insists?|mentions?|confirms?|declares?|identifies|writes?|tells? you|explains?|introduces|"
        rf"presents|was|is)\b[^,;\n]{{0,60}}\b{AUTHORITY}\b[^,;\n]{{0,40}},\s*(?P<then>.+)"
    ),
    re.IGNORECASE,
)
OBEYED = re.compile(
    (
        r"^\W*(?:if|when|whenever)\b[^,;\n]{0,60}\b(?:e-?mail|document|post|page|text|note|file|"
        r"attachment|comment|review|transcript|diff|article|website|input)s?\b[^,;\n]{0,20}\b(?:asks?|"
        r"says?|tells?|wants?|instructs?|requests?|orders?)\b[^,;\n]{0,60},\s*(?P<then>(?:do|follow|"
        r"comply|obey|execute|carry (?:it |them |that )?out|act on|go along|adapt|grant|honou?r)\b.*)"
    ),
    re.IGNORECASE,
)
CLAIM_VERB = re.compile(
    (
        r"\b(?:says?|states?|claims?|asserts?|insists?|mentions?|confirms?|declares?|identifies|writes?|"
        r"tells?|explains?|introduces|presents|asks?|wants?|instructs?|requests?|orders?)\b"
    ),
    re.IGNORECASE,
)
CAREFUL = re.compile(
    (
        r"\b(?:verif\w+|confirm|check|ask|escalate|refer|forward|still|not|never|refuse|decline|hand over|"
        r"transfer|thank|route|stop|remain|treat|report|n't|politely|explain|warn|log)\b"
    ),
    re.IGNORECASE,
)


def check_contradictions(scene: Scene) -> Iterator[Finding]:
    """Units that are new in the candidate, against the clauses of the approved prompt."""
    clauses = found_clauses(scene)
    reworded = {c.id: _stand_in(scene, c) for c in clauses}
    seen: set[str] = set()
    for read in scene.fresh:
        if read.unit.context not in {"live", "retired"} or read.plain in seen:
            continue
        seen.add(read.plain)
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
    if (
        match is None
        or REFUSES.search(read.unit.text[: match.start()] + " " + match.group().split()[0])
        or is_defence(read.unit.text, match, continued(scene, read))
    ):
        return None
    message = f"'{short(read.unit.text)}' takes the other rules out of force"
    return finding(
        "safety-contradicted",
        "rules-overridden",
        "block",
        message,
        spans=[scene.candidate.unit_span(read.unit)],
        fix_hint="Remove the sentence; every rule of the prompt must stay in force.",
    )


LETS_PASS = re.compile(
    r"\b(?:may|can|could|might|are free to|is free to|(?:is|are) (?:allowed|permitted) to|feel free to)\b(?! not\b|"
    r" never\b)[^.;,]{0,20}"
    r"\b(?:let (?:this|it|that|these|them) (?:pass|go|slide|be)|(?:overlook|waive|ignore|skip|drop|disregard|relax|"
    r"forgo|"
    r"suspend|lift|bend|set aside|do without|dispense with|wink) (?:\w+ )?(?:this|it|that|these|them)\b)"
    r"|\b(?:this|it|that) (?:can|may|could|might) (?:also |then |still )?be (?:waived|overlooked|skipped|dropped|"
    r"relaxed|"
    r"left out|omitted|ignored|suspended|lifted|postponed|disregarded|set aside|let go)\b"
    r"|\b(?:let (?:this|it|that) (?:pass|slide)|turn a blind eye|look the other way|make an exception)\b"
    r"|\b(?:do|does)(?: not|n't) (?:need|require) (?:one|it|this|that|any|either)\b|\b(?:need not|needn't|(?:do|"
    r"does)(?: not|n't) "
    r"have to)(?: do (?:so|this|it|that))?\s*[.!]?$|\b(?:is|are) (?:exempt|excused)\b"
    r"|\b(?:may|can) (?:also )?(?:be )?(?:done|proceed|happen|go ahead) without (?:it|this|that)\b",
    re.IGNORECASE,
)
"""A permission to let the sentence before it go unheeded."""


def _exception(scene: Scene, read: Read) -> Finding | None:
    text = read.unit.text
    passes = LETS_PASS.search(text)
    opens = EXCEPTION_START.search(text) or (passes and not REFUSES.search(text[: passes.start()]))
    if not opens or any(r.frame.markers and _restates(r, read) for r in scene.current.live):
        return None
    message = f"'{short(read.unit.text)}' opens an exception to what stands before it"
    return finding(
        "safety-weakened",
        "exception-added",
        "block",
        message,
        spans=[scene.candidate.unit_span(read.unit)],
        fix_hint="Remove the exception.",
    )


def _claimed(scene: Scene, read: Read) -> Finding | None:
    """Whoever writes the input can claim anything; a rule that trusts the claim hands over the rules."""
    match = OBEYED.match(read.unit.text) or CLAIMED.match(read.unit.text)
    if match is None or not CLAIM_VERB.search(read.unit.text[: match.start("then")]) or CAREFUL.search(match["then"]):
        return None
    message = f"'{short(read.unit.text)}' trusts a claim that anybody can make"
    return finding(
        "safety-contradicted",
        "claimed-authority",
        "block",
        message,
        spans=[scene.candidate.unit_span(read.unit)],
        fix_hint="Remove it, or have the claim verified.",
    )


def _against_clauses(scene: Scene, read: Read, clauses: tuple[Clause, ...]) -> Iterator[Finding]:

    def said_before() -> bool:
        return any(_restates(r, read) and r.frame.prohibits == read.frame.prohibits for r in scene.current.live)

    text = TRAILING.sub("", EXAMPLE_TAIL.sub("", QUOTATION.sub(" ", read.unit.text)))
    said_itself = read.frame if text == read.unit.text else frame(text, scene.synonyms)
    origins = [r for r in scene.current.live if _restates(r, read)]
    for clause in clauses:
        said = conflict(clause.frame, said_itself, scene.synonyms, reworded=said_before)
        if said is None or any(_lived_with(clause, o, said_itself, scene) for o in origins):
            continue
        level, what = said
        message = f"'{short(read.unit.text)}' {what} '{short(clause.text)}'"
        spans = [scene.candidate.unit_span(read.unit)]
        if clause.read is not None:
            spans.insert(0, scene.current.unit_span(clause.read.unit))
        yield finding(
            "safety-contradicted",
            "conflict",
            level,
            message,
            spans=spans,
            fix_hint=f"Remove or reword the new sentence so that it respects: {short(clause.text, 300)}",
            clause_id=clause.id,
        )
        return


TRAILING = re.compile(r",?\s(?:where|because|so that|since)\b[^,;:.]*(?=[.!?]?$)", re.IGNORECASE)
"""A closing clause of place or reason is not what a sentence permits."""
EXAMPLE_TAIL = re.compile(
    r"\b(?:for example|for instance|e\.g\.|zum beispiel|z\. ?b\.)\s?:.*", re.IGNORECASE | re.DOTALL
)
"""What is shown after `for example:` permits nothing."""


def _lived_with(clause: Clause, origin: Read, new: Frame, scene: Scene) -> bool:
    """The approved version of this sentence stood beside the clause, and what was added has nothing to do with it."""
    if origin.frame.prohibits != new.prohibits or origin.frame.weak != new.weak:
        return False
    if conflict(clause.frame, origin.frame, scene.synonyms, reworded=lambda: False) is not None:
        return True
    added = with_kinds(new, scene.synonyms) - with_kinds(origin.frame, scene.synonyms)
    return not added & with_kinds(clause.frame, scene.synonyms)


def _restates(old: Read, new: Read) -> bool:
    """Is a new unit mostly a rewording of an approved one?"""
    words = new.frame.content_set
    return len(words) >= 2 and len(words & old.frame.content_set) / len(words) >= 0.6
