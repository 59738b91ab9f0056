"""What asking the model again says: does it answer what it answered well, and does it fail what it failed?"""

import math
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["changed", "reproduced", "vanished", "unclear"]

SURE = math.log(20)  # likelihood ratio from which one of two readings is taken for true
SELDOM = 0.02  # no reading says that an answer is always, or never, good
STILL_FAILING = 0.5  # share of what failed that must fail again


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Scores of the same messages asked again. usual, fallen: mean scores of the traffic before and after the onset.

    well: answered well before the onset; failed: failed after it; each as (messages asked, sum of their new scores).
    """

    usual: float
    fallen: float
    well: tuple[int, float]
    failed: tuple[int, float]

    @property
    def verdict(self) -> Verdict:
        """changed: it answers the old messages as badly as the new ones are. Else it answers these as before, and what
        failed fails again (reproduced) or not (vanished). unclear: too few messages for the size of the loss.
        """
        asked, good = self.well
        usual, fallen = (min(max(p, SELDOM), 1 - SELDOM) for p in (self.usual, self.fallen))
        if asked == 0 or fallen >= usual:
            return "unclear"
        ratio = good * math.log(usual / fallen) + (asked - good) * math.log((1 - usual) / (1 - fallen))
        if abs(ratio) < SURE:
            return "unclear"
        if ratio < 0:
            return "changed"
        asked, good = self.failed
        return "unclear" if asked == 0 else "reproduced" if good <= (1 - STILL_FAILING) * asked else "vanished"
