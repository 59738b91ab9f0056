"""When a series is looked at, and what a look leaves behind.

Looks happen on the clock of the stream: when a group of grid steps that brought data is complete and enough new scores
have come since the last look. So one sweep after a bulk import makes the same looks, and alarms at the same one, as
many sweeps during live traffic.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import groupby

from library.trends import Delta, Latch, TrendState, fold
from policies.health.evidence import Evidence, ScanSettings
from policies.health.reading import Reading, read_many

# Groups with fewer new scores than this say nothing about clustering.
FEWEST_FOR_SPREAD = 5
SMALLEST_VARIANCE = 1e-4
# One wild group (a shift of level, an outage) must not pass for permanent clustering.
LARGEST_STEP = 25.0
# The variance that groups are measured against is that of the newest buckets.
RECENT_BUCKETS = 16


def walk_many(
    series: Sequence[tuple[TrendState, Sequence[Delta]]],
    settings: ScanSettings,
    *,
    look_steps: int,
    until_step: int | None = None,
    floors: Sequence[float | None] | None = None,
) -> list[tuple[TrendState, Evidence]]:
    """Fold new deltas into many series in the order of trace time, looking on the way; see `scan.walk`."""
    targets = [None] * len(series) if floors is None else list(floors)
    marches = [_march(state, deltas, settings, look_steps, until_step) for state, deltas in series]
    ends: dict[int, TrendState] = {}
    latest: dict[int, tuple[TrendState, Evidence]] = {}
    running = list(range(len(series)))
    while running:
        due: dict[int, TrendState] = {}
        for i in running:
            try:
                due[i] = marches[i].send(latest[i][0] if i in latest else None)
            except StopIteration as stop:
                ends[i] = stop.value
        latest.update(zip(due, _look_many(list(due.values()), settings, [targets[i] for i in due]), strict=True))
        running = list(due)
    unseen = [i for i, end in ends.items() if i not in latest or latest[i][0] is not end]
    for i, reading in zip(
        unseen, read_many([ends[i] for i in unseen], settings, [targets[i] for i in unseen]), strict=True
    ):
        latest[i] = (ends[i], _not_yet(reading.evidence))
    return [latest[i] for i in range(len(series))]


def _march(
    state: TrendState, deltas: Sequence[Delta], settings: ScanSettings, look_steps: int, until_step: int | None
) -> Generator[TrendState, TrendState | None, TrendState]:
    """Fold group by group; yields a state when it is due for a look, and goes on with what is sent back."""
    for group, members in groupby(sorted(deltas, key=lambda d: d.step), key=lambda d: d.step // look_steps):
        waiting = _open_group(state, look_steps)
        if waiting is not None and group > waiting:
            state = _closed(state, (waiting + 1) * look_steps)
            if _is_due(state, settings):
                state = (yield state) or state
        state = fold(state, members)
    waiting = _open_group(state, look_steps)
    if waiting is not None and until_step is not None and (waiting + 1) * look_steps <= until_step:
        state = _closed(state, (waiting + 1) * look_steps)
        if _is_due(state, settings):
            state = (yield state) or state
    elif waiting is None and state.looks.until is not None and _changed(deltas) >= max(settings.look_scores, 1):
        # Only late or corrected scores came, for steps that were looked at before: they deserve a look of their own.
        state = (yield _closed(state, state.looks.until)) or state
    return state


def _changed(deltas: Sequence[Delta]) -> int:
    return sum(abs(d.n) for d in deltas)


def _is_due(state: TrendState, settings: ScanSettings) -> bool:
    """Enough new scores since the last look, or anything new and a long time."""
    looks = state.looks
    new = abs(state.count - looks.looked_n)
    since = looks.looked_until if looks.looked_until is not None else (state.starts[0] if state.starts else None)
    waited = 0 if since is None or looks.until is None else looks.until - since
    return new >= settings.look_scores or (new > 0 and waited >= settings.look_patience)


def _open_group(state: TrendState, look_steps: int) -> int | None:
    """The group of steps that has brought data and has not been looked at."""
    if state.last_step is None or (state.looks.until is not None and state.last_step < state.looks.until):
        return None
    return state.last_step // look_steps


def _not_yet(evidence: Evidence) -> Evidence:
    """Between looks nothing alarms: what would alarm is shown as watched until its group of steps is complete."""
    if evidence.status == "alarm" and evidence.detected_step is None:
        return replace(evidence, status="watch")
    return evidence


def _look_many(
    due: Sequence[TrendState], settings: ScanSettings, floors: Sequence[float | None]
) -> list[tuple[TrendState, Evidence]]:
    counted = [
        replace(s, looks=replace(s.looks, count=s.looks.count + 1, looked_n=s.count, looked_until=s.looks.until))
        for s in due
    ]
    readings = read_many(counted, settings, floors)
    return [_remembered(state, reading) for state, reading in zip(counted, readings, strict=True)]


def _closed(state: TrendState, until: int) -> TrendState:
    """A group is complete: add how far its mean lies from that of the group before, in units of chance."""
    looks, count, total = state.looks, state.count, state.total
    n = count - looks.seen_n
    if n < FEWEST_FOR_SPREAD:
        return replace(state, looks=replace(looks, until=until))
    mean = (total - looks.seen_sum) / n
    spread, spread_n, spread_top = looks.spread, looks.spread_n, looks.spread_top
    if looks.last_n:
        difference = (mean - looks.last_mean) ** 2 / (_recent_variance(state) * (1.0 / n + 1.0 / looks.last_n))
        difference = min(difference, LARGEST_STEP)
        spread, spread_n, spread_top = spread + difference, spread_n + 1, max(spread_top, difference)
    measured = replace(
        looks,
        until=until,
        spread=spread,
        spread_n=spread_n,
        spread_top=spread_top,
        seen_n=count,
        seen_sum=total,
        last_n=n,
        last_mean=mean,
    )
    return replace(state, looks=measured)


def _recent_variance(state: TrendState) -> float:
    n = total = squares = 0.0
    for sums in state.segments.values():
        n += sum(sums.n[-RECENT_BUCKETS:])
        total += sum(sums.total[-RECENT_BUCKETS:])
        squares += sum(sums.squares[-RECENT_BUCKETS:])
    return max(squares / n - (total / n) ** 2, SMALLEST_VARIANCE) if n > 0 else SMALLEST_VARIANCE


def _remembered(state: TrendState, reading: Reading) -> tuple[TrendState, Evidence]:
    """Keep the largest evidence of every scope, and the first alarm."""
    evidence, looks = reading.evidence, state.looks
    if reading.everywhere > looks.sup or reading.floor > looks.sup_floor:
        looks = replace(looks, sup=max(looks.sup, reading.everywhere), sup_floor=max(looks.sup_floor, reading.floor))
    segments = {
        name: sums if sums.sup >= top else replace(sums, sup=top)
        for (name, sums), top in zip(state.segments.items(), reading.segments, strict=True)
    }
    if state.latch is None and evidence.status == "alarm":
        evidence = replace(evidence, detected_step=state.last_step)
    return replace(state, looks=looks, segments=segments, latch=state.latch or _latch(evidence)), evidence


def _latch(evidence: Evidence) -> Latch | None:
    if evidence.detected_step is None or evidence.onset_step is None:
        return None
    return Latch(
        detected_step=evidence.detected_step,
        onset_step=evidence.onset_step,
        onset_low=evidence.onset_step if evidence.onset_low is None else evidence.onset_low,
        onset_high=evidence.onset_step if evidence.onset_high is None else evidence.onset_high,
        evidence=evidence.T,
        segment=evidence.segment,
        floor=evidence.floor,
    )
