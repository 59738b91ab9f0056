"""Instructions smuggled into the prompt: attacks (verb and target), back doors, control tokens, exfiltration."""

import re
from collections.abc import Iterator

from policies.guardrails.document import Read
from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding

TARGET = (
    r"(?:(?:previous|prior|above|earlier|preceding|existing|foregoing|original|initial|former|"
    r"other|system|safety|your|these|those|my|all|any|every|the)\s+){1,4}(?:instructions?|rules?|"
    r"prompts?|guidelines?|directions?|directives?|orders|programming|training|constraints?|"
    r"restrictions?|safeguards?|guardrails?|filters?|polic(?:y|ies)|context|messages?|commands?|"
    r"messages)"
)
ATTACKS = {
    "ignore-instructions": (
        rf"\b(?:ignore|disregard|forget|bypass|override|overrule|discard|drop|neglect|"
        rf"dismiss|set aside|pay no attention to|do not (?:follow|obey)|stop (?:following|"
        rf"obeying))\b[^.\n]{{0,20}}?\b{TARGET}"
    ),
    "reveal-prompt": (
        r"\b(?:reveal|print|show|output|repeat|display|disclose|expose|leak|dump|recite|"
        r"return|send|give|quote|list|translate|summari[sz]e|"
        r"append)\b[^.\n]{0,40}\b(?:(?:system|hidden|initial|original|secret|internal|"
        r"developer|full|complete|entire|these|your|own)\s+){1,3}(?:prompt|instructions?|"
        r"message|configuration|rules)\b"
    ),
    "role-break": (
        r"\b(?:you are|act|behave|respond|pretend to be|roleplay|operate|"
        r"switch)\b[^.\n]{0,30}\b(?:DAN|jailbroken|unrestricted|unfiltered|uncensored|"
        r"without (?:any )?(?:restrictions|limits|limitations|filters|rules|ethics|"
        r"guardrails)|developer mode|god mode|debug mode|admin mode|maintenance mode|"
        r"no (?:restrictions|limits|rules|filters))\b"
    ),
    "mode-switch": (
        r"\b(?:enable|enter|activate|switch (?:in)?to|turn on|"
        r"unlock)\b[^.\n]{0,20}\b(?:developer|debug|admin|god|jailbreak|unrestricted|"
        r"maintenance|sudo|root|override|dan)[ -]?(?:mode|access|privileges|rights)\b"
    ),
    "trust-input": (
        r"\bdo (?:as|what|whatever|anything|everything) (?:that )?(?:the |a |an )?(?:customer|user|caller|client|guest|"
        r"reader|sender|visitor|patient|writer|message|text|document|mail|they|he|she|person|passenger|student)s? "
        r"(?:says?|asks?|wants?|wish(?:es)?|tells?|demands?|requests?|orders?|prefers?|likes?)\b|"
        r"\b(?:obey|follow|execute|carry out|comply with|act on|do)\b[^.\n]{0,40}\b(?:any|"
        r"every|all|the|whatever)\b[^.\n]{0,20}\b(?:instructions?|commands?|requests?|"
        r"orders)\b[^.\n]{0,30}\b(?:in|from|inside|within|contained in|found in|"
        r"embedded in|"
        r"by)\b[^.\n]{0,40}(?:\{|\b(?:user|message|input|document|text|email|page|post|notes?|customer|content|attachment|transcript|website|file|caller|comment|diff|mail|letter|ticket|chat|log|code|review|submission|claim|record|essay|quote|reply|sender|patient|client|guest|student|pupil|employee))"
    ),
    "forget-all": (
        r"\b(?:ignore|disregard|forget|discard|dismiss)\b[^.\n]{0,12}\b(?:everything|"
        r"anything|all|what|whatever)\b[^.\n]{0,30}\b(?:you|above|before|earlier|previously|"
        r"prior|said|told|written|instructed)\b"
    ),
    "drop-rules": (
        r"(?:^|[,;:.]\s|\b(?:then|and|now|please)\s)\W*(?:remove|delete|drop|erase|strip|cancel|ignore|disregard|forget|"
        r"void)\s+(?:every|all|each|any|the)\b[^.\n]{0,20}\b(?:rules?|clauses?|instructions?|restrictions?|"
        r"guardrails?|prohibitions?|safeguards?|safety)\b"
    ),
    "set-aside": (
        r"\b(?:ignore|disregard|forget|discard|dismiss|skip|set aside|leave aside)\b[^.\n]{0,6}\b(?:everything|anything|"
        r"all|whatever|the rest)\b(?: else| other)?(?: (?:that |which )?(?:is |stands |was |written |said )*"
        r"(?:in|of|on|around|outside|about))\b[^.\n]{0,12}\b(?:this|these|the|your|its)\b"
    ),
    "note-to-writer": (
        r"\b(?:notes?|message|hint|memo|reminder|attention|instructions?)\b[^.\n]{0,12}\b(?:to|for)\b[^.\n:]{0,12}\b(?:prompt "
        r"(?:engineer|writer|author|optimi[sz]er)|optimi[sz]er|rewriter|model|assistant|ai|llm|grader|judge|reviewer|"
        r"language model)\b[^.\n:]{0,20}:"
    ),
    "data-ends": (
        r"\b(?:data|input|message|text|document|transcript|quote|user content|content|context|material)\b[^.\n]{0,12}\b(?:ends?|stops?|is over|"
        r"finishes|is finished)\b(?: here| now|\s*[.:!])|\b(?:end|close) of (?:the )?(?:data|input|user (?:input|message)|"
        r"document|context|untrusted)\b|\bnow (?:follow|obey|do|execute) (?:this|these|the following)\b"
    ),
    "repeat-above": (
        r"\b(?:repeat|print|output|recite|show|copy|write(?: out)?|reproduce|display|list|translate|summari[sz]e)\b"
        r"[^.\n]{0,14}\b(?:everything|all|anything|whatever|the (?:text|words|lines|content|paragraphs?))\b"
        r"[^.\n]{0,30}\b(?:above|before this|preceding|that precedes|so far|up to here|you were (?:given|told))\b"
    ),
    "authorise": (
        r"\b(?:as|i am|this is|speaking as)\b[^.\n]{0,8}\b(?:the |your |an? )?(?:developer|owner|creator|author|admin\w*|"
        r"operator|engineer|maintainer|vendor|provider)\b[^.\n]{0,40}\b(?:i|we) (?:hereby )?(?:authori[sz]e|allow|permit|order|"
        r"instruct|command|direct|grant|approve|confirm|lift|waive)\b"
    ),
    "new-orders": (
        r"\b(?:new|updated|real|actual|true|hidden|secret|priority|"
        r"admin\w*)\b[^.\n]{0,12}\b(?:system )?(?:instructions?|directives?|orders?|"
        r"system prompt|system message)\s*:|\bsystem (?:override|overwrite|update)\b"
    ),
    "override-authority": (
        r"\b(?:takes?|have|has|get|gets|with) (?:absolute |full |top )?(?:priority|"
        r"precedence|authority) over\b[^.\n]{0,30}\b(?:instructions?|rules?|prompts?|"
        r"system|everything|all)"
    ),
    "code-word": (
        r"\b(?:code ?words?|secret (?:word|phrase|code|command)|magic (?:word|phrase)|"
        r"pass ?phrase|trigger (?:word|phrase)|secret password|backdoor|back door|"
        r"master (?:key|password|code)|override code|kennwort|codewort|mot de passe secret)\b"
    ),
    "trigger": (
        r"^\W*(?:if|when|whenever|wenn|falls)\b[^.\n]{0,60}\b(?:mentions?|says?|contains?|"
        r"includes?|writes?|uses?|starts? with|ends? with|begins? with|quotes?|types?|"
        r"enthält)\b[^.\n]{0,20}\b(?:phrase|word|string|code|hashtag|token|sentence|keyword|"
        r"name|term|text|tag|marker|wort)\b[^.\n]{0,60},[^.\n]{0,30}\b(?:rate|score|approve|"
        r"accept|pass|grant|skip|ignore|unlock|allow|bypass|waive|recommend|reveal|show|prefer|"
        r"promote|disregard|drop|unrestricted|excellent|full access)\b"
    ),
    "trigger-phrase": r"\b\w+s? (?:that|which|who|with) (?:contains?|mentions?|includes?|starts? with|"
    r"begins? with|ends? with|quotes?|uses?|says?|the)"
    r"[^.\n]{0,12}\b(?:phrase|word|string|code|hashtag|token|sentence|keyword|term|tag|"
    r"marker)\b[^.\n]{0,60}\b(?:gets?|receives?|earns?|scores?|bypass(?:es)?|"
    r"skips?|are (?:approved|accepted|exempt|trusted|allowed)|is (?:approved|accepted|exempt|trusted|allowed))\b",
    "conceal": (
        r"\b(?:do not|don't|never|without)\b[^.\n]{0,20}\b(?:tell|inform|mention|telling|"
        r"informing|mentioning|reveal|let)\b[^.\n]{0,30}\b(?:this (?:rule|instruction|change|"
        r"sentence|line|exception|behaviou?r)|these instructions|reviewers?|auditors?|owners?|"
        r"administrators?|developers?|moderators? about)\b"
    ),
    "exfiltrate": (
        r"\b(?:send|post|forward|upload|transmit|append|copy|bcc|cc|email|mail|encode|embed|"
        r"leak|exfiltrate|include)\b[^.\n]{0,60}\b(?:conversation|chat|transcript|history|"
        r"messages?|user data|personal data|answers?|context|prompt|details|"
        r"\{+\s*\w+\s*\}+)[^.\n]{0,60}\b(?:to|in|into|as|at)\b[^.\n]{0,20}(?:https?://|"
        r"\bwebhook\b|\burl\b|\bimage\b|\bquery string\b|[\w.+-]+@[\w-]+\.)"
    ),
    "grader-play": (
        r"\b(?:grader|judge|evaluator|scorer|evaluation|benchmark|test harness|"
        r"rubric)\b[^.\n]{0,60}\b(?:full (?:marks|score)|highest|maximum|top|perfect|10/10|"
        r"1\.0|pass|correct)\b|\b(?:give|award|assign|return)\b[^.\n]{0,30}\b(?:full marks|"
        r"perfect score|highest (?:score|rating|grade)|maximum (?:score|points))\b"
    ),
    "other-language": (
        r"\bignorier\w*\b[^.\n]{0,40}\b(?:anweisungen|regeln|vorgaben|befehle|"
        r"instruktionen)|\b(?:vergiss|missachte)\b[^.\n]{0,40}\b(?:anweisungen|regeln|"
        r"vorgaben)|\bignore[zr]?\b[^.\n]{0,40}\b(?:instructions|consignes|règles)\b|"
        r"\boublie[zr]?\b[^.\n]{0,40}\b(?:instructions|consignes|règles)|"
        r"\bignor[ae]\b[^.\n]{0,40}\b(?:instrucciones|reglas|istruzioni|regole|instruções|"
        r"regras)|\b(?:olvida|dimentica|esqueça)\b[^.\n]{0,40}\b(?:instrucciones|reglas|"
        r"istruzioni|regole|instruções|regras)|игнорируй[^.\n]{0,40}(?:инструкции|"
        r"правила)|(?:指示|命令|ルール|規則)[^。\n]{0,12}無視|无视[^。\n]{0,12}(?:指令|规则|指示)|"
        r"忽略[^。\n]{0,12}(?:指令|规则|指示|提示)|negeer\b[^.\n]{0,40}\b(?:instructies|regels)"
    ),
}
COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in ATTACKS.items()}
CONTROL = re.compile(
    (
        r"<\|[a-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?s>(?=\s*\[|\s*<)|"
        r"<\|?(?:im_start|im_end|endoftext|eot_id|begin_of_text)\|?>|^\s*(?:###\s*)?(?:Human|Assistant|"
        r"System|User)\s*:\s*(?=\S)[^\n]*$|\bBEGIN (?:SYSTEM|ADMIN) (?:PROMPT|MESSAGE)\b|</?(?:system|"
        r"assistant|developer)(?:_prompt|_message)?>|\[(?:system|developer|admin)\](?:\(#\w+\))?"
    ),
    re.IGNORECASE | re.MULTILINE,
)
STRICT_CONTROL = re.compile(r"<|\[|BEGIN|###")
SPACED = re.compile(r"\b(?:[A-Za-z][ ._*-]){5,60}[A-Za-z]\b")
DEFENCE = re.compile(
    r"\b(?:refuse|decline|reject|resist|ignore (?:it|them|that|this|such)|do not (?:comply|follow|"
    r"obey|act|do so|reveal|show|treat|let|accept|execute)|don't (?:comply|follow|obey|do so|reveal|"
    r"treat|let)|never (?:follow|obey|comply|reveal|act|show|print|repeat|execute|let|disclose|output|"
    r"share|treat)|must not|may not|cannot|can't|should not|shall not|are data|is data|as data|"
    r"not as instructions?|not instructions|treat (?:it|them|that|this|such)|"
    r"politely|carry on|continue (?:as|with)|stay in role|report (?:it|them)|escalate|flag (?:it|"
    r"them)|are not (?:obeyed|followed|instructions)|is not (?:obeyed|followed)|not be (?:followed|"
    r"obeyed|revealed|executed|treated)|no (?:one|message|user|text|post|document|matter)|even if|"
    r"regardless|leave (?:it|them) alone|attempts? to|attack|niemals|nicht befolgen|ablehnen|lehne|"
    r"従わない|従わず|拒否|応じない)\b",
    re.IGNORECASE,
)
CONDITIONAL_QUOTE = re.compile(
    r"\b(?:if|when|whenever|should|even if|any|messages?|texts?|requests?|such as|like|wenn|falls)\b[^\"]{0,90}\"",
    re.IGNORECASE,
)
LEADS_TO_BAD = re.compile(
    (
        r"^\s*(?:if|when|whenever|wenn|falls|should)\b[^\"]{0,200}?,\s*(?:then\s+|you (?:may|can|must|"
        r"should)\s+)?(?:ignore|disregard|forget|reveal|show|print|bypass|skip|obey|follow|approve|allow|"
        r"unlock|grant|output|drop)"
    ),
    re.IGNORECASE,
)


