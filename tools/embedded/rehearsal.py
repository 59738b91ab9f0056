"""Read a draft over the examples shown, the way the embedded student would, to see which added phrases help.

The teacher's only means of trying something out: it sees nothing but the examples in its request. When the prompt runs
on another model, this is a rough stand-in for that model, and the trial on unseen items decides.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.embedded.lexicon import Features, Lexicon, bag_of
from tools.embedded.reading import Reading
from tools.embedded.student import described_by, fires
from tools.embedded.words import features, stem, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A shown example in the teacher's terms: the label expected, the label answered, its features."""

    id: str
    text: str
    expected: str
    actual: str
    failing: bool
    seen: Features


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What reading a draft gave: the label per case, and the objective (hits, plus a little for clear margins)."""

    answers: tuple[str, ...]
    objective: float


class Rehearsal:
    """Reads drafts of one prompt over one set of cases. A draft is label -> phrases added to what the prompt says."""

    def __init__(self, reading: Reading, labels: Sequence[str], cases: Sequence[Case], margin_share: float) -> None:
        """margin_share: weight of the log-odds of the right label beside a weight of 1 per hit."""
        described = described_by(reading)
        self._labels = tuple(labels)
        self._said = {label: [features(t) for t in described.get(label, [label])] for label in self._labels}
        self._bags = {label: bag_of(said) for label, said in self._said.items()}
        self._phrases: dict[str, Features] = {}
        self._margin_share = margin_share
        self._cases = tuple(cases)
        self._ruled = tuple(_ruled(case.text, reading) for case in cases)

    def _features(self, phrase: str) -> Features:
        if phrase not in self._phrases:
            self._phrases[phrase] = features(phrase)
        return self._phrases[phrase]

    def read(self, added: Mapping[str, Sequence[str]]) -> Outcome:
        """Answer every case under the draft."""
        bags = [
            bag_of([*self._said[label], *map(self._features, added[label])]) if added.get(label) else self._bags[label]
            for label in self._labels
        ]
        lexicon = Lexicon(self._labels, bags)
        place = {label: index for index, label in enumerate(self._labels)}
        answers, objective = [], 0.0
        for case, ruled in zip(self._cases, self._ruled, strict=True):
            if ruled is not None:
                answers.append(ruled)
                continue
            scores = lexicon.scores(case.seen)
            best = max(range(len(scores)), key=scores.__getitem__)
            answers.append(self._labels[best])
            objective += self._labels[best] == case.expected
            if self._margin_share and case.expected in place:
                objective += self._margin_share * _log_share(scores, place[case.expected])
        return Outcome(answers=tuple(answers), objective=objective)


def _ruled(text: str, reading: Reading) -> str | None:
    stems = frozenset(stem(w) for w in words(text))
    return next((rule.answer for rule in reading.rules if fires(rule, stems)), None)


def _log_share(scores: Sequence[float], right: int) -> float:
    """Log of the right label's share under a softmax, not below -4, so that one odd case cannot rule."""
    top = max(scores)
    return max(-4.0, scores[right] - top - math.log(sum(math.exp(s - top) for s in scores)))
