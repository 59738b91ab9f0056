"""The student's only knowledge: what the prompt itself says of each label, as an index from features to labels."""

import math
from collections.abc import Mapping, Sequence

from tools.embedded.words import features

LENGTH_SLOPE = 0.5


Features = Mapping[str, float]


def bag_of(said: Sequence[Features]) -> dict[str, float]:
    """Add up the features of the texts said of one label; repeats count by their logarithm."""
    bag: dict[str, float] = {}
    for features_of_text in said:
        for feature, weight in features_of_text.items():
            bag[feature] = bag.get(feature, 0.0) + weight
    return {f: 1.0 + math.log(w) if w > 1.0 else w for f, w in bag.items()}


class Lexicon:
    """Scores a text against labels by the features it shares with what was said of each label.

    Rare features count more (inverse label frequency); long descriptions are damped (pivoted length normalisation,
    Singhal et al. 1996). Scores are non-negative and have no unit.
    """

    def __init__(self, labels: Sequence[str], bags: Sequence[Features]) -> None:
        """labels and their bags (see `bag_of`), in the same order."""
        self.labels = tuple(labels)
        frequency: dict[str, int] = {}
        for bag in bags:
            for feature in bag:
                frequency[feature] = frequency.get(feature, 0) + 1
        rarity = {f: math.log(1.0 + (len(bags) - n + 0.5) / (n + 0.5)) for f, n in frequency.items()}
        sizes = [math.sqrt(sum((w * rarity[f]) ** 2 for f, w in bag.items())) or 1.0 for bag in bags]
        average = sum(sizes) / len(sizes) if sizes else 1.0
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for index, (bag, size) in enumerate(zip(bags, sizes, strict=True)):
            damping = (1.0 - LENGTH_SLOPE) + LENGTH_SLOPE * size / average
            for feature, weight in bag.items():
                self._postings.setdefault(feature, []).append((index, weight * rarity[feature] / damping))

    def scores(self, seen: Features) -> list[float]:
        """One score per label, in the order of `labels`, for the features of a text."""
        totals = [0.0] * len(self.labels)
        for feature, weight in seen.items():
            for index, known in self._postings.get(feature, ()):
                totals[index] += weight * known
        return totals


def lexicon_of(described: Mapping[str, Sequence[str]]) -> Lexicon:
    """The lexicon of label -> texts said of it (its name, its meaning, examples)."""
    return Lexicon(tuple(described), [bag_of([features(text) for text in texts]) for texts in described.values()])
