"""Is a new word the corrected spelling of an old one? Only slips that hardly ever make another word count."""

import re

from policies.guardrails.word_lists import FUNCTION_WORDS

LONG_ENOUGH = 6  # letters from which on a doubled letter is a slip rather than another word
EXCHANGED = re.compile(r"ie|ei")


def corrected(old: str, new: str) -> bool:
    """`teh` -> `the`, `recieve` -> `receive`, `adress` -> `address`; never `legal` -> `illegal`.

    Two exchanged letters count where the result is a function word, or where they are `ie`; a letter more or less
    where it doubles its neighbour in a long word.
    """
    if old == new or old in FUNCTION_WORDS:
        return False
    if len(old) == len(new):
        return _exchanged(old, new)
    longer, shorter = (old, new) if len(old) > len(new) else (new, old)
    return len(longer) - len(shorter) == 1 and len(longer) >= LONG_ENOUGH and _doubled(longer, shorter)


def _exchanged(old: str, new: str) -> bool:
    places = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if len(places) != 2 or places[1] != places[0] + 1:
        return False
    at = places[0]
    if old[at] != new[at + 1] or old[at + 1] != new[at]:
        return False
    return new in FUNCTION_WORDS or EXCHANGED.fullmatch(new[at : at + 2]) is not None


def _doubled(longer: str, shorter: str) -> bool:
    return any(longer[i] == longer[i - 1] and longer[:i] + longer[i + 1 :] == shorter for i in range(2, len(longer)))