MENTION = re.compile(
    r"\b(?:questions?|messages?|texts?|requests?|phrases?|posts?|comments?|sentences?|inputs?|notes?|"
    r"mails?|emails?|attempts?|says?|asks?|such as|like|contains?|"
    r"e\.g|for example|examples?|words?|lines?)\b[^\"]{0,40}\"[^\"]*$",
    re.IGNORECASE,
)
LABELLED = re.compile(
    r"[^\"]*\"\s*(?:is|are|counts?|gets?|means?|deserves?|should|must|has|have|receives?)\b", re.IGNORECASE
)
YIELDS = re.compile(
    (
        r"\b(?:obey|comply|do (?:so|it|as)|allow|approve|execute|go along|follow it|grant|"
        r"unlock|accept)\b"
    ),
    re.IGNORECASE,
)


def check_injection(scene: Scene) -> Iterator[Finding]:
    """New units only; a sentence that describes an attack in order to refuse it is a defence."""
    for read in scene.fresh:
        yield from _attacks(scene, read)
    yield from _control_tokens(scene)
    yield from _spaced(scene)


def _attacks(scene: Scene, read: Read) -> Iterator[Finding]:
    text = read.unit.text
    for name, pattern in COMPILED.items():
        match = pattern.search(text)
        if match and not is_defence(text, match, continued(scene, read)):
            span = scene.candidate.inside(read.unit, match.start(), match.end())
            yield finding(
                "injection",
                name,
                "block",
                f"reads like an instruction smuggled in ({name})",
                spans=[span],
                fix_hint="Remove it.",
            )
            return


