"""Prompts as clauses: what a rewrite adds, alters and drops, and texts put together from such hunks.

A clause is a line, or a sentence of a line that holds several; it keeps the white space behind it, so that the clauses
of a text joined together are the text. A prompt is a sequence of texts: one, or one per message of a chat prompt.
Hunks are found by longest matching blocks (Ratcliff and Metzener 1988, as in `difflib`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from policies.guardrails.word_lists import FUNCTION_WORDS

CLAUSE = re.compile(r"[^\n]*?(?:(?<=[.!?])[ \t]+(?=[A-Z\"'(\[])|\n|\Z)")
DENIES = re.compile(r"\b(?:not|never|no|nor|none|cannot|\w+n['\u2019]t|avoid|drop)\b", re.IGNORECASE)
SAME_WORDS, SAME_SHARE = 3, 0.5  # content words that two clauses share when they speak of the same thing
ALIKE = 0.6  # share of matching words from which an old and a new clause in one place are one clause, reworded

HunkKind = Literal["insert", "replace", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """One change to a text. part: which text; at: index of the clause of the parent that it stands before (insert) or
    changes. old and new: the clauses without the white space behind them; empty where there is none."""

    kind: HunkKind
    part: int
    at: int
    old: str
    new: str


def clauses_of(text: str) -> tuple[str, ...]:
    """The clauses of a text, each with the white space behind it; joined they are the text."""
    return tuple(match[0] for match in CLAUSE.finditer(text) if match[0])


def hunks_between(parent: Sequence[str], candidate: Sequence[str]) -> tuple[Hunk, ...]:
    """What turns the texts of the parent into those of the candidate, in order. White space alone is no change."""
    if len(parent) != len(candidate):
        raise ValueError("both prompts must have as many texts")
    found: list[Hunk] = []
    for part, (before, after) in enumerate(zip(parent, candidate, strict=True)):
        old, new = _said(before), _said(after)
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                found += _block(part, i1, old[i1:i2], new[j1:j2])
    return tuple(h for h in found if h.old or h.new)


def _said(text: str) -> list[str]:
    return [clause.rstrip() for clause in clauses_of(text)]


def numbered(parent: Sequence[str]) -> tuple[tuple[int, int, str], ...]:
    """(part, index, clause) of every clause that is not blank; its number for a writer is its place here, from 1."""
    return tuple(
        (part, at, clause.strip())
        for part, text in enumerate(parent)
        for at, clause in enumerate(clauses_of(text))
        if clause.strip()
    )


def read_edits(parent: Sequence[str], edits: Sequence[object]) -> tuple[Hunk, ...]:
    """Edits as a writer gives them, {"op", "clause", "text"} by number; ValueError names the first that makes no sense.

    Number 0 is the beginning, for insertions; an insertion stands behind its clause.
    """
    known = numbered(parent)
    hunks = []
    for edit in edits:
        op, number, text = (edit.get(key) for key in ("op", "clause", "text")) if isinstance(edit, dict) else [None] * 3
        number = int(number) if isinstance(number, str) and number.isdigit() else number
        if op not in {"insert", "replace", "delete"} or not isinstance(number, int) or not 0 <= number <= len(known):
            raise ValueError(f"no edit of a clause of this prompt: {edit!r}"[:200])
        if (op != "delete" and not str(text or "").strip()) or (op != "insert" and number == 0):
            raise ValueError(f"an edit without a text or a clause: {edit!r}"[:200])
        part, at, old = known[number - 1] if number else (0, -1, "")
        new = "" if op == "delete" else str(text).strip("\n")
        if op == "insert":
            hunks += [Hunk(kind="insert", part=part, at=at + 1, old="", new=line) for line in new.splitlines() if line]
        else:
            hunks.append(Hunk(kind="replace" if new else "delete", part=part, at=at, old=old, new=new))
    return tuple(hunks)


def loses(hunk: Hunk) -> bool:
    """Whether it takes words away: a clause that is dropped, or reworded so that words of it are gone."""
    return bool(set(words_of(hunk.old)) - set(words_of(hunk.new)))


def _block(part: int, at: int, old: Sequence[str], new: Sequence[str]) -> list[Hunk]:
    """A stretch where nothing matches: alike clauses are one reworded, all others were dropped or added."""
    hunks: list[Hunk] = []
    left = list(range(len(new)))
    place = at
    for number, gone in enumerate(old):
        twin = next((j for j in left if alike(gone, new[j]) >= ALIKE), None)
        if twin is None:
            hunks.append(Hunk(kind="delete", part=part, at=at + number, old=gone, new=""))
            continue
        hunks += [Hunk(kind="insert", part=part, at=at + number, old="", new=new[j]) for j in left if j < twin]
        hunks.append(Hunk(kind="replace", part=part, at=at + number, old=gone, new=new[twin]))
        left = [j for j in left if j > twin]
        place = at + number + 1
    place = max(place, at + len(old)) if old else at
    return [*hunks, *(Hunk(kind="insert", part=part, at=place, old="", new=new[j]) for j in left)]


def alike(one: str, other: str) -> float:
    """Share of matching words of two clauses, in [0, 1]."""
    return SequenceMatcher(None, words_of(one), words_of(other), autojunk=False).ratio()


def words_of(clause: str) -> list[str]:
    """The words of a clause, case folded."""
    return re.findall(r"\w+", clause.casefold())


def applied(parent: Sequence[str], hunks: Iterable[Hunk]) -> tuple[str, ...]:
    """The parent with these hunks; they must be hunks against it, in any order, without conflicts (see `merged`)."""
    texts = []
    wanted = list(hunks)
    for part, text in enumerate(parent):
        pieces: list[str] = []
        whole = clauses_of(text)
        for at in range(len(whole) + 1):
            here = [h for h in wanted if h.part == part and h.at == at]
            for hunk in here:
                if hunk.kind == "insert":
                    _insert(pieces, hunk.new)
            if at < len(whole):
                change = next((h for h in here if h.kind != "insert"), None)
                _keep(pieces, whole[at], change)
        # The text ends as the parent did, whatever was added behind its last line.
        texts.append("".join(pieces).rstrip() + text[len(text.rstrip()) :])
    return tuple(texts)


def _insert(pieces: list[str], clause: str) -> None:
    if pieces and not pieces[-1].endswith("\n"):
        pieces[-1] += "\n"
    pieces.append(clause + "\n")


def _keep(pieces: list[str], clause: str, change: Hunk | None) -> None:
    space = clause[len(clause.rstrip()) :]
    if change is None:
        pieces.append(clause)
    elif change.kind == "replace":
        pieces.append(change.new + space)
    elif pieces and "\n" in space and not pieces[-1].endswith("\n"):
        pieces[-1] += "\n"


def merged(offers: Iterable[Sequence[Hunk]], same: float) -> tuple[Hunk, ...]:
    """The union of several rewrites of one parent: every change once; of two that touch one clause the first holds.

    same: two additions of which the shorter shares this much of its words with the other are one idea; the one that
    says more stays.
    """
    changes: dict[tuple[int, int], Hunk] = {}
    added: list[Hunk] = []
    for hunk in (h for offer in offers for h in offer):
        if hunk.kind != "insert":
            changes.setdefault((hunk.part, hunk.at), hunk)
            continue
        twin = next((i for i, known in enumerate(added) if _one_idea(known.new, hunk.new, same)), None)
        if twin is None:
            added.append(hunk)
        elif len(set(words_of(hunk.new))) > len(set(words_of(added[twin].new))):
            added[twin] = hunk
    return (*changes.values(), *added)


def _one_idea(one: str, other: str, same: float) -> bool:
    return overlap(one, other) >= same and not opposes(one, other)


def opposes(one: str, other: str) -> bool:
    """Whether one clause forbids or denies, and the other does not, in much the same words: both cannot hold."""
    if bool(DENIES.search(one)) == bool(DENIES.search(other)):
        return False
    return len(stems(one) & stems(other)) >= SAME_WORDS and overlap(one, other) >= SAME_SHARE


def overlap(one: str, other: str) -> float:
    """Share of the content words of the clause with fewer of them that the other one holds too, in [0, 1]."""
    a, b = stems(one), stems(other)
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def stems(clause: str) -> frozenset[str]:
    """Content words of a text, roughly without endings; words of grammar say nothing."""
    content = (w for w in words_of(clause) if (len(w) > 3 and w not in FUNCTION_WORDS) or w.isdigit())
    return frozenset(w.removesuffix("s") for w in content)


def said_already(hunk: Hunk, parent: Sequence[str]) -> bool:
    """Whether an addition repeats, word for word, a clause that the parent has."""
    said = words_of(hunk.new)
    return hunk.kind == "insert" and any(words_of(clause) == said for _, _, clause in numbered(parent))


def bearing(hunk: Hunk, task: frozenset[str]) -> float:
    """Share of the content words of what a hunk says that occur in the task's own words, in [0, 1]; see `stems`."""
    said = stems(hunk.new)
    return len(said & task) / len(said) if said else 1.0


def named_in(hunk: Hunk, words: str, share: float = 0.5) -> bool:
    """Whether a sentence speaks of the clause that a hunk drops or alters: enough of its content words occur in it."""
    said, old = stems(words), stems(hunk.old)
    return bool(old) and len(old & said) / len(old) >= share
