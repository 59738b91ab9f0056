"""Do even the good answers look different since the onset? A prompt that did not change does not change its manner.

Only answers that passed are looked at, each against the answers that messages like it got before the onset, so that
neither the failures nor another mix of messages looks like another manner.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median

from policies.causes.calls import Call, folded
from policies.causes.likeness import terms_of
from policies.causes.parts import Loss

PASSED = 0.25  # score lost at most by an answer that passed
LIKE_ENOUGH = 0.5
LEAST_BEFORE, LEAST_AFTER = 40, 15
BLOCKS_BEFORE, BLOCKS_AFTER = 6, 3
STEP = math.log(1.2)  # least change of a length or a duration that counts
A_DAY = timedelta(hours=20)  # nearly one: calls are quicker at night
RARE = 0.01  # share of the answers before the onset that may look like one that is new
WORTH, SURE = 0.3, 5.0  # share of the answers after the onset that must be new; normal quantile
SHAPE_CHARACTERS, OPENING_WORDS = 40, 2

_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(r"a(?: a)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What changed in answers that passed. longer, slower: factors; new: share that looks like no answer before.

    None where nothing changed, or where there is nothing to compare.
    """

    longer: float | None = None
    new: float | None = None
    slower: float | None = None

    @property
    def style(self) -> bool:
        """Whether the answers themselves changed, and not only the time that they take."""
        return self.longer is not None or self.new is not None


UNCHANGED = Manner()


def manner(loss: Loss) -> Manner:
    """Compare the answers that passed on both sides of the onset."""
    after = [
        (c, near)
        for c, near, is_new in zip(loss.ground.after, loss.ground.likeness.of_later, loss.ground.is_new, strict=True)
        if not is_new and c.lost <= PASSED
    ]
    before = [
        (c, near)
        for c, near in zip(loss.ground.before, loss.ground.likeness.of_earlier, strict=True)
        if c.lost <= PASSED
    ]
    if len(before) < LEAST_BEFORE or len(after) < LEAST_AFTER:
        return UNCHANGED
    early, late = [c for c, _ in before], [c for c, _ in after]
    signs: list[Callable[[Call], str]] = [_shape, *([_opening] if loss.ground.free_answers else [])]
    new = [share for sign in signs if (share := _newly(early, late, sign)) is not None]

    def stepped(value: Callable[[Call], float | None]) -> float | None:
        return _stepped(*(_beside(calls, loss.ground.before, value) for calls in (before, after)))

    return Manner(
        longer=stepped(_length) if loss.ground.free_answers else None,
        new=max(new, default=None),
        slower=stepped(_time) if max(c.ts for c in late) - min(c.ts for c in late) >= A_DAY else None,
    )


def _shape(call: Call) -> str:
    """How an answer begins, with every run of letters as one: spacing, quotes and marks are left."""
    return _WORDS.sub("a", _DIGITS.sub("0", _LETTERS.sub("a", call.output[:SHAPE_CHARACTERS])))[:6]


def _opening(call: Call) -> str:
    return " ".join(terms_of(folded(call.output[:SHAPE_CHARACTERS]))[:OPENING_WORDS])


def _length(call: Call) -> float | None:
    return math.log(len(call.output)) if call.output else None


def _time(call: Call) -> float | None:
    return math.log(call.took) if call.took is not None and call.took > 0 else None


def _newly(before: Sequence[Call], after: Sequence[Call], sign: Callable[[Call], str]) -> float | None:
    """Share of the later answers whose sign hardly came before; None unless that is much more than usual."""
    seen = Counter(map(sign, before))
    few = max(1.0, RARE * len(before))
    usual = sum(seen[sign(c)] - 1 < few for c in before) / len(before)
    now = sum(seen[sign(c)] < few for c in after) / len(after)
    error = math.sqrt(
        (usual * (1 - usual) + 1 / len(before)) / len(before) + (now * (1 - now) + 1 / len(after)) / len(after)
    )
    return now if now - usual >= max(WORTH, SURE * error) else None


Near = Sequence[tuple[int, float]]


def _beside(
    calls: Sequence[tuple[Call, Near]], before: Sequence[Call], value: Callable[[Call], float | None]
) -> list[float]:
    """The value of each call less that of earlier calls with messages like its own that passed, in order of time."""
    known = [value(c) if c.lost <= PASSED else None for c in before]
    found = []
    for call, near in sorted(calls, key=lambda pair: (pair[0].ts, pair[0].id)):
        mine = value(call)
        usual = [v for i, cosine in near if cosine >= LIKE_ENOUGH and (v := known[i]) is not None]
        if mine is not None and usual:
            found.append(mine - math.fsum(usual) / len(usual))
    return found


def _stepped(before: Sequence[float], after: Sequence[float]) -> float | None:
    """The factor by which a logarithm moved, when every stretch after lies beyond every stretch before; else None."""
    if len(before) < LEAST_BEFORE or len(after) < LEAST_AFTER:
        return None
    early, late = _medians(before, BLOCKS_BEFORE), _medians(after, BLOCKS_AFTER)
    step = max(STEP, (max(early) - min(early)) / 2)
    if min(late) < max(early) + step and max(late) > min(early) - step:
        return None
    return math.exp(median(after) - median(before))


def _medians(values: Sequence[float], blocks: int) -> list[float]:
    edges = [round(i * len(values) / blocks) for i in range(blocks + 1)]
    return [median(values[a:b]) for a, b in pairwise(edges)]
