"""Was it something that only some calls met: another model, another version? And did other prompts fall as well?"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.causes.calls import Call
from policies.causes.parts import NOTHING, Loss, Part, difference

RARE = 0.2  # a value is new when its share of the calls before is below this part of its share after
WORTH = 0.05  # share of the calls after an onset that a new value needs
ENOUGH, WORSE = 30, 2.0  # unexposed calls after it that make a comparison, and standard errors that they lost more
STEADY, STEADY_PART = 1.65, 0.5  # normal quantile, and the part of a loss that other prompts surely did not lose
SURE, ALONE_SURE = 3.0, 4.0  # normal quantiles: of all peers together, of a single one
FELL, OTHERS_SURE = 1.3, 1.7  # of one among several, and of all but the one that fell most


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Values that came with the onset. share: of the calls after it; first: when the first such call was made."""

    fresh: tuple[str, ...]
    usual: tuple[str, ...]
    share: float
    first: datetime | None
    part: Part

    @property
    def there(self) -> bool:
        """Whether there are such values at all."""
        return bool(self.fresh)


UNEXPOSED = Exposure(fresh=(), usual=(), share=0.0, first=None, part=NOTHING)


def exposure(loss: Loss, value: Callable[[Call], str]) -> Exposure:
    """How much more the calls with a new value lost than calls without it, among the known kinds of message."""
    after = [c for c in loss.sides.after if value(c)]
    before = Counter(value(c) for c in loss.sides.before if value(c))
    late = Counter(value(c) for c in after)
    fresh = tuple(
        name
        for name, count in late.most_common()
        if count >= WORTH * len(after) and before[name] / max(before.total(), 1) < RARE * count / len(after)
    )
    if not fresh or not before:
        return UNEXPOSED
    met = [c for c in loss.known if value(c) in fresh]
    first = min(c.ts for c in after if value(c) in fresh)
    # Calls that came before the new value did are no comparison: they belong to the time before.
    others = [c.lost for c in loss.known if value(c) not in fresh and c.ts >= first]
    usual = [c.lost for c in loss.ground.before]
    if len(others) >= ENOUGH and usual:
        worse, doubt = difference(others, usual)
        usual = others if worse >= WORSE * doubt else usual
    part = NOTHING
    if met and usual:
        size, error = difference([c.lost for c in met], usual)
        scale = len(met) / len(loss.sides.after)
        part = Part(size=max(size, 0.0) * scale, error=error * scale, calls=tuple(c for c in met if c.lost > 0))
    return Exposure(
        fresh=fresh,
        usual=tuple(name for name, _ in before.most_common(3) if name not in fresh),
        share=sum(value(c) in fresh for c in after) / len(after),
        first=first,
        part=part,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The mean score of another prompt around the onset. same_model: whether the same model answers it."""

    prompt: str
    same_model: bool
    before: float
    n_before: int
    after: float
    n_after: int

    @property
    def z(self) -> float:
        """How surely it fell, as if one success and one failure more had been seen on both sides."""
        return (self.before - self.after) / _error(self)


def _error(peer: Peer) -> float:
    """Standard error of the difference."""
    return math.sqrt(_variance(peer.before, peer.n_before) + _variance(peer.after, peer.n_after))


def _variance(mean: float, n: int) -> float:
    share = (mean * n + 1) / (n + 2)
    return share * (1 - share) / (n + 2)


def falling(peers: Sequence[Peer]) -> tuple[Peer, ...]:
    """The prompts of the same model that fell with this one; empty unless it is the model that they have in common.

    A third of them must have fallen, all together surely (Stouffer's sum of normal quantiles), also without the one
    that fell most, and more surely than the prompts of other models.
    """
    same, others = [p for p in peers if p.same_model], [p for p in peers if not p.same_model]
    fell = [p for p in same if p.z >= FELL]
    if not fell or 3 * len(fell) < len(same):
        return ()
    together, rest = _stouffer(same), sorted(same, key=lambda p: p.z)[:-1]
    if together < (SURE if rest else ALONE_SURE) or (rest and _stouffer(rest) < OTHERS_SURE):
        return ()
    if others and _stouffer(others) >= max(SURE, together / 2):
        return ()
    return tuple(sorted(fell, key=lambda p: (-p.z, p.prompt)))


def _stouffer(peers: Sequence[Peer]) -> float:
    return math.fsum(p.z for p in peers) / math.sqrt(len(peers))


def steady(peers: Sequence[Peer], lost: float) -> tuple[Peer, ...]:
    """The prompts of the same model, when all together surely lost less than half of what this one lost a call."""
    same = [p for p in peers if p.same_model]
    if not same or lost <= 0:
        return ()
    weights = [1 / _error(p) ** 2 for p in same]
    drop = math.fsum(w * (p.before - p.after) for w, p in zip(weights, same, strict=True)) / math.fsum(weights)
    return tuple(same) if drop + STEADY / math.sqrt(math.fsum(weights)) < STEADY_PART * lost else ()
