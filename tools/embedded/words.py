"""Words, stems and letter groups: what the embedded models see of a text.

No dictionary of any trade: function words and a light suffix stripper for English, letter groups for the rest.
"""

import re
from functools import lru_cache
from itertools import pairwise

WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
CLAUSE = re.compile(r"[.,;:!?()\[\]{}\"“”|/\n]+")

_FUNCTION_WORDS = """
    a about all also am an and any are as asks at be because been being but by can cannot could did do does doing done
    e etc for from g get gets getting go going got had has have having he her here hers him his how i if in into is it
    its just let like ll made make makes may me might my need needs of on or our ours please re s she should so some
    someone t than that the their them then there these they this those to too us ve very want wants was we were what
    when where which while who whose why will with would you your yours i'm i've i'd i'll it's that's what's don't
    doesn't didn't can't couldn't won't isn't aren't wasn't haven't hasn't you're they're we're there's
    hello hi hey thanks thank customer message messages user such example typical words phrases
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())

# Longest first; what stands after the bar replaces the suffix.
_SUFFIX_LIST = (
    "ications|i ication|i ations| ation| ements| ement| ingly| ings| ing| edly| ied|i ies|i ed| ally|al ly| ions| ion| "
    "es| s| e| y|i"
)
_SUFFIXES = tuple(tuple(pair.split("|")) for pair in _SUFFIX_LIST.split(" "))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The part of a lower-case word that its inflections share (declined, declines, decline -> declin)."""
    if word.endswith("ss") or not word.isascii():
        return word
    for suffix, rest in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            cut = word[: len(word) - len(suffix)] + rest
            doubled = len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "aeils"
            return cut[:-1] if doubled else cut
    return word


def words(text: str) -> list[str]:
    """Lower-case words in order; identifiers fall apart at underscores and hyphens."""
    return [w.replace("’", "'") for w in WORD.findall(text.lower())]


def content_words(text: str) -> list[str]:
    """Words that are not function words, in order."""
    return [w for w in words(text) if w not in FUNCTION_WORDS]


def clauses(text: str) -> list[list[str]]:
    """Content words of each clause, so that word pairs never reach across punctuation."""
    return [found for part in CLAUSE.split(text) if (found := content_words(part))]


@lru_cache(maxsize=20_000)
def letter_groups(word: str) -> tuple[str, ...]:
    """Overlapping letter groups of a word with its ends marked: four letters, two where the script has no spaces."""
    size = 4 if word.isascii() else 2
    marked = f"^{word}$"
    return tuple({f"~{marked[i : i + size]}" for i in range(max(1, len(marked) - size + 1))})


def features(text: str) -> dict[str, float]:
    """Weighted features: stems (1), pairs of neighbouring stems (0.8), letter groups (sharing 0.35 per word)."""
    seen: dict[str, float] = {}
    for clause in clauses(text):
        stems = [stem(w) for w in clause]
        for s in stems:
            seen[s] = 1.0
        for left, right in pairwise(stems):
            seen[f"{left} {right}"] = 0.8
        for word in clause:
            groups = letter_groups(word)
            for group in groups:
                seen[group] = max(seen.get(group, 0.0), 0.35 / len(groups))
    return seen
