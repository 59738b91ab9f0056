"""Lists of options an answer may take, one per line: `Choose the one topic:` and then `- billing: invoices`."""

import re
from collections import defaultdict
from collections.abc import Iterator

from policies.guardrails.document import Document
from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding

HEAD = re.compile(
    r"\b(?:choose|pick|select|assign|classif\w+|sort (?:\w+ )*into|exactly one|one (?:of|topic|label|category|class|"
    r"queue|intent|"
    r"option|level|tag|status)|categor(?:y|ies)|labels?|topics?|options?|queues?|classes|priorit(?:y|ies)|levels?|"
    r"intents?|"
    r"status(?:es)?|tags|verdicts?|outcomes?|kategorien?|themen|wähle\w*|kategorie)\b",
    re.IGNORECASE,
)
NOT_OPTIONS = re.compile(r"\b(?:rules?|examples?|never|do not|steps?|inputs?|notes?)\b", re.IGNORECASE)
OPTION = re.compile(
    r"[`\"'*]{0,2}([A-Za-zÄÖÜäöüß][\w/&-]{0,24}(?: [\w/&-]{1,20}){0,2})[`\"'*]{0,2}\s*(?::|=|[-–—](?=\s)|\(|$)"
)
ROW = re.compile(r"(?m)^[ \t]*\|[ \t]*[`*\"']{0,2}([\w/& -]{1,40}?)[`*\"']{0,2}[ \t]*\|")


def option_lists(document: Document) -> tuple[frozenset[str], ...]:
    """Labels of each list whose head asks to choose and whose lines all open with a label."""
    listed: dict[str, list[str | None]] = defaultdict(list)
    for read in document.live:
        if read.unit.bullet and HEAD.search(read.unit.heading) and not NOT_OPTIONS.search(read.unit.heading):
            match = OPTION.match(read.unit.text)
            listed[read.unit.heading].append(match.group(1).lower() if match and "{" not in read.unit.text else None)
    return tuple(frozenset(filter(None, names)) for names in listed.values() if len(names) >= 2 and None not in names)


def check_options(scene: Scene, labels: frozenset[str]) -> Iterator[Finding]:
    """A lost or renamed option blocks, a new one flags; labels: what the candidate lists in sentences (lower case)."""
    before, after = option_lists(scene.current), option_lists(scene.candidate)
    if not before:
        return
    lines = (OPTION.match(r.unit.text) for r in scene.candidate.live if r.unit.bullet)
    there = labels | {m.group(1).lower() for m in lines if m}
    there |= {m.group(1).strip().lower() for m in ROW.finditer(scene.candidate.clean.text)}
    lost = sorted(frozenset().union(*before) - there)
    if lost:
        message = f"the option '{', '.join(lost)}' is gone or renamed"
        yield finding(
            "output-contract", "option-lost", "block", message, fix_hint=f"Keep the option {', '.join(lost)}."
        )
    gained = sorted(frozenset().union(*after) - frozenset().union(*before)) if after else []
    if gained:
        message = f"the option '{', '.join(gained)}' is new"
        yield finding("output-contract", "option-added", "flag", message, fix_hint=f"Remove {', '.join(gained)}.")
