"""Which units of the approved prompt are clauses that must keep their force."""

import re
from dataclasses import dataclass

from policies.guardrails import vocabulary as v
from policies.guardrails.document import Read
from policies.guardrails.frames import MANDATORY, Frame, is_content
from policies.guardrails.policy import Mode
from policies.guardrails.scene import Scene
from policies.guardrails.words import CJK
from policies.verdict import Severity

RULE_HEADING = re.compile(
    (
        r"\b(?:rules?|safety|must|never|always|hold|conduct|limits?|boundaries|constraints?|security|"
        r"privacy|compliance|policy|policies|guardrails?|duties|restrictions?|prohibited|forbidden|regeln|"
        r"sicherheit|règles|reglas)\b|規則|ルール|注意"
    ),
    re.IGNORECASE,
)
STYLE_HEADING = re.compile(r"\b(?:style|tone|voice|layout|length|stil|ton|register|manner)\b", re.IGNORECASE)
LENGTH = re.compile(
    r"\b\d+ (?:words?|sentences?|paragraphs?|lines?|characters?|bullet points?|bullets|wörtern?|sätzen?|zeichen|zeilen|"
    r"mots|phrases|palabras|frases)\b"
)
"""A limit of length makes a sentence that commands nothing else one of style."""
ONLY_LENGTH = re.compile(
    r"\W*(?:[a-z]+ )?(?:no more than|not more than|at most|up to|maximum(?: of)?|max\.?|under|below|within|no longer "
    r"than) \d+ (?:short )?"
    r"(?:words?|sentences?|entries|items|bullets?|points?|lines?|paragraphs?|steps?|characters?|tips?|examples?|"
    r"ideas|pages?)"
    r"(?: (?:in total|long|each|per \w+|altogether))?\W*"
)
LABELLED = re.compile(r"^\W*[A-Z][A-Z_-]{2,20}\W{0,3}[:=-]\s")
"""`FAST: damage under 500`: what a label of the answers means, with a figure."""
RESERVED = re.compile(
    r"\balone (?:decides?|approves?|may|can)\b|\b(?:go|goes|belongs?) (?:only |straight |directly )?to the (?!top|"
    r"bottom|end|start|next|"
    r"point|list)\w+|\b(?:is|are) (?:only )?(?:decided|granted|approved|handled|settled) by\b"
)
"""What only somebody else may do or decide, said without an operator."""
LEFT_ALONE = re.compile(
    r"\W*(?:leave|keep) [^,;.]{3,60} (?:as (?:it is|they are|written)|unchanged|untouched|unaltered|intact)\b"
)
KEPT_FROM = re.compile(
    r"\b(?:is|are|will be) (?:not|never) (?:accepted|allowed|shared|disclosed|published|given|sold|told|shown|passed|"
    r"discussed|refunded|insured|covered|paid|promised|named|served|admitted|lent|released|issued|handed|stored|"
    r"recorded|quoted|mentioned|forwarded|revealed|commented|corrected|judged|touched|eaten)\b|"
    r"\b(?:stays?|remains?|is|are) (?:strictly )?(?:secret|confidential|anonymous)\b"
)
"""`Photos of children are not published`: a prohibition told as a fact."""
TOLD = re.compile(
    r"\b(?:is|are|gets?) (?:told|asked|advised|sent|referred|directed|instructed|warned|transferred|put through|"
    r"handed over|escalated|forwarded|passed|reported)\b[^;:.]*\b(?:at once|immediately|straight away|right away|"
    r"first|without delay|before|911|112|999)\b"
)
"""`Callers in danger are told to phone 999`: a duty told as a fact."""
VERDICT_RULE = re.compile(
    r"\b(?:is|are|means|counts as|=>|->)\s+(?:always |never |an? |also )?"
    r"(?!(?:Y{2,4}|DD|MM|HH|ISO|UTC|GMT|JSON|CSV|XML|HTML|YAML|PDF|URL|UTF|VAT)\b)[A-Z]{3,}\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A clause to be compared: declared by owners, or found by the engine (`declared` False)."""

    id: str
    text: str
    frame: Frame
    plain: str
    read: Read | None
    declared: bool
    explicit: bool = True
    mode: Mode = "equivalent"
    context: str = "live"
    why: str = ""
    severity: Severity = "block"


def found_clauses(scene: Scene) -> tuple[Clause, ...]:
    """Safety clauses of the approved prompt that nobody declared: units that command and are not style limits."""
    return tuple(
        Clause(
            id=f"unit-{index + 1}",
            text=r.unit.text,
            frame=r.frame,
            plain=r.plain,
            read=r,
            declared=False,
            explicit=_explicit(r.frame),
        )
        for index, r in enumerate(scene.current.live)
        if is_clause(r)
    )


def _explicit(frame: Frame) -> bool:
    return bool(frame.strong) or VERDICT_RULE.search(frame.text) is not None


def is_clause(read: Read) -> bool:
    """Does a unit protect somebody or something, as opposed to asking for a style?"""
    framed = read.frame
    if read.unit.context == "heading" or len(framed.content) < 1 or is_style(framed) or _styled(read):
        return False
    if framed.strong or VERDICT_RULE.search(framed.text):
        return framed.strength >= MANDATORY - 1
    if (framed.explicit and framed.strength >= 2) or (
        any(n.bound for n in framed.numbers) and LABELLED.match(framed.text)
    ):
        return True
    if LEFT_ALONE.match(framed.low) or any(p.search(framed.low) for p in (RESERVED, KEPT_FROM, TOLD)):
        return True
    imperative = v.GUARD_VERB.match(framed.low) or re.match(
        r"(?:[^,]{0,80}|[^:.]{3,120}(?=:)|(?:if|when|whenever) .{0,160}?)(?:,|:) (?:then |first |please )?"
        + v.GUARD_VERB.pattern,
        framed.low,
    )
    if (
        not imperative
        and re.search(r"\b(?:before|at once|immediately|without|sofort|umgehend|unverzüglich)\b", framed.low)
        and re.match(r"(?:if [^,]+, )?[a-z]+ ", framed.low)
    ):
        return True
    return bool(imperative or (framed.prohibits and framed.numbers)) or (
        RULE_HEADING.search(read.unit.heading) is not None and read.unit.bullet
    )


def _styled(read: Read) -> bool:
    return STYLE_HEADING.search(read.unit.heading) is not None and not read.frame.explicit


def is_style(framed: Frame) -> bool:
    """Length, tone and layout are not safety; a unit is style when that is most of what it speaks of."""
    if ONLY_LENGTH.fullmatch(framed.low):
        return True
    if LENGTH.search(framed.low) and not framed.prohibits and not framed.strong:
        return True
    hits = sum(len(m.group().split()) for m in v.STYLE.finditer(framed.low.replace("word for word", "")))
    if not framed.text.isascii() and CJK.search(framed.text) and v.STYLE_CJK.search(framed.text):
        return not v.NEGATION_CJK.search(framed.text)
    if not hits:
        return False
    content = [t for t in framed.tokens if is_content(t) and not t.lemma[0].isdigit()]
    rest = len(content) - hits
    return rest <= (1 if framed.prohibits else hits + (1 if framed.strong else 3))
