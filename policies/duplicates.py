"""Has this candidate been tried before? The same text in other clothes, or the idea a reviewer has rejected."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastText:
    """A text written before: its name, the live text it was to replace, and whether a reviewer rejected it."""

    name: str
    text: str
    base: str
    rejected: bool


def folded(text: str) -> str:
    """The text without case, punctuation and spacing: two texts that fold alike are one."""
    return " ".join(TOKEN.findall(text.casefold()))


def duplicate_of(candidate: str, base: str, past: Sequence[PastText], similarity: float) -> PastText | None:
    """The earlier text that the candidate repeats, or None.

    Any earlier text counts when it folds to the same words. A rejected one counts already when the words that the
    candidate adds to its base and takes from it are nearly those that the rejected one added to and took from its own
    (Jaccard similarity of multisets >= similarity), so that an idea stays rejected when the live version moves on.
    """
    mine, change = folded(candidate), _change(base, candidate)
    for old in past:
        if folded(old.text) == mine:
            return old
        if old.rejected and _jaccard(change, _change(old.base, old.text)) >= similarity:
            return old
    return None


def _change(base: str, text: str) -> Counter[str]:
    before, after = Counter(TOKEN.findall(base.casefold())), Counter(TOKEN.findall(text.casefold()))
    added = Counter({f"+{word}": n for word, n in (after - before).items()})
    return added + Counter({f"-{word}": n for word, n in (before - after).items()})


def _jaccard(a: Counter[str], b: Counter[str]) -> float:
    union = sum((a | b).values())
    return sum((a & b).values()) / union if union else 1.0
