"""What a sweep must know besides the scores: the targets of young versions, and the rest of the fleet."""

from collections.abc import Mapping, Sequence

from library.operations import SYSTEM
from library.scores import Series
from library.store.stores import Library
from library.store.trends import SeriesChange
from policies.health.evidence import Evidence, ScanSettings, Status
from policies.health.fleet import tiers
from policies.health.floor import floor_of


def targets(
    library: Library, settings: ScanSettings, changes: Sequence[SeriesChange], live: Mapping[str, int]
) -> list[float | None]:
    """For every change the level of the version that a young live one replaced, None where there is none."""
    young = {
        (c.series.prompt, c.series.version)
        for c in changes
        if live.get(c.series.prompt) == c.series.version
        and (c.state.count <= settings.floor_scores or (c.state.latch is not None and c.state.latch.floor))
    }
    before = library.fleet.replaced(young) if young else {}
    old = {
        (s.prompt, s.metric, s.evaluator, s.revision): state
        for s, state in (library.fleet.states(before.items()) if before else ())
    }
    found: list[float | None] = []
    for c in changes:
        s = c.series
        state = old.get((s.prompt, s.metric, s.evaluator, s.revision)) if (s.prompt, s.version) in young else None
        found.append(None if state is None else floor_of(state, settings, mix=_mix(c)))
    return found


def _mix(change: SeriesChange) -> dict[str, float]:
    """Scores in each segment once the change is folded."""
    counts = {name: float(sum(sums.n)) for name, sums in change.state.segments.items()}
    for delta in change.deltas:
        counts[delta.segment] = counts.get(delta.segment, 0.0) + delta.n
    return counts


def statuses(
    library: Library, settings: ScanSettings, swept: Sequence[Series], evidences: Sequence[Evidence]
) -> list[Status]:
    """The status of every series swept with the fleet in view; how calls went and judgements are fleets apart."""
    found: dict[int, Status] = {}
    for system in (False, True):
        mine = [i for i, series in enumerate(swept) if (series.evaluator == SYSTEM) is system]
        if not any(evidences[i].status == "alarm" for i in mine):
            found |= {i: evidences[i].status for i in mine}
            continue
        touched = [swept[i].id for i in mine]
        rest = library.fleet.resting(touched, below=max(settings.fdr, settings.fdr_small), system=system)
        unremarkable = Evidence(status="healthy", T=0.0, h=0.0, p_value=1.0)
        others = [Evidence(status="healthy", T=0.0, h=0.0, p_value=p) for p in rest.p_values]
        fleet = [*(evidences[i] for i in mine), *others, *[unremarkable] * (rest.count - len(others))]
        found |= dict(zip(mine, tiers(fleet, settings), strict=False))
    return [found[i] for i in range(len(swept))]
