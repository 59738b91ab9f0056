"""Write learnt phrases into a prompt: at the ends of its label lines, or in a block of examples before the input."""

import re
from collections.abc import Collection, Mapping, Sequence

from tools.embedded.lesson import escaped, variables_of
from tools.embedded.reading import Reading
from tools.embedded.request import part

BLOCK_TITLE = "Examples:"
OPENING = "for example"
_MARKS = re.compile(r"\[\[protect:[\w-]+\]\].*?\[\[/protect\]\]", re.S)


def _listed(phrases: Sequence[str]) -> str:
    # In quotation marks: the words are mentioned, they tell the model nothing to do.
    return ", ".join(f'"{p}"' for p in phrases)


def _longer(line: str, phrases: Sequence[str]) -> str:
    """The label line with phrases at its end, joined to the list of an earlier rewrite where it ends with one."""
    row = re.search(r"[ \t]*\|[ \t]*$", line) if line.lstrip().startswith("|") else None
    text, tail = (line[: row.start()], line[row.start() :]) if row else (line.rstrip(), "")
    added = f"{OPENING}: {_listed(phrases)}"
    continues = re.search(rf"[;.] {OPENING}: [^;]*$", text, re.I)
    if continues:
        return f"{text}, {_listed(phrases)}{tail}"
    if text.endswith((".", "!", "?")):
        return f"{text} {added[0].upper()}{added[1:]}{tail}"
    return f"{text}; {added}{tail}"


def protected_lines(prompt: str, protected: Collection[str]) -> frozenset[int]:
    """Numbers of the lines that hold any part of a protected clause, given as text or by marks in the prompt."""
    spans = [m.span() for m in _MARKS.finditer(prompt)]
    for clause in protected:
        spans.extend(m.span() for m in re.finditer(r"\s+".join(map(re.escape, clause.split())), prompt) if m.group())
    held: set[int] = set()
    for start, end in spans:
        held.update(range(prompt.count("\n", 0, start), prompt.count("\n", 0, end) + 1))
    return frozenset(held)


def _block_place(prompt: str) -> int:
    """Where a block can stand: the start of the paragraph that holds the input."""
    if not variables_of(prompt):
        return len(prompt)
    found = part([{"role": "user", "content": prompt}])
    at = prompt.rfind(found.input) if found.input else len(prompt)
    before = prompt.rfind("\n\n", 0, at)
    return before + 2 if before >= 0 else 0


def edited(
    prompt: str,
    reading: Reading,
    added: Mapping[str, Sequence[str]],
    *,
    untouchable: Collection[int],
) -> str:
    """The prompt with phrases added; every line without a label in `added` stays byte for byte."""
    lines = prompt.split("\n")
    on_line = {e.label: e.line for e in reading.entries if e.line >= 0 and e.line not in untouchable}
    rest: list[str] = []
    for label, phrases in added.items():
        safe = [escaped(p, prompt) for p in phrases]
        if label in on_line:
            lines[on_line[label]] = _longer(lines[on_line[label]], safe)
        else:
            rest.append(f"- {escaped(label, prompt)}: {_listed(safe)}")
    text = "\n".join(lines)
    if not rest:
        return text
    block = "\n".join(rest)
    if (title := text.find(f"\n{BLOCK_TITLE}\n")) >= 0:
        at = title + len(BLOCK_TITLE) + 2
        return f"{text[:at]}{block}\n{text[at:]}"
    at = _block_place(text)
    if at == len(text):
        return f"{text.rstrip()}\n\n{BLOCK_TITLE}\n{block}"
    return f"{text[:at]}{BLOCK_TITLE}\n{block}\n\n{text[at:]}"
