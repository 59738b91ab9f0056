"""German words made comparable: one form for `weitergegeben`, `weiterzugeben` and `gib … weiter`."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

SIGNS = re.compile(
    r"\b(?:nicht|weder|kein\w*|der|das|und|den|dem|sie|wenn|darf|darfst|dürfen|muss|müssen|niemals|immer|für|bei|ein|eine|"
    r"einen|nur|oder|auf|zu|dass|ist|wird|werden|ihm|des|bitte|über|mit|die|unter|im|zum|zur|von|vom|sich|sofort|"
    r"dich|seine[rmn]?|ihre[rmn]?)\b"
)
CERTAIN = re.compile(r"\b(?:kein\w*|nicht|weder|niemals|dürfen|darf\w*|müssen|dass|und|oder|für)\b")
OTHER = re.compile(r"\b(?:the|and|of|is|are|for|with|must|not|you|het|een|van)\b")
PREFIXES = [
    "ab",
    "an",
    "auf",
    "aus",
    "bekannt",
    "bei",
    "durch",
    "ein",
    "fest",
    "frei",
    "heraus",
    "hinaus",
    "her",
    "hin",
    "los",
    "mit",
    "nach",
    "offen",
    "preis",
    "um",
    "vor",
    "vorbei",
    "weg",
    "weiter",
    "zu",
    "zurück",
    "zusammen",
]
EITHER = "|".join(sorted(PREFIXES, key=len, reverse=True))
PARTICIPLE = re.compile(rf"({EITHER})?ge(\w{{3,}}?)(?:t|en)")
INFINITIVE = re.compile(rf"({EITHER})zu(\w{{3,}}?en)")
PREFIXED = re.compile(rf"({EITHER})(\w{{3,}})")
ENDINGS = ("test", "ten", "est", "tet", "en", "em", "es", "et", "te", "st", "e", "n", "t", "s")
LEAST = 3  # letters that must be left
UMLAUTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u", "ß": "s"})
IRREGULAR: Mapping[str, str] = {
    "gib": "geb",
    "gab": "geb",
    "nimm": "nehm",
    "nomm": "nehm",
    "sprich": "sprech",
    "sproch": "sprech",
    "genannt": "nenn",
    "nannt": "nenn",
    "lies": "les",
    "hilf": "helf",
    "verrat": "verrat",
    "empfiehl": "empfehl",
    "empfohl": "empfehl",
    "versproch": "versprech",
    "versprich": "versprech",
    "zahl": "zahl",
}
MODALS = frozenset(
    ["darf", "darfst", "dürfen", "muss", "müssen", "musst", "soll", "sollen", "sollst", "kann", "kannst", "können"]
)


def is_german(low: str) -> bool:
    """Enough of the small words of German, and hardly any of another language."""
    others = len(OTHER.findall(low))
    return (others <= 1 and len(SIGNS.findall(low)) >= 2) or (not others and CERTAIN.search(low) is not None)


@lru_cache(maxsize=20000)
def german_lemma(word: str) -> str:
    """A crude comparable form: participle and infinitive marks and endings cut, umlauts folded."""
    if not word.isalpha():
        return word
    participle, infinitive = PARTICIPLE.fullmatch(word), INFINITIVE.fullmatch(word)
    if participle:
        return (participle[1] or "") + _root(participle[2])
    if infinitive:
        return infinitive[1] + _root(infinitive[2])
    prefixed = PREFIXED.fullmatch(word)
    return prefixed[1] + _root(prefixed[2]) if prefixed else _root(word)


def _root(word: str) -> str:
    folded = IRREGULAR.get(word, word).translate(UMLAUTS)
    for ending in ENDINGS:
        if folded.endswith(ending) and len(folded) - len(ending) >= LEAST:
            folded = folded[: -len(ending)]
            break
    return IRREGULAR.get(folded, folded)


def separated(low: str, words: Sequence[tuple[str, int, int]], function_words: frozenset[str]) -> dict[int, int]:
    """Index of a split-off prefix -> index of its verb: `gib sie nicht weiter`, `sage niemals zu, dass …`."""
    pairs: dict[int, int] = {}
    first: int | None = None
    for index, (word, start, end) in enumerate(words):
        before = low[words[index - 1][2] : start] if index else ","
        if re.search(r"[,;:.!?(]", before) or (index and words[index - 1][0] in {"und", "oder", "aber"}):
            first = None
        closes = (
            index + 1 == len(words) or re.match(r"\s*[,;:.!?)]", low[end:]) or words[index + 1][0] in {"und", "oder"}
        )
        if first is not None and word in PREFIXES and closes:
            pairs[index] = first
        elif first is None and word not in function_words:
            first = index
    return pairs
