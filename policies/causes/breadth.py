"""Is it the same loss everywhere, or a heavy one in some kinds of message? What answers everything falls everywhere.

The measure is the squared coefficient of variation of the loss over kinds of call: 0 where all kinds lost alike, 1
where half of the traffic lost everything, 4 where a fifth did. What chance adds to it is taken off, so that it does not
depend on how many calls there are, as a test of "all alike" would.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from policies.causes.calls import Call, folded
from policies.causes.likeness import Likeness
from policies.causes.parts import Loss, answered

UNEVEN = 0.5  # measure from which a loss sits in some kinds of message: two thirds of the traffic bear all of it
SURE = 2.5  # standard errors of the measure under a loss that is the same everywhere
LEAST_BEFORE, LEAST_AFTER = 5, 3  # calls of one kind
LEAST_CALLS = 20
LIKE_ENOUGH = 0.3  # cosine from which a message helps to say how messages like it fare

Values = tuple[float, float, int]
"""Mean, its variance, count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unevenness:
    """How much the loss differs between kinds of call; error: its standard error where it does not differ."""

    value: float
    error: float

    @property
    def sure(self) -> bool:
        """Whether some kinds of message bear the loss and others do not."""
        return self.value >= max(UNEVEN, SURE * self.error)


def concentrated(loss: Loss) -> bool:
    """Whether the loss sits in some segments, some expected answers or some messages that are alike, and not in others.

    What fell everywhere alike, at the same messages and under the same prompt, is not the prompt's doing.
    """
    before, after = loss.ground.before, loss.known
    looks: list[Callable[[], Unevenness | None]] = [
        lambda: between(
            [*before, *answered(loss.sides.elsewhere)], [*after, *answered(loss.sides.beside)], lambda c: c.segment
        ),
        lambda: between(before, after, lambda c: c.expected or "") if loss.ground.classes else None,
        lambda: between_alike(loss),
    ]
    return any(seen.sure for look in looks if (seen := look()) is not None)


def between(before: Sequence[Call], after: Sequence[Call], kind: Callable[[Call], str]) -> Unevenness | None:
    """Unevenness over groups of calls; None where there are no two groups to compare."""
    early, late = _grouped(before, kind), _grouped(after, kind)
    rows = [
        (now[0] - early[name][0], now[1] + early[name][1], now[2])
        for name, now in late.items()
        if now[2] >= LEAST_AFTER and name in early and early[name][2] >= LEAST_BEFORE
    ]
    count = sum(n for _, _, n in rows)
    if len(rows) < 2 or count < LEAST_CALLS:
        return None
    weighted = [(n / count, drop, variance) for drop, variance, n in rows]
    mean = math.fsum(w * drop for w, drop, _ in weighted)
    spread = math.fsum(w * (drop - mean) ** 2 - w * (1 - w) * v for w, drop, v in weighted)
    noise = math.sqrt(math.fsum(2 * (w * v) ** 2 for w, _, v in weighted))
    return _relative(spread, noise, mean, math.fsum(w * w * v for w, _, v in weighted))


def between_alike(loss: Loss) -> Unevenness | None:
    """Unevenness over messages: do calls lose together with those that say the like? None with too few of these."""
    known, before = loss.known, loss.ground.before
    peers = Likeness([folded(c.text) for c in known], []).of_earlier
    pasts = [n for n, is_new in zip(loss.ground.likeness.of_later, loss.ground.is_new, strict=True) if not is_new]
    excess, products, weights = [], [], []
    anywhere = _values([c.lost for c in before]) if before else (0.0, 0.0, 0)
    for call, near, past in zip(known, peers, pasts, strict=True):
        now = [known[i].lost for i, cosine in near if cosine >= LIKE_ENOUGH]
        then = [before[i].lost for i, cosine in past if cosine >= LIKE_ENOUGH]
        if len(now) < LEAST_AFTER:
            continue
        # Where hardly anything like it came before, it is held against everything that did.
        usual, variance, _ = _values(then) if len(then) >= LEAST_AFTER else anywhere
        excess.append(call.lost - usual)
        # The usual loss is in both factors, so its own error would look like something in common.
        products.append((call.lost - usual) * (math.fsum(now) / len(now) - usual) - variance)
        weights.append(len(now))
    n = len(excess)
    if n < LEAST_CALLS:
        return None
    mean, variance, _ = _values(excess)
    noise = variance * n * math.sqrt(2 / n / (sum(weights) / n))
    return _relative(math.fsum(products) / n - mean * mean, noise, mean, variance)


def _relative(spread: float, noise: float, mean: float, variance: float) -> Unevenness:
    square = max(mean * mean - variance, variance, 1e-6)
    return Unevenness(value=spread / square, error=noise / square)


def _grouped(calls: Sequence[Call], kind: Callable[[Call], str]) -> dict[str, Values]:
    groups: dict[str, list[float]] = {}
    for call in calls:
        groups.setdefault(kind(call), []).append(call.lost)
    return {name: _values(lost) for name, lost in groups.items()}


def _values(lost: Sequence[float]) -> Values:
    """As if half a lost and half a kept score had been seen besides, for the variance only."""
    n = len(lost)
    mean = math.fsum(lost) / n
    middle = (math.fsum(lost) + 0.5) / (n + 1)
    squares = (math.fsum(v * v for v in lost) + 0.5) / (n + 1) - middle * middle
    return mean, max(squares, 0.0) / n, n
