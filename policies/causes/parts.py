"""How much of a loss each kind of change explains: differences of means over the same kinds of call, with their error.

The mix of traffic is separated from worse answers as in Kitagawa (1955): what the calls after the onset would have lost
if every kind of message were answered as before, less what was lost before, is the part of the mix.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from policies.causes.calls import Call, Sides, mean_lost
from policies.causes.ground import Ground, Opinion
from policies.causes.likeness import NEAR_IDENTICAL

TWINS = 5  # nearly equal messages that foretell better than the class of a message
CLASS_CALLS = 10
BADLY = 0.4  # score that a kind of message lost before, from which it counts as badly answered
LIKE_ENOUGH = 0.5  # cosine from which a message helps to foretell how another one is answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Score lost more than before, per call; error: its standard error; calls: the ones that show it."""

    size: float
    error: float
    calls: tuple[Call, ...] = ()

    @property
    def z(self) -> float:
        """How many standard errors it is away from nothing."""
        return self.size / self.error if self.error > 0 else 0.0


NOTHING = Part(size=0.0, error=0.0)


def difference(after: Sequence[float], before: Sequence[float]) -> tuple[float, float]:
    """Difference of two means and its standard error, as if one call more at either end had been seen on both sides."""
    return _mean(after) - _mean(before), math.sqrt(_variance(after) + _variance(before))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _variance(values: Sequence[float]) -> float:
    """Of the mean."""
    n = len(values) + 2
    mean = (math.fsum(values) + 1.0) / n
    return (math.fsum(v * v for v in values) + 1.0 - n * mean * mean) / n / n


