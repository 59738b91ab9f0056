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
VERDICT_RULE = re.compile(r"\b(?:is|are|means|counts as|=>|->)\s+(?:always |never |an? |also )?[A-Z]{3,}\b")


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
    if framed.explicit and framed.strength >= 2:
        return True
    imperative = v.GUARD_VERB.match(framed.low) or re.match(
        r"[^,]{0,80}(?:,|:) (?:then |first |please )?" + v.GUARD_VERB.pattern, framed.low
    )
    if (
        not imperative
        and re.search(r"\b(?:before|at once|immediately|without)\b", framed.low)
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
    if LENGTH.search(framed.low) and not framed.prohibits and not framed.strong:
        return True
    hits = len(v.STYLE.findall(framed.low.replace("word for word", "")))
    if CJK.search(framed.text) and v.STYLE_CJK.search(framed.text):
        return not v.NEGATION_CJK.search(framed.text)
    if not hits:
        return False
    content = [t for t in framed.tokens if is_content(t) and not t.lemma[0].isdigit()]
    rest = len(content) - hits
    return rest <= (1 if framed.prohibits else hits + (1 if framed.strong else 3))
