"""What programs cut out of an answer by its look: lines that open with a label, end marks, ways of writing a date."""

import re
from collections.abc import Iterator

from policies.guardrails.contract import NOT_LABELS, Stated, compatible, type_of
from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding

LINE = re.compile(r"(?m)^[ \t]*(?:[-*] )?([A-Z][A-Z _-]{2,24}):[ \t]*([^\n{}]{1,200})$")
"""`RISK: low, medium or high`; a line with a variable is input."""
CHOICE = re.compile(r"\b[a-z][\w-]*(?:(?:, | or |, or | ?\| ?| ?/ ?)[a-z][\w-]*)+\b")
JOINS = re.compile(r", or |, | or | ?\| ?| ?/ ?")
MARK = re.compile(
    r"(?<!\S)(?:={2,}|-{3,}|#{2,}|\*{3,}|<<+|~{3,}|\[\[)\s?[A-Z][A-Z _]{1,24}\s?(?:={2,}|-{3,}|#{2,}|"
    r"\*{3,}|>>+|~{3,}|\]\])"
)
DATE = re.compile(r"\b(?:YYYY|DD|MM|JJJJ|TT)(?:[-./ ]?(?:YYYY|YY|MM|DD|JJJJ|TT)){1,2}\b")
EMPTY = re.compile(
    r'\b(?:use|write|return|give|set|output|put)\b[^.;\n]{0,30}?(\bnull\b|\bempty string\b|""|\bN/A\b|\bempty list\b)'
)


def check_layout(scene: Scene, before: Stated, after: Stated) -> Iterator[Finding]:
    """Lines, end marks, date forms, the value for nothing, and types told in a sentence."""
    old, new = scene.current.clean.text, scene.candidate.clean.text
    yield from _lines(old, new)
    for mark in sorted(set(MARK.findall(old)) - set(MARK.findall(new))):
        yield _changed("mark-lost", f"the mark '{mark}' is gone", f"Keep {mark}.")
    for rule, pattern, what in (
        ("date-form", DATE, "the form of a date"),
        ("empty-value", EMPTY, "the value for nothing"),
    ):
        said, says = set(pattern.findall(old)), set(pattern.findall(new))
        if says and said - says and says - said:
            known, other = ", ".join(sorted(said - says)), ", ".join(sorted(says - said))
            yield _changed(rule, f"{what} changed from {known} to {other}", f"Keep {known}.")
    for key in sorted(before.keys.keys() & after.keys.keys()):
        was, now = _told(key, old), _told(key, new)
        if not compatible(was, now):
            yield _changed(
                "type-changed", f"the output key '{key}' changed from {was} to {now}", f"Keep '{key}' as {was}."
            )


def _changed(rule: str, message: str, hint: str) -> Finding:
    return finding("output-contract", rule, "block", message, fix_hint=hint)


def _lines(old: str, new: str) -> Iterator[Finding]:
    """Labels that open two lines or more, and the values one of them may have."""
    found = (LINE.match(line) for line in old.split("\n") if ":" in line)
    stated = {m[1]: m[2] for m in found if m and m[1] not in NOT_LABELS and not m[1].startswith(("MUST", "DO "))}
    if len(stated) < 2:
        return
    for label, values in stated.items():
        if not re.search(rf"(?<!\w){re.escape(label)}(?!\w)", new):
            yield _changed("line-lost", f"the line '{label}:' is gone", f"Keep the line '{label}:'.")
            continue
        choice = CHOICE.fullmatch(values.strip(" .<>"))
        lost = [v for v in JOINS.split(choice.group()) if not re.search(rf"\b{re.escape(v)}\b", new)] if choice else []
        if lost:
            yield _changed(
                "label-lost",
                f"the value '{', '.join(lost)}' of '{label}:' is gone",
                f"Keep {choice and choice.group()}.",
            )


def _told(key: str, text: str) -> str:
    """Type of a key that a sentence tells: `nights is an integer`."""
    match = re.search(
        rf"(?<!\w){re.escape(key)}[\"`']? (?:is|are|must be) (?:always )?(?:an? )?([^.;,\n]{{1,40}})", text
    )
    told = type_of(match[1]) if match else ""
    return "" if told.startswith("'") else told
