"""Choose which phrases to add to which label, by rehearsing them on the examples shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.embedded.evidence import Phrase, Wanted
from tools.embedded.rehearsal import Outcome, Rehearsal
from tools.embedded.words import content_words, stem

TRIALS = 220


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a strategy writes.

    per_label: most phrases per label; margin_share: see `Rehearsal`; least_gain: what a phrase must add to the
    objective (about: texts put right).
    """

    wanted: Wanted
    per_label: int
    margin_share: float
    least_gain: float


MANNERS: Mapping[str, Manner] = {
    "surgical": Manner(
        wanted=Wanted(shortest=1, longest=2, least_odds=0.9, least_missed=1),
        per_label=6,
        margin_share=0.5,
        least_gain=1.0,
    ),
    "clarify": Manner(
        wanted=Wanted(shortest=1, longest=3, least_odds=0.7, least_missed=0),
        per_label=12,
        margin_share=2.0,
        least_gain=1.0,
    ),
    "examples": Manner(
        wanted=Wanted(shortest=2, longest=3, least_odds=0.7, least_missed=1),
        per_label=8,
        margin_share=0.5,
        least_gain=1.0,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Characters that may be added in all, and what the first phrase of a label costs on top of its own length."""

    total: int
    opening: int


def cost_of(phrase: str) -> int:
    """Characters a phrase takes on its line, with its quotation marks and separator."""
    return len(phrase) + 4


def _by_gain(ranked: Sequence[Phrase], rehearsal: Rehearsal) -> list[Phrase]:
    """The phrases that help when added alone, the most helpful first."""
    start = rehearsal.read({}).objective
    gains = [(rehearsal.read({p.label: [p.text]}).objective - start, p) for p in ranked[:TRIALS]]
    return [p for gain, p in sorted(gains, key=lambda item: -item[0]) if gain > 0.0]


def draft(
    ranked: Sequence[Phrase], rehearsal: Rehearsal, said: Mapping[str, str], manner: Manner, room: Room
) -> tuple[dict[str, list[str]], Outcome]:
    """Add phrases one by one, keeping each that helps the examples shown more than it harms them.

    said: label -> what the prompt says of it. Returns label -> phrases and the outcome of the whole draft.
    """
    added: dict[str, list[str]] = {}
    known = {label: {stem(w) for w in content_words(text)} for label, text in said.items()}
    left = room.total
    best = rehearsal.read(added)
    for phrase in _by_gain(ranked, rehearsal):
        own = added.get(phrase.label, [])
        cost = cost_of(phrase.text) + (0 if own else room.opening)
        stems = known.setdefault(phrase.label, set())
        if len(own) >= manner.per_label or cost > left or stems.issuperset(phrase.stems):
            continue
        tried = {**added, phrase.label: [*own, phrase.text]}
        outcome = rehearsal.read(tried)
        if outcome.objective >= best.objective + manner.least_gain:
            best, added, left = outcome, tried, left - cost
            stems.update(phrase.stems)
    return added, best
