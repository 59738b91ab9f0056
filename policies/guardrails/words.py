"""Tokens and word stems: what makes `confirmation` and `confirm`, `disclose` and `share` comparable."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from policies.guardrails.synonyms import groups

TOKEN = re.compile(
    r"[぀-ヿ㐀-䶿一-鿿ｦ-ﾟ가-힯]+|\{\{?\s*[\w.-]+\s*\}?\}|\d+(?:[.,:]\d+)*%?|[^\W\d_]+(?:['-][^\W\d_]+)*(?:_\w+)*|[^\W\d]\w*"
)
CJK = re.compile(r"[぀-ヿ㐀-䶿一-鿿ｦ-ﾟ가-힯]")
SUFFIXES = (
    "izations", "isations", "ization", "isation", "ifications", "ification", "ications", "ication", "ations", "ation", "itions", "ition",
    "sions", "sion", "tions", "tion", "ments", "ment", "ances", "ance", "ences", "ence", "ings", "ing", "ably", "ible", "able", "ures", "ure",
    "ally", "edly", "ness", "als", "al", "ied", "ies", "ers", "ors", "er", "or", "ed", "es", "ly", "s", "e", "y",
)  # fmt: skip
FUNCTION_WORDS = frozenset(
    """a an the this that these those it its he she him her his hers they them their theirs we us our ours you your yours i me my mine
    of to in on at by for from with about into onto as than and or nor but so if when then there here be is are was were been being am
    do does did done doing have has had having will would what which who whom whose how where why while also too very just please again
    get gets got any all every each both some such own same not no never always must shall should may might can could ever up out off via per
    anyone anybody everyone everybody someone something anything everything nothing nobody none regarding concerning respect case cases
    either neither within without before after during under over above below between against only still yet already upon toward towards
    otherwise however therefore thus hence etc under circumstance circumstances whether because since though although until unless
    make makes made making need needs order sure ensure way ways kind kinds time times even though like well much many more most less least
    instead rather out whatever whenever wherever whoever matter regardless including include allowed permitted forbidden prohibited required
    der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine keinen im in am an auf aus bei mit nach von vor zu zum zur für
    über unter durch ist sind war wird werden wurde du sie er es wir ihr ihre ihren ihrer sein seine dass wenn als auch nur immer niemals nie muss müssen
    darf dürfen soll sollen sollte kann können le la les un une des du de et ou mais ne pas que qui est sont el los las una y o pero no en con por para es son
    il lo gli uno e ma non di da che per è sono os as um uma na não com het een en of maar niet van met op te is zijn""".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: as written in lower case, its comparable form, and where it stands in the clean text."""

    word: str
    lemma: str
    start: int
    end: int

    @property
    def content(self) -> bool:
        """False for function words, which carry no subject matter."""
        return self.word not in FUNCTION_WORDS


IRREGULAR: Mapping[str, str] = dict(
    pair.split(":")
    for pair in """sent:send told:tell given:give gave:give said:say kept:keep made:make taken:take took:take shown:show left:leave paid:pay sold:sell
    bought:buy written:write wrote:write spoken:speak known:know found:find held:hold brought:bring met:meet chosen:choose broken:break hidden:hide
    stolen:steal stole:steal drawn:draw thrown:throw worn:wear lent:lend spent:spend built:build felt:feel lost:lose meant:mean sought:seek taught:teach
    understood:understand withheld:withhold children:child women:woman men:man people:person driven:drive begun:begin forgotten:forget shut:shut
    ran:run heard:hear seen:see saw:see dealt:deal caught:catch fed:feed led:lead sworn:swear swore:swear gone:go went:go eaten:eat overwritten:overwrite
    undertaken:undertake overridden:override beaten:beat bitten:bite fallen:fall frozen:freeze proven:prove risen:rise shaken:shake won:win
    advice:advise proof:prove belief:believe sale:sell choice:choose loss:lose sight:see speech:speak gift:give breath:breathe""".split()
)


@lru_cache(maxsize=20000)
def stem(word: str) -> str:
    """A crude stem: derivational suffixes cut as long as three letters remain. Source of the idea: Lovins 1968."""
    word = IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith(("ses", "sis")) and len(word) > 6:
        return stem(word[:-2] + "e")
    for suffix in SUFFIXES:
        least = 4 if suffix in {"er", "or", "al", "ers", "ors", "als"} or len(suffix) > 3 else 3
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
        for group in (*extra, *groups()):
            target = self._target(group)
            for said in group:
                parts = tuple(stem(p) for p in re.split(r"[\s]+", said.lower()))
                if len(parts) == 1:
                    self._single.setdefault(parts[0], target)
                else:
                    self._phrases.setdefault(parts, target)
        self._longest = max((len(p) for p in self._phrases), default=1)

    def _target(self, group: tuple[str, ...]) -> str:
        return stem(group[0].lower().replace(" ", "-"))

    def lemma(self, word: str) -> str:
        """The comparable form of one word."""
        stemmed = stem(word)
        return self._single.get(stemmed, stemmed)

    def tokens(self, text: str) -> tuple[Token, ...]:
        """Words of a clean text in order; phrases that stand for one word are joined, CJK runs become pairs of characters."""
        raw: list[tuple[str, int, int]] = []
        for match in TOKEN.finditer(text):
            said = match.group().lower()
            if CJK.match(said):
                raw.extend(_pairs(said, match.start()))
            else:
                raw.append((said, match.start(), match.end()))
        return tuple(self._joined(raw))

    def _joined(self, raw: list[tuple[str, int, int]]) -> Iterable[Token]:
        stems = [stem(w) for w, _, _ in raw]
        at = 0
        while at < len(raw):
            for length in range(min(self._longest, len(raw) - at), 1, -1):
                target = self._phrases.get(tuple(stems[at : at + length]))
                if target is not None:
                    word = " ".join(w for w, _, _ in raw[at : at + length])
                    yield Token(word, target, raw[at][1], raw[at + length - 1][2])
                    at += length
                    break
            else:
                word, start, end = raw[at]
                yield Token(word, _plain_number(word) or self.lemma(word), start, end)
                at += 1


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
} | {"twice": "2", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "hundred": "100"}  # fmt: skip


def _plain_number(word: str) -> str | None:
    if word[0].isdigit():
        return re.sub(r"[.,](?=\d{3}(?:\D|$))", "", word)
    return NUMBER_WORDS.get(word)
