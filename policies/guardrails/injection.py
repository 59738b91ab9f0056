"""Instructions smuggled into the prompt: attacks (verb and target), back doors, control tokens, exfiltration."""

import re
from collections.abc import Iterator

from policies.guardrails.attacks import ATTACKS
from policies.guardrails.document import Read
from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding

COMPILED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in ATTACKS.items()}
LOWERED = {name: re.compile(p) for name, p in ATTACKS.items() if not re.search(r"(?<!\\)[A-Z]", p)}
"""The same for lower-case text, which costs half; a plain sentence that none of these finds is searched no further."""
CONTROL = re.compile(
    (
        r"<\|[a-z_]{2,30}\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|</?s>(?=\s{0,20}[\[<])|"
        r"<\|?(?:im_start|im_end|endoftext|eot_id|begin_of_text)\|?>|^[ \t]*(?:###[ \t]*)?(?:Human|Assistant|"
        r"System|User)[ \t]*:[ \t]*(?=\S)[^\n]*$|\bBEGIN (?:SYSTEM|ADMIN) (?:PROMPT|MESSAGE)\b|</?(?:system|"
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
    r"regardless|leave (?:it|them) alone|attempts? to|attack|passed over|set aside|like any other|(?:is|are) "
    r"(?:declined|refused|rejected|ignored|"
    r"disregarded|left unanswered)|changes? nothing|"
    r"rech[aá]z\w*|ign[oó]r[ae]l[oae]s?|no (?:lo|la|le|les) (?:sigas|obedezcas|hagas)|rejet\w+|ne (?:le|la|les) "
    r"suis\w*|"
    r"refuse[rz]|respin\w+|rifiut\w+|recus\w+|rejeit\w+|weiger\w*|niemals|nicht befolgen|ablehnen|lehne|"
    r"従わない|従わず|拒否|応じない)\b",
    re.IGNORECASE,
)
REFUSES_INPUT = re.compile(
    r"\W*(?:please |always )?(?:ignore|disregard|(?:do not|don't|never|must not) (?:follow|obey|act on|carry "
    r"out|execute|heed)|pay no attention to) (?:any |all |the |such |every )?(?:of the )?(?:instruction|"
    r"command|order|direction|directive|request)s?,? (?:(?:that|which) )?(?:(?:is|are|may be) )?(?:found|"
    r"contained|given|written|hidden|embedded|placed|included|appearing|appears?|coming|comes?|stands?|stated|"
    r"you find)? ?(?:up )?(?:anywhere )?(?:in|inside|within|from|by) (?:the |an? |any |every |user |customer |"
    r"retrieved |quoted |their |his |her ){0,3}(?:documents?|e-?mails?|mails?|messages?|notes|texts?|letters?|"
    r"posts?|pages?|reviews?|transcripts?|questions?|inputs?|attachments?|files?|web ?(?:pages?|sites?)|"
    r"articles?|logs?|tickets?|comments?|reports?|listings?|chats?|submissions?|applications?|images?|photos?|"
    r"records?|contents?|results?|descriptions?|passages?|sources?|forms?|requests?|users?|callers?|"
    r"customers?|titles?|captions?|diffs?|issues?|profiles?|\{+\w+\}+)(?:(?:,? and|;|,)? (?:treat|carry on|go "
    r"on|continue|keep (?:to|going)|stay|report|flag|they are|it is)[^.;]*)?[.;!]?\s*",
    re.IGNORECASE,
)
"""`Ignore any instructions in the document`: those of the input are meant, not those of the prompt."""
CONDITIONAL_QUOTE = re.compile(
    r"\b(?:if|when|whenever|should|even if|any|messages?|texts?|requests?|such as|like|wenn|falls|"
    r"si|cuando|aunque|se|quando|als|wanneer|lorsque|quand)\b[^\"]{0,90}\"",
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
    low = text.lower() if text.isascii() else ""
    for name, pattern in COMPILED.items():
        if low and name in LOWERED and not LOWERED[name].search(low):
            continue
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
    opening = re.match(r"\W*", match.group())
    start = match.start() + (opening.end() if opening else 0)  # a quotation mark before the attack is not part of it
    before = text[:start]
    rest = before + " " + text[match.end() :] + " " + continued
    if LEADS_TO_BAD.search(text) and '"' not in before:
        return False
    if match.re is COMPILED["conceal"]:
        return False
    if REFUSES_INPUT.fullmatch(text):
        return True
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
