"""Tokens and word stems: what makes `confirmation` and `confirm`, `disclose` and `share` comparable."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from policies.guardrails.german import german_lemma, is_german, separated
from policies.guardrails.synonyms import groups
from policies.guardrails.word_lists import COMMAND_WORDS, FUNCTION_WORDS, IRREGULAR

TOKEN = re.compile(
    r"[ぁ-ゖァ-ヺー-ヿ々㐀-䶿一-鿿ｦ-ﾟ가-힯]+|\{\{?\s*[\w.-]+\s*\}?\}|\d+(?:[.,:]\d+)*%?|"
    r"[^\W\d_]+(?:['-][^\W\d_]+)*(?:_\w+)*|[^\W\d]\w*"
)
CJK = re.compile(r"[ぁ-ゖァ-ヺー-ヿ々㐀-䶿一-鿿ｦ-ﾟ가-힯]")
KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
HIRAGANA = re.compile(r"[ぁ-ゖ]+")
JAPANESE_RUN = re.compile(
    r"絶対に|絶対|決して|必ず|一切|厳禁|禁止|下さい|[ぁ-ゖ]+|[ァ-ヺー-ヿｦ-ﾟ]+|"
    r"(?:(?!絶対|決して|必ず|一切|厳禁|禁止|下さい)[々㐀-䶿一-鿿])+|[가-힯]+"
)
"""Operators first; then a change of script is where one word ends and the next begins."""
SUFFIXES = (
    "izations",
    "isations",
    "ization",
    "isation",
    "ifications",
    "ification",
    "ications",
    "ication",
    "ations",
    "ation",
    "itions",
    "ition",
    "sions",
    "sion",
    "tions",
    "tion",
    "ments",
    "ment",
    "ances",
    "ance",
    "ences",
    "ence",
    "ings",
    "ing",
    "ably",
    "ible",
    "able",
    "ures",
    "ure",
    "ally",
    "edly",
    "ness",
    "als",
    "al",
    "ied",
    "ies",
    "ed",
    "es",
    "ly",
    "s",
    "e",
    "y",
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: as written in lower case, its comparable form, and where it stands in the clean text."""

    word: str
    lemma: str
    start: int
    end: int
    subject: bool  # carries subject matter: neither a function word nor part of the way of commanding


@lru_cache(maxsize=20000)
def says_something(word: str) -> bool:
    """False for function words and for words by which a sentence commands, forbids or softens."""
    if not word.isascii() and HIRAGANA.fullmatch(word):
        return False  # particles and inflection
    return word not in FUNCTION_WORDS and word.split(maxsplit=1)[0] not in COMMAND_WORDS


@lru_cache(maxsize=20000)
def stem(word: str) -> str:
    """A crude stem: derivational suffixes cut as long as three letters remain. Source of the idea: Lovins 1968."""
    word = IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith(("ses", "sis")) and len(word) > 6:
        return stem(word[:-2] + "e")
    for suffix in SUFFIXES:
        least = 4 if suffix in {"al", "als"} or len(suffix) > 3 else 3
        if word.endswith(suffix) and len(word) - len(suffix) >= least:
            if suffix == "s" and word.endswith("ss"):
                break
            word = word[: -len(suffix)]
            break
    word = word.rstrip("eiy") if len(word) > 4 else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


