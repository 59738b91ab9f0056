"""Read a prompt for classifying: its labels and what it says of each, its answer format, its if-then rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tools.embedded.request import is_input_name
from tools.embedded.words import stem, words

MARKS = r"(?:\*\*|__|`|\"|')?"
_ENTRY = re.compile(
    rf"^(?P<indent>[ \t]*)(?P<bullet>[-*•+][ \t]+|\d{{1,3}}[.)][ \t]+)?{MARKS}"
    rf"(?P<name>[^\W_][\w./&-]*(?: [\w./&-]+){{0,3}}?){MARKS}"
    rf"(?P<mark>[ \t]*(?:=>|->|→|:|=)|[ \t]+[-–—])(?:\*\*|__)?[ \t]+(?P<meaning>\S.*)$"
)
_ROW = re.compile(rf"^[ \t]*\|[ \t]*{MARKS}(?P<name>[^|\n]{{1,60}}?){MARKS}[ \t]*\|(?P<meaning>[^\n]*?)\|?[ \t]*$")
_DASHES = re.compile(r"^[ \t|:-]+$")
_OTHER_HEADER = re.compile(
    r"\b(rules?|requirements?|constraints?|notes?|guidelines?|important|examples?|format|output|never|policy|policies)\b",
    re.I,
)
_NOT_LABELS = "note notes rules rule important answer answers output format example examples warning e.g"
_OTHER_NAMES = frozenset(_NOT_LABELS.split())
_LIST = re.compile(
    r"(?:\b(?:labels?|categor(?:y|ies)|class(?:es)?|queues?|intents?|topics?|options?|choices?)\b[^:,\n]{0,40}:"
    r"|\bone of\b(?:[^:,\n]{0,40}:)?|\bchoose (?:from|between)\b:?|\beither\b|\bas\b)[ \t]*(?P<items>[^\n:{}]{3,400})",
    re.I,
)
_RULE = re.compile(
    r"\b(?:if|when)\s+(?:the\s+|a\s+|an\s+)?(?P<condition>[^.\n]{3,200}?),?\s+(?:then\s+)?(?:please\s+)?"
    r"(?:answer|reply|respond|return|output|choose|use|pick|say|write|label it|classify it)"
    r"\s+(?:only\s+)?(?:with\s+|as\s+|it\s+as\s+)?"
    r"(?P<quote>[`\"'*]{0,2})(?P<answer>[\w-]+)(?P=quote)",
    re.I,
)
_NO_LABEL = re.compile(
    r"\b(?:none|nothing|no (?:queue|label|category|class|topic|one|other)|unsure|not sure|unclear|in doubt"
    r"|(?:does not|doesn't|do not|don't) fit|anything else|everything else)\b",
    re.I,
)
_JSON = re.compile(r"\{[^{}]*\"[\w -]+\"\s*:[^{}]*\}")
_JSON_PAIR = re.compile(r"\"(?P<key>[\w -]+)\"\s*:\s*(?P<value>\"[^\"]*\"|[^,}]*)")
_PAIR = re.compile(
    rf"^[ \t]*(?:[-*•+][ \t]+)?[\"“'](?P<text>[^\n]+?)[\"”']"
    rf"\s*(?:=>|->|→|:|=)\s*{MARKS}(?P<label>[\w./&-]+){MARKS}\s*$",
    re.M,
)
_SLOT = re.compile(rf"^[ \t]*(?:[-*•+][ \t]+)?[^\W\d_][\w ]{{0,30}}:[ \t]*{MARKS}(?P<value>[^\n]+?){MARKS}[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One label line: the label, what is said of it, its line number from 0 (-1: named in a running list)."""

    label: str
    meaning: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`If the message …, answer X`: alternatives, each a set of stems, and the answer."""

    alternatives: tuple[frozenset[str], ...]
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a prompt says: label lines in order, texts shown for labels, rules, label for everything else, JSON keys."""

    entries: tuple[Entry, ...]
    shown: tuple[tuple[str, str], ...]
    rules: tuple[Rule, ...]
    otherwise: str | None
    json_fields: tuple[tuple[str, str], ...]


def _entry(line: str) -> tuple[str, str, str] | None:
    """Shape, name and meaning of a label line or table row."""
    row = _ROW.match(line)
    if row and not _DASHES.match(line):
        return "row", row["name"].strip(), row["meaning"].replace("|", "; ").strip(" ;")
    found = _ENTRY.match(line)
    if found is None or found["name"].lower() in _OTHER_NAMES:
        return None
    if not found["bullet"] and is_input_name(found["name"]):
        return None
    return ("bullet" if found["bullet"] else "plain") + found["mark"].strip(), found["name"], found["meaning"]