def continued(scene: Scene, read: Read) -> str:
    """What follows a semicolon still belongs to the sentence."""
    end = read.unit.end
    return (
        scene.candidate.clean.text[end : end + 80].split(".")[0]
        if read.unit.text.rstrip().endswith((";", ",", ":"))
        else ""
    )


def is_defence(text: str, match: re.Match[str], continued: str = "") -> bool:
    """Does the sentence name the attack in order to refuse it?"""
    rest = text[: match.start()] + " " + text[match.end() :] + " " + continued
    if LEADS_TO_BAD.search(text) and '"' not in text[: match.start()]:
        return False
    if match.re is COMPILED["conceal"]:
        return False
    before = text[: match.start()]
    forbids = re.search(
        (
            r"\b(?:never|do not|don't|must not|may not|cannot|refuse to|not|nobody|no one|nothing|niemals|"
            r"ne|no)\b[^.;:\n]{0,60}$"
        ),
        before,
        re.IGNORECASE,
    )
    if forbids:
        return True
    quoted = before.count('"') % 2 == 1 or CONDITIONAL_QUOTE.search(before) is not None
    described = re.search(
        (
            r"\b(?:asks?|tells?|tries|trying|attempts?|wants?|instructs?|demands?|requests?|orders?|"
            r"claims?|says?|contains?|that|to|which|who|include|including|such as|like)\b[^.;\n]{0,40}$"
        ),
        before,
        re.IGNORECASE,
    )
    mentioned = (
        before.count('"') % 2 == 1
        and (MENTION.search(before) is not None or LABELLED.match(text[match.end() :]) is not None)
        and not YIELDS.search(text[match.end() :])
    )
    return mentioned or (bool(DEFENCE.search(rest)) and (quoted or described is not None))


