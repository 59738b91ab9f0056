"""The output contract a prompt states: keys, types, labels, fixed sentences, tools, format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from policies.guardrails.document import Document
from policies.guardrails.units import Unit

KEY = re.compile(
    r'"([A-Za-z_][\w -]{0,40})"\s*:(?=\s*("[^"\n]{0,80}"(?:\s*\|\s*"[^"\n]{0,80}")*|[\[{]|[\w.|<> -]{1,40})?)'
)
KEY_LIST = re.compile(
    (
        r"\b(?:keys?|fields?|properties|columns|[Ss]chlüsseln?|[Ff]eldern?|[Ss]palten|claves|campos|columnas|clés|"
        r"champs|colonnes|chiavi|campi)\b(?: (?:are|named|called|"
        r"exactly|only|must "
        r"be))*\s*[:=]?\s*((?:[`\"']?[a-z_][\w]*[`\"']?(?:\s*\([^)]{1,60}\))?(?:\s*,\s*(?:and\s+)?|"
        r"\s+(?:and|und|y|et|e)\s+)?){1,30})"
    ),
)
KEY_HEADING = re.compile(r"\b(?:keys?|fields?|properties|attributes|columns)\b", re.IGNORECASE)
LISTED_KEY = re.compile(r"[`\"']?([a-z_]\w*)[`\"']?(?:\s*\(([^)]{1,60})\))?")
TYPE_WORDS = re.compile(
    r"\b(string|text|number|integer|int|float|decimal|boolean|bool|array|list|object|null|date|true|false|iso\S*)\b",
    re.IGNORECASE,
)
CAPS = r"[A-Z][A-Z0-9_]+(?:[ -][A-Z0-9_]+){0,2}"
ASIDE = r"(?:\s?\([^()\n]{0,40}\))?"
CAPS_LIST = re.compile(
    rf"(?<![\w]){CAPS}(?:{ASIDE}\s*(?:,|\||/|;|\bor\b|\band\b|\boder\b|\bund\b)+\s*(?:or |and |oder |"
    rf"und )?{CAPS})+(?![\w])"
)
CUED_LIST = re.compile(
    r"\b(?:one of|exactly one(?: word| label| category| of)?|labels?|categor(?:y|ies)|classes|"
    r"priorit(?:y|ies)|values?|choose (?:from|between)|classif\w+ [^.:\n]{0,40}\b(?:as|into)|"
    r"sort [^.:\n]{0,30}into|answer (?:only )?(?:with )?(?=yes))\b"
    r"(?: the following| these)?\s*[:=(]?\s*([`\"']?[\w-]+(?: [\w-]+)?[`\"']?(?:\s*(?:,|\||/|\bor\b|"
    r"\band\b)\s*(?:or |and )?[`\"']?[\w-]+(?: [\w-]+)?[`\"']?)+)",
    re.IGNORECASE,
)
PIPED = re.compile(r"(?<![\w-])[`\"']?[\w-]{1,40}[`\"']?(?:\s{0,3}\|\s{0,3}[`\"']?[\w-]{1,40}[`\"']?)+")
SEPARATOR = re.compile(r"\s*(?:,|\||/|;)\s*(?:or |and |oder |und )?|\s+(?:or|and|oder|und)\s+")
SAYS = re.compile(
    (
        r"\b(?:repl(?:y|ies)|answers?|say|says|respond|responds|write|return|output|print|state|states|"
        r"show|end|finish|close|begin|start|open|sign|message|sentence|line|phrase|words?|disclaimer|"
        r"antworte|schreibe|sage|répondez|responde)\b[^\"]{0,60}$"
    ),
    re.IGNORECASE,
)
NEGATED = re.compile(
    r"\b(?:never|not|don't|avoid|without|no|refuse|if|when|whenever|contains?|asks?)\b[^\".;]{0,50}$", re.IGNORECASE
)
QUOTED = re.compile(r'"([^"\n]{2,300})"')
CLOSING = re.compile(
    r"\b(?:end|finish|close|start|begin|open|conclude)\b[^.:\n\"]{0,40}\bwith\b[^.:\n\"]{0,30}:\s*([^\"\n]{2,200})$",
    re.IGNORECASE,
)
TOOL = re.compile(r"(?<![\w.])([a-z][\w.]{2,40})\(([^()\n]{0,120})\)")
FORMATS = re.compile(r"\b(json|xml|yaml|csv|html|markdown table|markdown|plain text|latex|tsv)\b", re.IGNORECASE)
SCALE = re.compile(
    (
        r"\b(?:scale|scores?|rate|rating|grade|from|between|integer|number|"
        r"points?)\b[^\d\n.]{0,30}(\d{1,3})\s*(?:-|to|and|bis|\.\.)\s*(\d{1,3})\b"
        r"(?! (?:words?|sentences?|lines?|characters?|paragraphs?|pages?|bullets?|letters?|items?|steps?|"
        r"wörtern?|sätzen?|zeichen|zeilen|seconds?|minutes?)\b)"
    ),
    re.IGNORECASE,
)
NOTHING_ELSE = re.compile(
    (
        r"\b(?:nothing else|no other (?:text|output|words)|no (?:prose|explanations?|commentary|preamble|"
        r"extra text|markdown)|(?:only|just) (?:the |a |with )?(?:valid |raw |bare |one )?(?:json|object|"
        r"label|word|number|xml)|(?:json|label|word) only|without (?:any )?(?:explanations?|commentary|"
        r"prose|extra text))\b"
    ),
    re.IGNORECASE,
)
NOT_LABELS = frozenset(
    {
        "MUST",
        "NOT",
        "NEVER",
        "ALWAYS",
        "ONLY",
        "SHALL",
        "JSON",
        "MUST NOT",
        "DO NOT",
        "XML",
        "PIN",
        "OTP",
        "PDF",
        "URL",
        "USD",
        "EUR",
        "GBP",
        "ID",
        "FAQ",
        "API",
        "SQL",
    }
)


@dataclass
class Stated:
    """What one side says about its answers."""

    keys: dict[str, str] = field(default_factory=dict)
    labels: list[frozenset[str]] = field(default_factory=list)
    sentinels: dict[str, Unit | None] = field(default_factory=dict)
    tools: dict[str, tuple[str, ...]] = field(default_factory=dict)
    formats: set[str] = field(default_factory=set)
    scales: set[tuple[str, str]] = field(default_factory=set)
    nothing_else: bool = False

    @property
    def all_labels(self) -> frozenset[str]:
        """Every label of every enumeration."""
        return frozenset().union(*self.labels) if self.labels else frozenset()


FORMAT_NAMES = ("json", "xml", "yaml", "csv", "html", "markdown", "plain text", "latex", "tsv")
DIGIT = re.compile(r"\d")


def stated(document: Document) -> Stated:
    """Read the contract out of the live units and code blocks of one side."""
    said = Stated()
    for read in document.reads:
        if read.unit.context in {"live", "heading", "code"}:
            _keys(read.unit.text, said)
            said.labels.extend(enumerations(read.unit.text))
            low = read.unit.text.lower()
            if any(name in low for name in FORMAT_NAMES):
                said.formats |= {_format(m.group(1)) for m in FORMATS.finditer(read.unit.text)}
            if DIGIT.search(read.unit.text):
                said.scales |= {(m.group(1), m.group(2)) for m in SCALE.finditer(read.unit.text)}
            if any(cue in low for cue in ("else", "no ", "only", "just", "without")):
                said.nothing_else |= NOTHING_ELSE.search(read.unit.text) is not None
        if read.unit.bullet and KEY_HEADING.search(read.unit.heading):
            said.keys.update(
                (m.group(1), type_of(m.group(2) or read.unit.text)) for m in [LISTED_KEY.match(read.unit.text)] if m
            )
        if read.unit.live:
            said.sentinels.update((s, read.unit) for s in sentinels(read.unit.text))
            if "(" in read.unit.text:
                said.tools.update((m.group(1), _arguments(m.group(2))) for m in TOOL.finditer(read.unit.text))
    return said


def _format(name: str) -> str:
    return "markdown" if name.lower().startswith("markdown") else name.lower()


def _arguments(said: str) -> tuple[str, ...]:
    return tuple(a.strip().split(":")[0].split("=")[0].strip() for a in said.split(",") if a.strip())


def _keys(text: str, said: Stated) -> None:
    for match in KEY.finditer(text) if '"' in text else ():
        said.keys.setdefault(match.group(1), type_of(match.group(2) or ""))
    if not ("," in text or any(f" {word} " in text for word in JOINING)) or not ANSWERS.search(text):
        return
    for match in KEY_LIST.finditer(text):
        body = match.group(1)
        if "," not in body and not any(f" {word} " in body for word in JOINING):
            continue
        for name in LISTED_KEY.finditer(body):
            if name.group(1) in ENDS_LIST:
                break
            if name.group(1) not in JOINING:
                said.keys.setdefault(name.group(1), type_of(name.group(2) or ""))


ANSWERS = re.compile(
    (
        r"\b(?:json|xml|yaml|csv|output|return|answer|respond|reply|produce|object|give|"
        r"write|fields?|keys?)\b"
    ),
    re.IGNORECASE,
)
JOINING = ("and", "und", "y", "et", "e")
ENDS_LIST = frozenset(
    {
        "no",
        "not",
        "at",
        "max",
        "or",
        "the",
        "in",
        "with",
        "each",
        "all",
        "must",
        "as",
        "of",
        "for",
        "only",
        "never",
        "from",
        "to",
        "is",
        "are",
    }
)


def type_of(said: str) -> str:
    """A comparable form of a stated type: its type words, its alternatives, or the type of a JSON literal."""
    said = said.strip()
    words = [m.group(1).lower() for m in TYPE_WORDS.finditer(said)]
    if "|" in said and not words:
        return "|".join(sorted(p.strip().strip('"') for p in said.split("|")))
    if words:
        return ALIAS.get(words[0], words[0])
    if said.startswith(("[", "{")):
        return "array" if said[0] == "[" else "object"
    if re.fullmatch(r"-?\d+(?:\.\d+)?", said):
        return "number"
    return "string" if said.startswith('"') else ("" if not said else f"'{said}'")


ALIAS = {
    "int": "number",
    "integer": "number",
    "bool": "boolean",
    "true": "boolean",
    "false": "boolean",
    "text": "string",
    "list": "array",
    "float": "number",
    "decimal": "number",
}
SAME = ({"string", "date"}, {"string", "null"}, {"object", "null"})


def compatible(old: str, new: str) -> bool:
    """Could both describe the same values? Free descriptions and alternatives fit a string."""
    if not old or not new or old == new or {old, new} in SAME:
        return True
    loose = [t for t in (old, new) if "|" in t or t.startswith("'")]
    if len(loose) == 2:
        return "|" not in old or "|" not in new
    return bool(loose) and ("string" in {old, new} or (loose[0].startswith("'") and loose[0] == old))


CAPITALS = re.compile(r"[A-Z][A-Z0-9_]")
JOINED = re.compile(r"[,|/]| or | and ")
"""Without these no expression of a list can match; looking for them is far cheaper."""


def enumerations(text: str) -> Iterator[frozenset[str]]:
    """Sets of labels an answer may take, as a sentence states them."""
    upper = list(CAPS_LIST.finditer(text)) if CAPITALS.search(text) else []
    for match in upper:
        yield from _labels(match.group())
    for match in CUED_LIST.finditer(text) if JOINED.search(text) else ():
        if not any(m.start() < match.end(1) and match.start(1) < m.end() for m in upper):
            yield from _labels(match.group(1))
    if "|" not in text or text.lstrip().startswith("|"):
        return  # a row of a table
    for match in PIPED.finditer(text):
        yield from _labels(match.group())


SAID_OF = frozenset({"is", "are", "was", "were", "has", "have", "must", "should", "may", "can", "does", "do", "cannot"})


def _labels(said: str) -> Iterator[frozenset[str]]:
    names = [p.strip(" `\"'.") for p in SEPARATOR.split(re.sub(r"\([^()]*\)", "", said))]
    labels = frozenset(n for n in names if n and n not in NOT_LABELS)
    if any(n.split(" ", 1)[0].lower() in SAID_OF for n in labels):
        return  # `if a value is missing, use null` lists nothing
    if len(labels) >= 2:
        yield labels


def sentinels(text: str) -> Iterator[str]:
    """Sentences the answer must contain word for word."""
    for match in QUOTED.finditer(text) if '"' in text else ():
        before = text[: match.start()]
        if SAYS.search(before) and not NEGATED.search(re.split(r"[,;:]", before)[-1]):
            yield match.group(1).strip(" .!?")
    closing = CLOSING.search(text) if ":" in text else None
    if closing and not CAPS_LIST.search(closing.group(1)) and len(closing.group(1).split()) <= 15:
        yield closing.group(1).strip(" .!?")
