"""Phrases that tell a label's texts from the others, found by comparing the examples shown."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tools.embedded.rehearsal import Case
from tools.embedded.words import CLAUSE, FUNCTION_WORDS, content_words, stem, words

Stems = tuple[str, ...]

MOST_WORDS = 5
PASSING_SHARE = 0.3
# What redaction leaves in the place of a secret is nobody's word.
_STAND_IN = re.compile(r"\[[^\[\]\n]{1,40}\]|<[A-Za-z_:]{1,40}>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Neighbouring content words that speak for a label; weight grows with support, most of all among failures."""

    label: str
    text: str
    stems: Stems
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which phrases a strategy looks for.

    shortest, longest: content words in a phrase. least_odds: natural logarithm of (share of the label's texts with the
    phrase / share of the other texts with it). least_missed: failing texts of the label that must have it.
    """

    shortest: int
    longest: int
    least_odds: float
    least_missed: int


def _terms(text: str, wanted: Wanted) -> dict[Stems, str]:
    """Stems of each run of content words inside a clause -> the run as written, function words in between included."""
    found: dict[Stems, str] = {}
    for clause in CLAUSE.split(_STAND_IN.sub(". ", text)):
        spoken = words(clause)
        content = [at for at, word in enumerate(spoken) if word not in FUNCTION_WORDS]
        for size in range(wanted.shortest, wanted.longest + 1):
            for first in range(len(content) - size + 1):
                run = content[first : first + size]
                said = spoken[run[0] : run[-1] + 1]
                plain = not any(spoken[at].isdigit() for at in run)
                if plain and len(said) <= MOST_WORDS and len("".join(said)) > 1:
                    found[tuple(stem(spoken[at]) for at in run)] = " ".join(said)
    return found


class _Counts:
    """How many texts have each phrase: everywhere, per label, per label among the failures; and how it is spelled."""

    def __init__(self, cases: Sequence[Case], wanted: Wanted) -> None:
        self.spelled: dict[Stems, Counter[str]] = defaultdict(Counter)
        self.everywhere: Counter[Stems] = Counter()
        self.within: dict[str, Counter[Stems]] = defaultdict(Counter)
        self.missed: dict[str, Counter[Stems]] = defaultdict(Counter)
        self.texts = Counter(case.expected for case in cases)
        for case in cases:
            for term, text in _terms(case.text, wanted).items():
                self.spelled[term][text] += 1
                self.everywhere[term] += 1
                self.within[case.expected][term] += 1
                self.missed[case.expected][term] += case.failing


def phrases(cases: Sequence[Case], said: Mapping[str, str], labels: Collection[str], wanted: Wanted) -> list[Phrase]:
    """Distinguishing phrases of each label, strongest first; nothing that `said` (label -> text) has is repeated."""
    counts = _Counts(cases, wanted)
    # What a single text says may be its writer's own affair; only where there are few texts does one have to do.
    least = 2 if sum(case.failing for case in cases) > 20 else 1
    ranked: list[Phrase] = []
    for label in labels:
        known = {stem(w) for w in content_words(said.get(label, ""))}
        for term, count in counts.within[label].items():
            outside = (counts.everywhere[term] - count + 0.5) / (len(cases) - counts.texts[label] + 1)
            odds = math.log(count / counts.texts[label] / outside)
            missed = counts.missed[label][term]
            if count < least or odds < wanted.least_odds or missed < wanted.least_missed or known.issuperset(term):
                continue
            weight = odds * (missed + PASSING_SHARE * (count - missed))
            ranked.append(Phrase(label=label, text=_usual(counts.spelled[term]), stems=term, weight=weight))
    return sorted(ranked, key=lambda p: (-p.weight, p.label, p.text))


def _usual(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda text: (-spellings[text], text))
