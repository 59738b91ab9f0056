"""Figures in clauses: a changed limit is looser, stricter or unknown."""

import re
from collections.abc import Iterator

from policies.guardrails.frames import Frame, Number
from policies.guardrails.vocabulary import NEGATION

OPPOSITE = ({"min", "max"}, {"over", "under"}, {"min", "under"}, {"max", "over"})


def number_changes(old: Frame, new: Frame) -> Iterator[tuple[str, bool]]:
    """(what changed, certainly not stricter) for every figure of the old clause that the new text lacks."""
    if not old.numbers:
        yield from ((f"a new limit: {n.bound} {n.value}", False) for n in new.numbers if n.bound in {"over", "under"})
    there = [n.value for n in new.numbers]
    before = [n.value for n in old.numbers]
    fresh = [n for n in new.numbers if n.value not in before]
    for number in old.numbers:
        if number.value in there:
            partner = next(n for n in new.numbers if n.value == number.value)
            if {number.bound, partner.bound} in OPPOSITE and _negated(old) == _negated(new):
                yield f"the bound of {number.value} turned round", True
            continue
        twin = next((n for n in fresh if n.unit == number.unit), fresh[0] if fresh else None)
        if twin is None:
            yield f"the figure {number.value} is gone", True
        else:
            stricter = _stricter(old, number, twin)
            yield f"{number.value} became {twin.value}", not stricter


NEGATED_BOUND = re.compile(
    r"\b(?:no|not) (?:more|less|fewer|later|longer|earlier|higher|lower|larger|older|younger) than\b"
)


def _negated(frame: Frame) -> bool:
    """Does anything but a bound negate? The signs of the words know nothing of a segment that holds a bound."""
    return frame.prohibits or NEGATION.search(NEGATED_BOUND.sub(" ", frame.low)) is not None


def _stricter(old: Frame, number: Number, twin: Number) -> bool:
    try:
        before, after = float(number.value.rstrip("%")), float(twin.value.rstrip("%"))
    except ValueError:
        return False
    if number.bound == "min":
        return after > before and not old.prohibits
    if number.bound == "max":
        return after < before
    if number.bound in {"over", "under"}:
        lower = after < before
        return lower if number.bound == "over" else not lower
    return False
