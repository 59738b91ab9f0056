"""Dating the onset of a latched alarm anew: what came since the alarm tells more about the moment it began."""

from dataclasses import replace

from library.trends import TrendState
from policies.health.bennett import own_past, stack
from policies.health.evidence import Evidence, ScanSettings
from policies.health.gradual import gradual_since
from policies.health.reading import middle, read_many, scores_per_split


def refined(state: TrendState, settings: ScanSettings, *, floor: float | None = None) -> Evidence | None:
    """The alarm of a series with today's estimate of its onset, and everything that is counted from it.

    The onset moves only within the interval that was given when the alarm was raised, so that a second drop is not
    taken for the first. Beside it stands the date at which a gradual fall would have begun, where it is earlier and
    the scores do not speak against it. None without a latched alarm. An alarm against a known target (floor) keeps its
    onset.
    """
    latch = state.latch
    if latch is None:
        return None
    sums = stack([state])
    past = own_past(sums, settings)
    names = list(state.segments)
    alone = past.by_segment[0, names.index(latch.segment)] if latch.segment in names else None
    profile = past.evidence[0] if alone is None or not alone.any() else alone
    inside = [i for i, start in enumerate(state.starts) if latch.onset_low <= start <= latch.onset_high]
    if latch.floor or not inside or not profile[inside].any():
        return read_many([state], settings, [floor])[0].evidence
    best = profile[inside].max()
    near = [i for i in inside if profile[i] >= best - settings.near_best]
    onset = middle(profile, scores_per_split(past, 0), near[0], near[-1])
    starts = state.starts
    moved = replace(latch, onset_step=starts[onset], onset_low=starts[near[0]], onset_high=starts[near[-1]])
    found = read_many([replace(state, latch=moved)], settings)[0].evidence
    began = gradual_since(state, settings, segment=latch.segment)
    return replace(found, gradual_since=began if began is not None and began < starts[onset] else None)
