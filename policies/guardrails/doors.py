"""Sentences that open a door by themselves, whatever the clauses are: rules overridden, exceptions, trusted claims."""

import re

from policies.guardrails.clauses import Clause
from policies.guardrails.document import Read
from policies.guardrails.evidence import carve_outs
from policies.guardrails.injection import continued, is_defence
from policies.guardrails.retired import GONE, RULE_WORD
from policies.guardrails.scene import Scene, finding, short
from policies.verdict import Finding

RULES = (
    r"(?:rules?|instructions?|guidelines?|restrictions?|limits?|limitations?|policies|policy|"
    r"safeguards?|requirements?|constraints?|checks?|prohibitions?|conditions|above|dut(?:y|ies)|boundar(?:y|ies)|"
    r"obligations?|commitments?|bans?|clauses?|regeln?|"
    r"vorgaben|規則|ルール)"
)
OVERRIDE = re.compile(
    rf"{RULES}[^.;\n]{{0,60}}\b(?:do(?:es)? not|don't|doesn't|need not|no longer|never) (?:apply|hold|"
    rf"bind|count|matter|be followed|be kept|be observed|concern you|stand)"
    rf"|\b(?:ignore|disregard|override|overrule|suspend|set aside|skip|bypass|relax|waive|drop|lift|"
    rf"forget|overlook)\b[^.;\n]{{0,30}}\b(?:the|these|those|all|any|above|previous|earlier|other|this|"
    rf"its|your)\b[^.;\n]{{0,30}}{RULES}"
    rf"|{RULES}[^.;\n]{{0,50}}\b(?:may|can|could|is|are|might) (?:be )?(?:also )?(?:ignored|waived|"
    rf"relaxed|suspended|lifted|skipped|bypassed|overridden|broken|bent|set aside|disregarded|optional|"
    rf"guidelines only|only guidelines|guidelines|flexible|suggestions)"
    rf"|\b(?:takes?|have|has|taking) (?:precedence|priority) over\b[^.;\n]{{0,40}}{RULES}|\b(?:exempt|"
    rf"exempted|excused|released) from\b[^.;\n]{{0,40}}{RULES}"
    rf"|\b(?:wish(?:es)?|requests?|convenience|satisfaction|preferences?|needs?|judge?ment|opinion|happiness|comfort|"
    rf"speed)\b"
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
OVERRIDE_CUES = (
    *(
        "rule",
        "instruction",
        "guideline",
        "restriction",
        "limit",
        "polic",
        "safeguard",
        "requirement",
        "constraint",
        "check",
    ),
    *(
        "prohibition",
        "condition",
        "above",
        "dut",
        "boundar",
        "obligation",
        "commitment",
        "ban",
        "clause",
        "regel",
        "vorgab",
    ),
    *(
        "規則",
        "ルール",
        "適用",
        "not bound",
        "waive",
        "lift",
        "relax",
        "overrid",
        "overrul",
        "skip",
        "suspend",
        "opt out",
    ),
    *("ignore", "section", "point", "item", "this", "that", "these", "those", "previous", "preceding", "last"),
)
"""Without one of these no expression of `OVERRIDE` can match."""
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
        r"^\W*(?:if|when|whenever)\b[^,;\n]{0,60}\b(?:claim|ticket|profile|letter|log|message|question|request|caption|"
        r"comment|title|form|record|e-?mail|document|post|page|text|note|file|"
        r"attachment|comment|review|transcript|diff|article|website|input)s?\b[^,;\n]{0,20}\b(?:asks?|"
        r"says?|tells?|wants?|instructs?|requests?|orders?|names?|suggests?|demands?|"
        r"proposes?)\b[^,;\n]{0,60},\s*(?P<then>(?:"
        r"(?:use|give|return|choose|set|assign|take|write|print|produce|send|answer with) (?:that|it|this|them|the "
        r"same)\b|do|follow|"
        r"comply|obey|execute|carry (?:it |them |that )?out|act on|go along|adapt|grant|honou?r)\b.*)"
    ),
    re.IGNORECASE,
)
CLAIM_VERB = re.compile(
    (
        r"\b(?:says?|states?|claims?|asserts?|insists?|mentions?|confirms?|declares?|identifies|writes?|"
        r"tells?|explains?|introduces|presents|asks?|wants?|instructs?|requests?|orders?|names?|suggests?|demands?|"
        r"proposes?)\b"
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


def overrides(scene: Scene, read: Read) -> Finding | None:
    low = read.unit.text.lower()
    match = OVERRIDE.search(read.unit.text) if any(cue in low for cue in OVERRIDE_CUES) else None
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
    r"|\b(?:is|are) (?:the |an |the only |our |some )?exceptions?\b"
    r"|\b(?:may|can) (?:also )?(?:be )?(?:done|proceed|happen|go ahead) without (?:it|this|that)\b",
    re.IGNORECASE,
)
"""A permission to let the sentence before it go unheeded."""


def opens_exception(scene: Scene, read: Read) -> Finding | None:
    text = read.unit.text
    passes = LETS_PASS.search(text)
    opens = EXCEPTION_START.search(text) or (passes and not REFUSES.search(text[: passes.start()]))
    if not opens or any(r.frame.markers and restates(r, read) for r in scene.current.live):
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


def hangs_on(scene: Scene, read: Read, clauses: tuple[Clause, ...]) -> Finding | None:
    """`Ask before you save; short drafts can be saved straight away`: a carve-out right behind the clause it undoes."""
    before = scene.candidate.text_before(read.unit)
    if before is None:
        return None
    clause = next((c for c in clauses if before.plain == c.plain), None)
    signs = carve_outs(read.frame)
    joined = before.unit.text.endswith((";", ",", ":"))
    if clause is None or not signs or (not joined and not signs & {"release", "trust"} and len(signs) < 2):
        return None
    message = f"'{short(read.unit.text)}' opens a door ({', '.join(sorted(signs))}) right behind '{short(clause.text)}'"
    spans = [scene.candidate.unit_span(read.unit)]
    hint = f"Remove it, or say what keeps '{short(clause.text, 300)}' in force."
    return finding(
        "safety-weakened", "exception-added", "flag", message, spans=spans, fix_hint=hint, clause_id=clause.id
    )


def trusts_claim(scene: Scene, read: Read) -> Finding | None:
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


def restates(old: Read, new: Read) -> bool:
    """Is a new unit mostly a rewording of an approved one?"""
    words = new.frame.content_set
    return len(words) >= 2 and len(words & old.frame.content_set) >= 0.6 * len(words)