@dataclass(frozen=True)
class Loss:
    """The loss of the calls after an onset, part by part; each part is a property."""

    sides: Sides

    @cached_property
    def total(self) -> Part:
        """All of it."""
        size, error = difference([c.lost for c in self.sides.after], [c.lost for c in self.sides.before])
        return Part(size=size, error=error)

    @cached_property
    def failed(self) -> Part:
        """Calls without an answer."""
        return self._of(
            [c.error is not None for c in self.sides.after], [c.error is not None for c in self.sides.before]
        )

    @cached_property
    def cut(self) -> Part:
        """Answers that were cut off or are empty."""
        return self._of([c.cut for c in self.sides.after], [c.cut for c in self.sides.before])

    def _of(self, after: Sequence[bool], before: Sequence[bool]) -> Part:
        late = [c.lost if hit else 0.0 for c, hit in zip(self.sides.after, after, strict=True)]
        early = [c.lost if hit else 0.0 for c, hit in zip(self.sides.before, before, strict=True)]
        size, error = difference(late, early)
        shown = tuple(c for c, hit in zip(self.sides.after, after, strict=True) if hit and c.lost > 0)
        return Part(size=max(size, 0.0), error=error, calls=shown)

    @cached_property
    def ground(self) -> Ground:
        """The answered calls."""
        return Ground(answered(self.sides.before), answered(self.sides.after), answered(self.sides.elsewhere))

    @cached_property
    def known(self) -> list[Call]:
        """Answered calls after the onset whose messages are of kinds that came before."""
        return [c for c, is_new in zip(self.ground.after, self.ground.is_new, strict=True) if not is_new]

    @cached_property
    def share_known(self) -> float:
        """Part of all calls after the onset that are known ones."""
        return len(self.known) / len(self.sides.after) if self.sides.after else 0.0

    @cached_property
    def new(self) -> Part:
        """Messages of new kinds that are answered worse than the others after the onset."""
        ground = self.ground
        fresh = [c for c, is_new in zip(ground.after, ground.is_new, strict=True) if is_new]
        usual = [c.lost for c in max(ground.before, self.known, key=mean_lost)]
        if not fresh or not usual:
            return NOTHING
        size, error = difference([c.lost for c in fresh], usual)
        scale = len(fresh) / len(self.sides.after)
        shown = tuple(c for c in fresh if c.lost > 0)
        return Part(size=max(size, 0.0) * scale, error=error * scale, calls=shown)

    @cached_property
    def rescored(self) -> Part:
        """Answers that lost more than equal answers did before."""
        return self._by_opinion([o.evaluator for o in self.ground.opinions_before], "evaluator")

    @cached_property
    def relabelled(self) -> Part:
        """Answers that would have been right before, but another answer is expected now."""
        return self._by_opinion([o.data for o in self.ground.opinions_before], "data")

    def _by_opinion(self, before: Sequence[float | None], name: str) -> Part:
        def of(opinion: Opinion) -> float | None:
            value: float | None = getattr(opinion, name)
            return value

        pairs = list(zip(self.ground.after, map(of, self.ground.opinions_after), strict=True))
        late, early = [v for _, v in pairs if v is not None], [v for v in before if v is not None]
        if len(late) < 5 or len(early) < 5:
            return NOTHING
        # Calls without a twin are taken to be like those with one.
        size, error = difference(late, early)
        shown = tuple(c for c, v in pairs if v is not None and v >= 0.25)
        return Part(size=max(size, 0.0) * self.share_known, error=error * self.share_known, calls=shown)

    @cached_property
    def mix(self) -> Part:
        """More messages of kinds that always were answered badly."""
        ground = self.ground
        near = [n for n, is_new in zip(ground.likeness.of_later, ground.is_new, strict=True) if not is_new]
        foretold = [self._models(c, n) for c, n in zip(self.known, near, strict=True)]
        usual = [self._models(c, n) for c, n in zip(ground.before, ground.likeness.of_earlier, strict=True)]
        late, early = [m for m in foretold if m], [m for m in usual if m]
        if len(late) < 20 or len(early) < 20:
            return NOTHING
        size, error = difference([self._lost(m) for m in late], [self._lost(m) for m in early])
        error = math.hypot(error, self._uncertainty(late, early))
        shown = tuple(
            c for c, m in zip(self.known, foretold, strict=True) if m and c.lost > 0 and self._lost(m) > BADLY
        )
        return Part(size=max(size, 0.0) * self.share_known, error=error * self.share_known, calls=shown)

    def _lost(self, models: Sequence[int]) -> float:
        return math.fsum(self.ground.before[i].lost for i in models) / len(models)

    def _uncertainty(self, late: Sequence[Sequence[int]], early: Sequence[Sequence[int]]) -> float:
        """Standard error that comes from the earlier calls: few of them may foretell many."""
        weights = [0.0] * len(self.ground.before)
        for sign, told in ((1.0, late), (-1.0, early)):
            for models in told:
                for i in models:
                    weights[i] += sign / len(models) / len(told)
        mean = mean_lost(self.ground.before)
        return math.sqrt(mean * (1 - mean) * math.fsum(w * w for w in weights))

    def _models(self, call: Call, near: Sequence[tuple[int, float]]) -> Sequence[int]:
        """The earlier calls that foretell what a call would have lost: nearly the same, of its class, or like it."""
        before = self.ground.before
        of_class = self._by_class.get(call.expected, ()) if call.expected is not None else ()
        twins = [i for i, cosine in near if cosine >= NEAR_IDENTICAL]
        if of_class:
            twins = [i for i in twins if before[i].expected == call.expected]
        if len(twins) >= TWINS or (twins and not of_class):
            return twins
        return of_class or [i for i, cosine in near if cosine >= LIKE_ENOUGH]

    @cached_property
    def _by_class(self) -> dict[str, list[int]]:
        """Earlier calls of each class of expected answers, where there were enough."""
        groups: dict[str, list[int]] = {}
        for i, call in enumerate(self.ground.before):
            if call.expected is not None and call.expected in self.ground.classes:
                groups.setdefault(call.expected, []).append(i)
        return {name: calls for name, calls in groups.items() if len(calls) >= CLASS_CALLS}

    @cached_property
    def rest(self) -> Part:
        """Known kinds of message that are answered worse than before, after all that is explained otherwise."""
        early = [c.lost for c in self.ground.before]
        if not self.known or not early:
            return NOTHING
        size, error = difference([c.lost for c in self.known], early)
        explained = sum(p.size for p in (self.rescored, self.relabelled, self.mix) if p.z > 2)
        left = size * self.share_known - explained
        taken = {c.id for p in (self.rescored, self.relabelled) if p.z > 2 for c in p.calls}
        shown = tuple(c for c in self.known if c.lost > 0 and c.id not in taken)
        return Part(size=max(left, 0.0), error=error * self.share_known, calls=shown)


def answered(calls: Sequence[Call]) -> list[Call]:
    """Calls with a whole answer."""
    return [c for c in calls if c.error is None and not c.cut]
