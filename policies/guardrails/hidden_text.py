"""The raw layer: text that a person does not see, or sees differently than the model. Runs before any cleaning."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator

from policies.guardrails.codepoints import CLASSES, ORDINARY_DIRECTION, ORDINARY_JOINER, WORD, mixed_script
from policies.guardrails.scene import Scene, finding, short
from policies.guardrails.words import CJK
from policies.verdict import Finding

COMPILED = {name: re.compile(f"[{inside}]") for name, inside in CLASSES.items()}
CONTROLS = COMPILED["control character"]
STYLED = re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f169]{2,}")
"""Letters in full width, mathematical or circled form: read by a model, overlooked by a search."""
FULL_WIDTH = frozenset(map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))))
HTML_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
HIDDEN_STYLE = re.compile(
    (
        r"<[^<>]{0,200}(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|"
        r"opacity\s*:\s*0(?![.\d])|color\s*:\s*(?:white|#fff)|\bhidden\b)[^<>]{0,200}>|<(?:script|style|"
        r"template|noscript)\b[^<>]{0,200}>|\[//\]: #|\[comment\]: <>"
    ),
    re.IGNORECASE,
)
ENCODED = re.compile(
    r"(?<![A-Za-z0-9+/=_-])(?:[A-Za-z0-9+/_-]{24,}={0,2})(?![A-Za-z0-9+/=_-])|"
    r"(?<![0-9A-Fa-f])(?:(?:\\x|%|0x)?[0-9A-Fa-f]{2}[ ,]?){16,}(?![0-9A-Fa-f])"
)
ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2,6};|%[0-9A-Fa-f]{2}){6,}")


def check_hidden_text(scene: Scene) -> Iterator[Finding]:
    """Only what is new in the candidate fires; evidence is taken from the raw text."""
    before, after = scene.before, scene.after
    if not after.isascii() or CONTROLS.search(after):
        yield from _invisible(scene, before, after)
        yield from _lookalikes(scene, before, after)
        yield from _styled(scene, before, after)
    yield from _markup(scene, before, after)
    yield from _encoded(scene, before, after)


def _occurrences(text: str) -> dict[str, list[int]]:
    ordinary = {i for m in ORDINARY_JOINER.finditer(text) for i in range(m.start(), m.end())}
    rtl = ORDINARY_DIRECTION.search(text) is not None
    hits: dict[str, list[int]] = {}
    for name, pattern in COMPILED.items():
        for match in pattern.finditer(text):
            direction_mark = match.group() in "\u200e\u200f\u061c" and rtl
            if match.start() in ordinary or direction_mark or (match.start() == 0 and match.group() == "\ufeff"):
                continue
            if name == "variation selector run" and not _in_run(text, match.start()):
                continue
            hits.setdefault(name, []).append(match.start())
    return hits


def _in_run(text: str, at: int) -> bool:
    """One selector after a character is ordinary typography; selectors in a row carry data."""
    selector = COMPILED["variation selector run"]
    return bool(at and selector.match(text[at - 1])) or (
        at + 1 < len(text) and selector.match(text[at + 1]) is not None
    )


def _invisible(scene: Scene, before: str, after: str) -> Iterator[Finding]:
    old, new = _occurrences(before), _occurrences(after)
    for name, places in new.items():
        if len(places) <= len(old.get(name, ())):
            continue
        codes = ", ".join(sorted({f"U+{ord(after[i]):04X}" for i in places})[:5])
        spans = [scene.place(i, i + 1) for i in places[:5]]
        yield finding(
            "hidden-text",
            name.replace(" ", "-"),
            "block",
            f"{len(places)} x {name} ({codes}): text that a reader does not see",
            spans=spans,
            fix_hint="Remove invisible characters.",
        )


def _lookalikes(scene: Scene, before: str, after: str) -> Iterator[Finding]:
    known = {m.group() for m in WORD.finditer(before) if mixed_script(m.group())}
    hits = [m for m in WORD.finditer(after) if mixed_script(m.group()) and m.group() not in known]
    if hits:
        spans = [scene.place(m.start(), m.end()) for m in hits[:5]]
        yield finding(
            "hidden-text",
            "look-alike-letters",
            "block",
            f"{len(hits)} word(s) mix letters of two alphabets",
            spans=spans,
            fix_hint="Spell every word in one alphabet.",
        )


def _styled(scene: Scene, before: str, after: str) -> Iterator[Finding]:
    wide = CJK.search(before) is not None
    hits = [m for m in STYLED.finditer(after) if m.group() not in before and not (wide and m.group()[0] in FULL_WIDTH)]
    if hits:
        spans = [scene.place(m.start(), m.end()) for m in hits[:5]]
        yield finding(
            "hidden-text",
            "styled-letters",
            "block",
            f"{len(hits)} word(s) in look-alike letter forms",
            spans=spans,
            fix_hint="Use ordinary letters.",
        )


def _markup(scene: Scene, before: str, after: str) -> Iterator[Finding]:
    comments = Counter(m.group(1).strip() for m in HTML_COMMENT.finditer(before))
    for match in HTML_COMMENT.finditer(after):
        said = match.group(1).strip()
        if said and not comments[said]:
            yield finding(
                "hidden-text",
                "comment",
                "block",
                "a new comment that a rendered page would not show",
                spans=[scene.place(match.start(), match.end())],
                fix_hint="Remove the comment.",
            )
    for match in HIDDEN_STYLE.finditer(after):
        if match.group() not in before:
            yield finding(
                "hidden-text",
                "hidden-style",
                "block",
                "markup that hides text",
                spans=[scene.place(match.start(), match.end())],
                fix_hint="Remove the markup.",
            )


def _encoded(scene: Scene, before: str, after: str) -> Iterator[Finding]:
    for match in [*ENCODED.finditer(after), *ESCAPES.finditer(after)]:
        if match.group() in before:
            continue
        said = decoded(match.group())
        if said:
            yield finding(
                "hidden-text",
                "encoded",
                "block",
                "an encoded passage that decodes to text",
                spans=[scene.place(match.start(), match.end())],
                fix_hint="Write it in plain text or leave it out.",
                evidence={"length": str(len(short(said, 400)))},
            )


def decoded(said: str) -> str | None:
    """The text behind base64, hexadecimal or escapes, when it is text; else None."""
    tries = []
    if ESCAPES.fullmatch(said):
        return said
    compact = re.sub(r"\\x|0x|%|[ ,]", "", said)
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", compact):
        tries.append(bytes.fromhex(compact))
    else:
        padded = said.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            tries.append(base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True))
        except (binascii.Error, ValueError):
            return None
    for data in tries:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        letters = sum(c.isalpha() or c == " " for c in text)
        if len(text) >= 12 and letters / len(text) > 0.8 and (" " in text or not text.isascii()):
            return text
    return None
