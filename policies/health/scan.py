"""The stratified bucket scan: has this prompt version become worse, since when, by how much, and where.

`scan` reads a state as it is; `walk` folds new scores in and looks on the way. The statistic is in `bennett`, the
words around it in `reading`, the moments of looking in `looks`.
"""

from collections.abc import Sequence

from library.trends import Delta, TrendState
from policies.health.evidence import Evidence, ScanSettings, SegmentEffect
from policies.health.looks import walk_many
from policies.health.reading import read_many
from policies.health.segments import segment_table

__all__ = ["Evidence", "ScanSettings", "SegmentEffect", "scan", "segment_table", "walk"]


def scan(state: TrendState, settings: ScanSettings, *, floor: float | None = None) -> Evidence:
    """Read one series as it stands, without counting a look.

    floor: a known target for the mean (a release evaluation's lower bound, a service level); it is checked while the
    version is young, and from the first score on.
    """
    return read_many([state], settings, [floor])[0].evidence


def walk(
    state: TrendState,
    deltas: Sequence[Delta],
    settings: ScanSettings,
    *,
    look_steps: int,
    until_step: int | None = None,
    floor: float | None = None,
) -> tuple[TrendState, Evidence]:
    """Fold deltas in the order of trace time, looking whenever a group of `look_steps` grid steps is complete.

    A group is complete when a later one brings data, or when it ends at or before until_step (the grid step of now).
    The first alarm is latched in the state: later walks keep its onset and detected_step and refresh the size of the
    drop and the segment table. Between complete groups nothing alarms; the strongest status is then "watch".
    """
    ((end, evidence),) = walk_many(
        [(state, deltas)], settings, look_steps=look_steps, until_step=until_step, floors=[floor]
    )
    return end, evidence
