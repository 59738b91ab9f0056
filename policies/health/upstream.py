"""Did other prompts on the same model fall at the same time? Then the model changed, and not one prompt."""

from dataclasses import dataclass, replace

from library.trends import OTHER, TrendState
from policies.health.evidence import Evidence, ScanSettings
from policies.health.reading import read_many

# One other prompt may fall by coincidence of its own; two that fall with this one are a pattern.
FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Other prompts on the model that fell: which for certain, of how many, and what they say together."""

    prompts: tuple[str, ...]
    of: int
    evidence: Evidence


def fell_together(
    pooled: TrendState, prompt: str, settings: ScanSettings, *, earliest: int, latest: int
) -> Shared | None:
    """Scan the pooled scores of a model (every prompt a segment) without one prompt, which fell in earliest..latest.

    earliest, latest: grid steps, the interval of that prompt's own onset. None when the prompt is not on this model,
    when the others did not fall, or when they fell at another time. Prompts that share the segment "other" stay out:
    their mix may change.
    """
    if prompt not in pooled.segments:
        return None
    others = {name: sums for name, sums in pooled.segments.items() if name not in (prompt, OTHER)}
    if len(others) < FEWEST:
        return None
    # The looks are those of the pool; a latch would tell of its own onset and not of the others'.
    rest = replace(pooled, segments=others, latch=None)
    evidence = read_many([rest], settings)[0].evidence
    low, high = evidence.onset_low, evidence.onset_high
    if evidence.status not in {"alarm", "watch"} or low is None or high is None:
        return None
    fallen = tuple(row.segment for row in evidence.segments if row.low is not None and row.low > 0)
    if len(fallen) < FEWEST or low > latest or high < earliest:
        return None
    return Shared(prompts=fallen, of=len(others), evidence=evidence)