def _blocks(lines: Sequence[str]) -> list[tuple[str, list[Entry]]]:
    """Runs of label lines of one shape, each with the line above it; indented lines continue the meaning above."""
    blocks: list[tuple[str, list[Entry]]] = []
    header, shape, gap = "", "", True
    for number, line in enumerate(lines):
        found = None if _DASHES.match(line) and line.strip() else _entry(line)
        if found:
            kind, name, meaning = found
            if gap or kind != shape:
                blocks.append((header, []))
            shape, gap = kind, False
            blocks[-1][1].append(Entry(label=name, meaning=meaning, line=number))
        elif line.strip() and not gap and line[:1] in " \t" and blocks:
            last = blocks[-1][1][-1]
            blocks[-1][1][-1] = Entry(label=last.label, meaning=f"{last.meaning}; {line.strip()}", line=last.line)
        elif line.strip() and not (_DASHES.match(line) and shape == "row"):
            header, gap = line, True
    return blocks


def _without_table_head(entries: list[Entry], lines: Sequence[str]) -> list[Entry]:
    after = entries[0].line + 1
    headed = after < len(lines) and "|" in lines[after] and _DASHES.match(lines[after])
    return entries[1:] if headed else entries


def _running_list(text: str) -> list[Entry]:
    """Labels named in a sentence: `Queues: a, b, c.` or `one of a, b or c`."""
    best: list[Entry] = []
    for match in _LIST.finditer(text):
        sentence = re.split(r"\.(?:\s|$)|[;(]", match["items"])[0]
        items = [i.strip(" \t`\"'*.") for i in re.split(r",\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+|\s*\|\s*", sentence)]
        items = [i for i in items if i]
        if len(items) > max(1, len(best)) and all(len(i.split()) <= 3 and len(i) <= 40 for i in items):
            best = [Entry(label=i, meaning="", line=-1) for i in dict.fromkeys(items)]
    return best


def _labels(text: str, lines: Sequence[str]) -> tuple[Entry, ...]:
    candidates = [_without_table_head(found, lines) for head, found in _blocks(lines) if not _OTHER_HEADER.search(head)]
    block = max((c for c in candidates if len(c) > 1), key=len, default=[])
    listed = _running_list(text)
    if len(listed) > len(block):
        meanings = {e.label.lower(): e for e in block}
        return tuple(meanings.get(e.label.lower(), e) for e in listed)
    return tuple({e.label: e for e in block}.values())


def _shown(text: str, lines: Sequence[str], entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """(label, text) of examples elsewhere: `"text" -> label`, `label: text`, `Message: …` over `Queue: label`."""
    by_name = {e.label.lower(): e.label for e in entries}
    own = {e.line for e in entries}
    shown = [(by_name[m["label"].lower()], m["text"]) for m in _PAIR.finditer(text) if m["label"].lower() in by_name]
    previous = ""
    for number, line in enumerate(lines):
        found = _entry(line) if number not in own else None
        if found and found[1].lower() in by_name:
            shown.append((by_name[found[1].lower()], found[2]))
        slot = _SLOT.match(line)
        before = _SLOT.match(previous)
        if slot and before and slot["value"].strip().lower() in by_name:
            shown.append((by_name[slot["value"].strip().lower()], before["value"]))
        previous = line if line.strip() else previous
    return tuple(shown)


def _rules(text: str) -> tuple[tuple[Rule, ...], str | None]:
    rules: list[Rule] = []
    otherwise = None
    for match in _RULE.finditer(text):
        condition = match["condition"]
        if _NO_LABEL.search(condition):
            otherwise = match["answer"]
            continue
        # The first two words ("message threatens", "text mentions") say how, the rest says what.
        about = " ".join(condition.split()[2:])
        parts = [frozenset(stem(w) for w in words(p) if len(w) > 3) for p in re.split(r",|\bor\b|\band\b", about)]
        if alternatives := tuple(p for p in parts if p):
            rules.append(Rule(alternatives=alternatives, answer=match["answer"]))
    return tuple(rules), otherwise


def _json_fields(text: str) -> tuple[tuple[str, str], ...]:
    if "json" not in text.lower():
        return ()
    found = _JSON.search(text)
    return tuple((m["key"], m["value"].strip()) for m in _JSON_PAIR.finditer(found[0])) if found else ()


@lru_cache(maxsize=128)
def read(instructions: str) -> Reading:
    """Read the constant part of a prompt; remembered for the prompts in use."""
    lines = instructions.split("\n")
    entries = _labels(instructions, lines)
    rules, otherwise = _rules(instructions)
    for entry in entries:
        if otherwise is None and re.match(
            r"(anything|everything|something) else|none of|other\b|all other", entry.meaning, re.I
        ):
            otherwise = entry.label
    return Reading(
        entries=entries,
        shown=_shown(instructions, lines, entries),
        rules=rules,
        otherwise=otherwise,
        json_fields=_json_fields(instructions),
    )