class Synonyms:
    """Look-up from words and phrases to one comparable form; built once per policy."""

    def __init__(self, extra: Iterable[tuple[str, ...]] = ()) -> None:
        self._single: dict[str, str] = {}
        self._phrases: dict[tuple[str, ...], str] = {}
        self._german_forms: dict[str, str] = {}
        for group in (*extra, *groups()):
            target = self._target(group)
            for said in group:
                parts = tuple(stem(p) for p in re.split(r"[\s]+", said.lower()))
                if len(parts) == 1:
                    self._single.setdefault(parts[0], target)
                    self._german_forms.setdefault(german_lemma(said.lower()), target)
                else:
                    self._phrases.setdefault(parts, target)
        self._openings = frozenset(parts[0] for parts in self._phrases)
        self._longest = max((len(p) for p in self._phrases), default=1)

    def _target(self, group: tuple[str, ...]) -> str:
        return stem(group[0].lower().replace(" ", "-"))

    def lemma(self, word: str) -> str:
        """The comparable form of one word."""
        stemmed = stem(word.removesuffix("'s").rstrip("'") if "'" in word else word)
        return self._single.get(stemmed, stemmed)

    def tokens(self, text: str) -> tuple[Token, ...]:
        """Words of a clean text in order; phrases that stand for one word are joined, CJK runs become pairs."""
        raw: list[tuple[str, int, int]] = []
        japanese = not text.isascii() and KANA.search(text) is not None
        for match in TOKEN.finditer(text):
            said = match.group().lower()
            if said.isascii() or not CJK.match(said):
                raw.append((said, match.start(), match.end()))
            elif japanese:
                raw.extend(_japanese(said, match.start()))
            else:
                raw.extend(_pairs(said, match.start()))
        low = text.lower()
        return tuple(self._german(low, raw)) if is_german(low) else tuple(self._joined(raw))

    def german(self, word: str) -> str:
        """The comparable form of one word of a German sentence."""
        lemma = german_lemma(word)
        return self._german_forms.get(lemma) or self._single.get(stem(word), lemma)

    def _german(self, low: str, raw: list[tuple[str, int, int]]) -> Iterable[Token]:
        split = separated(low, raw, FUNCTION_WORDS)
        prefix_of = {verb: raw[at][0] for at, verb in split.items()}
        for index, (word, start, end) in enumerate(raw):
            lemma = _plain_number(word) or self.german(prefix_of.get(index, "") + word)
            yield Token(word, lemma, start, end, index not in split and says_something(word))

    def _joined(self, raw: list[tuple[str, int, int]]) -> Iterable[Token]:
        stems = [stem(w) for w, _, _ in raw]
        at = 0
        while at < len(raw):
            longest = min(self._longest, len(raw) - at) if stems[at] in self._openings else 1
            for length in range(longest, 1, -1):
                target = self._phrases.get(tuple(stems[at : at + length]))
                if target is not None:
                    word = " ".join(w for w, _, _ in raw[at : at + length])
                    yield Token(word, target, raw[at][1], raw[at + length - 1][2], says_something(word))
                    at += length
                    break
            else:
                word, start, end = raw[at]
                yield Token(word, _plain_number(word) or self.lemma(word), start, end, says_something(word))
                at += 1


def _japanese(said: str, start: int) -> list[tuple[str, int, int]]:
    """Words by change of script; a run of kanji becomes overlapping pairs, since it may be a compound."""
    words: list[tuple[str, int, int]] = []
    for run in JAPANESE_RUN.finditer(said):
        kanji = not HIRAGANA.match(run.group()) and run.group() not in COMMAND_WORDS and len(run.group()) > 2
        if kanji and re.match(r"[々㐀-䶿一-鿿]", run.group()):
            words.extend(_pairs(run.group(), start + run.start()))
        else:
            words.append((run.group(), start + run.start(), start + run.end()))
    return words


def _pairs(said: str, start: int) -> list[tuple[str, int, int]]:
    if len(said) == 1:
        return [(said, start, start + 1)]
    return [(said[i : i + 2], start + i, start + i + 2) for i in range(len(said) - 1)]


NUMBER_WORDS: Mapping[str, str] = {
    word: str(value)
    for value, names in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
    for word in (names,)
} | {
    "twice": "2",
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "hundred": "100",
}


def _plain_number(word: str) -> str | None:
    if word[0].isdigit():
        return re.sub(r"[.,](?=\d{3}(?:\D|$))", "", word)
    return NUMBER_WORDS.get(word)
