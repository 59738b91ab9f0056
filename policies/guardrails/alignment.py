"""Find the text that took a clause's place: one to three neighbouring live units of the candidate."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.guardrails.document import Read
from policies.guardrails.frames import Frame, frame
from policies.guardrails.observation import shared
from policies.guardrails.words import Synonyms

RELATED = 0.34  # below this share of common subject matter nothing took the clause's place
WIDER = 0.2  # a neighbour joins only when it adds this much


@dataclass(frozen=True, slots=True)
class Aligned:
    """The counterpart of a clause."""

    reads: tuple[Read, ...]
    frame: Frame
    score: float


def align(clause: Frame, pool: Sequence[Read], synonyms: Synonyms) -> Aligned | None:
    """Best counterpart of a clause among units in order; None when nothing is related."""
    best: tuple[float, int] | None = None
    for index, read in enumerate(pool):
        score = shared(clause, read.frame)
        if score and (best is None or score + _compactness(clause, read) > best[0]):
            best = (score + _compactness(clause, read), index)
    if best is None:
        return None
    low = high = best[1]
    reads = [pool[low]]
    score = shared(clause, pool[low].frame)
    while len(reads) < 3:
        options = [i for i in (low - 1, high + 1) if 0 <= i < len(pool)]
        gains = [(_together(clause, [*reads, pool[i]]) - score, -i) for i in options]
        if not gains or max(gains)[0] < WIDER:
            break
        index = -max(gains)[1]
        reads = [pool[index], *reads] if index < low else [*reads, pool[index]]
        low, high = min(low, index), max(high, index)
        score = _together(clause, reads)
    if score < RELATED:
        return None
    text = " ".join(r.unit.text for r in reads)
    return Aligned(tuple(reads), reads[0].frame if len(reads) == 1 else frame(text, synonyms), score)


def _compactness(clause: Frame, read: Read) -> float:
    """A small bonus for units that speak of little else, so that a long list does not attract every clause."""
    said = read.frame.content_set
    return 0.3 * len(said & clause.content_set) / len(said) if said else 0.0


def _together(clause: Frame, reads: Sequence[Read]) -> float:
    wanted = clause.content_set
    there = frozenset().union(*(r.frame.content_set for r in reads))
    return len(wanted & there) / len(wanted) if wanted else 1.0
