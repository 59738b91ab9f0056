"""A verdict for people: each finding with the lines it is about and carets under the place."""

import unicodedata
from collections.abc import Iterator

from policies.verdict import Span, Verdict

COLUMNS = 96


def told(verdict: Verdict, texts: dict[str, str], harmless: dict[int, str] | None = None) -> str:
    """The whole verdict as text. texts: `current` and `candidate`, as the spans count them; harmless: see `visible`."""
    table = harmless or {}
    counts = [f"{n} {s}" for s in ("block", "flag", "warn") if (n := sum(f.severity == s for f in verdict.findings))]
    lines = [f"{verdict.decision}: {', '.join(counts) or 'nothing to object to'}"]
    for found in verdict.findings:
        lines += ["", f"{found.severity}  {found.policy}/{found.rule}", f"  {found.message.translate(table)}"]
        lines += [f"  {line}" for span in found.spans for line in _shown(span, texts, table)]
        if found.fix_hint:
            lines.append(f"  mend: {found.fix_hint.translate(table)}")
    for found in verdict.waived:
        lines += ["", f"waived  {found.policy}/{found.rule}", f"  {found.message.translate(table)}"]
    return "\n".join(lines)


def visible(text: str) -> dict[int, str]:
    """A translation table that spells control and direction characters, which could rewrite the screen."""
    kinds = {"Cc", "Cf", "Cs", "Co"}
    return {ord(c): f"\\u{ord(c):04x}" for c in set(text) if unicodedata.category(c) in kinds and c not in "\n\t"}


def _shown(span: Span, texts: dict[str, str], table: dict[int, str]) -> Iterator[str]:
    text = texts[span.side]
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    line = text[start : end if end >= 0 else len(text)]
    before, inside = line[: span.start - start].translate(table), line[span.start - start : span.end - start]
    shown = inside.translate(table)
    cut = max(0, _width(before) + min(_width(shown), 40) - COLUMNS)
    indent = max(0, _width(before) - cut)
    yield f"{span.side}, line {text.count(chr(10), 0, span.start) + 1}:"
    yield f"  {(before + shown + line[span.end - start :].translate(table))[cut : cut + COLUMNS]}"
    yield f"  {' ' * indent}{'^' * max(1, min(_width(shown), COLUMNS - indent))}"


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