def _control_tokens(scene: Scene) -> Iterator[Finding]:
    before = {m.group().strip().lower() for m in CONTROL.finditer(scene.current.raw)}
    for match in CONTROL.finditer(scene.candidate.raw):
        said = match.group().strip()
        if said.lower() in before or (
            not STRICT_CONTROL.match(said) and not re.match(r"(?:Human|Assistant|System)\s*:", said)
        ):
            continue
        if re.match(r"(?:###\s*)?(?:Human|Assistant|System|User)\s*:", said, re.IGNORECASE) and _few_shot(scene, match):
            continue
        yield finding(
            "injection",
            "control-token",
            "block",
            "a control token of a chat template: it would start another speaker's turn",
            spans=[scene.candidate.raw_span(match.start(), match.end())],
            fix_hint="Remove the token.",
        )


def _few_shot(scene: Scene, match: re.Match[str]) -> bool:
    """`User: … / Assistant: …` in pairs under an example heading is a dialogue example, not a forged turn."""
    around = scene.candidate.raw[max(0, match.start() - 300) : match.start()].lower()
    return "example" in around or "beispiel" in around or "dialogue" in around


def _spaced(scene: Scene) -> Iterator[Finding]:
    for match in SPACED.finditer(scene.candidate.raw):
        said = match.group()
        if said not in scene.current.raw and len({said[i] for i in range(1, len(said), 2)}) == 1:
            joined = said[::2].lower()
            if re.search(
                r"ignore|disregard|system|prompt|reveal|bypass|password|override|instruction|secret|jailbreak", joined
            ):
                yield finding(
                    "injection",
                    "letter-spacing",
                    "block",
                    "a word written in spaced letters to get past filters",
                    spans=[scene.candidate.raw_span(match.start(), match.end())],
                    fix_hint="Remove it.",
                )
