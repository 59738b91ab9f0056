"""From the evidence at every split to what is said about a series: scope, onset, size of the drop, status."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from library.trends import Latch, TrendState
from policies.health.bennett import Floats, Splits, dispersion, known_target, own_past, stack
from policies.health.evidence import Evidence, ScanSettings, Status, bar, p_value
from policies.health.segments import segment_table, split_at

# Series scanned in one go: large enough for vector speed, small enough for memory.
BATCH = 256
# Parts of alpha. A drop that is not in one segment alone is the common case, and pooling finds it sooner.
EVERYWHERE, SEGMENTS = 2.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at a series: the evidence reported, and the largest evidence of every scope on its own."""

    evidence: Evidence
    everywhere: float
    floor: float
    segments: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """A claim that may be made: everywhere, below a known target, or in one segment."""

    T: float
    h: float
    split: int
    segment: int | None = None
    floor: bool = False


def read_many(
    states: Sequence[TrendState], settings: ScanSettings, floors: Sequence[float | None] | None = None
) -> list[Reading]:
    """Read several series; floors are known targets, one per series."""
    targets = [None] * len(states) if floors is None else list(floors)
    flawless = {i for i, s in enumerate(states) if targets[i] is None and s.latch is None and s.total >= s.count}
    readings: dict[int, Reading] = {i: _flawless(states[i], settings) for i in flawless}
    order = sorted(
        (i for i in range(len(states)) if i not in flawless),
        key=lambda i: (len(states[i].segments), len(states[i].starts)),
    )
    for at in range(0, len(order), BATCH):
        chosen = order[at : at + BATCH]
        batch = [states[i] for i in chosen]
        readings.update(zip(chosen, _read_batch(batch, [targets[i] for i in chosen], settings), strict=True))
    return [readings[i] for i in range(len(states))]


def _flawless(state: TrendState, settings: ScanSettings) -> Reading:
    """A series in which every score is 1, as where no call ever failed: nothing can be lower after than before."""
    status: Status = "learning" if state.count < settings.n_base else "healthy"
    nothing = Evidence(status=status, T=0.0, h=bar(settings.alpha, max(settings.looks, state.looks.count)), p_value=1.0)
    return Reading(evidence=nothing, everywhere=0.0, floor=0.0, segments=(0.0,) * len(state.segments))


def _read_batch(states: Sequence[TrendState], targets: Sequence[float | None], settings: ScanSettings) -> list[Reading]:
    sums = stack(states)
    counts = sums.n.sum((1, 2)).tolist()
    young = [
        t if n <= settings.floor_scores or (s.latch is not None and s.latch.floor) else None
        for s, t, n in zip(states, targets, counts, strict=True)
    ]
    past = own_past(sums, settings)
    target = known_target(sums, young) if any(t is not None for t in young) else None
    best, tops = past.evidence.argmax(1).tolist(), past.evidence.max(1).tolist()
    best_alone, tops_alone = past.by_segment.argmax(2), past.by_segment.max(2)
    readings = []
    for p, state in enumerate(states):
        alone = tops_alone[p, : len(state.segments)].tolist()
        below = 0.0 if target is None else float(target.evidence[p].max())
        view = _View(state=state, settings=settings, past=past, target=target if young[p] is not None else None, row=p)
        scopes = [_Scope(T=tops[p], h=view.bar_everywhere(), split=best[p])]
        if len(alone) > 1:
            s = int(np.argmax(alone))
            scopes.append(_Scope(T=alone[s], h=view.bar_segment(), split=int(best_alone[p, s]), segment=s))
        if view.target is not None:
            split = int(view.target.evidence[p].argmax())
            scopes.append(_Scope(T=below, h=view.bar_target(), split=split, floor=True))
        evidence = view.evidence(scopes, counts[p], (tops[p], below, alone))
        readings.append(Reading(evidence=evidence, everywhere=tops[p], floor=below, segments=tuple(alone)))
    return readings


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One row of a batch, with the splits it is judged by."""

    state: TrendState
    settings: ScanSettings
    past: Splits
    target: Splits | None
    row: int

    @property
    def looks(self) -> int:
        """Looks the bar pays for: those promised, those of the promised period at the pace so far, those there were."""
        seen, starts = self.state.looks, self.state.starts
        if seen.until is None or not starts:
            return max(self.settings.looks, seen.count)
        at_this_pace = seen.count * self.settings.look_period / max(seen.until - starts[0], 1)
        return max(self.settings.looks, seen.count, math.ceil(at_this_pace))

    @property
    def looks_young(self) -> int:
        """Looks a known target is held against: a version is young for so many scores only, and then it is over."""
        settings = self.settings
        promised = math.ceil(settings.floor_scores / settings.look_scores)
        return min(self.looks, max(promised, min(self.state.looks.count, settings.floor_scores)))

    @property
    def whole(self) -> float:
        """Alpha in parts: two for everywhere, one for all single segments together, two for a known target."""
        return EVERYWHERE + SEGMENTS * (len(self.state.segments) > 1) + EVERYWHERE * (self.target is not None)

    def bar_everywhere(self, alpha: float | None = None) -> float:
        return bar(alpha or self.settings.alpha, self.looks, self.whole / EVERYWHERE)

    def bar_target(self) -> float:
        return bar(self.settings.alpha, self.looks_young, self.whole / EVERYWHERE)

    def bar_segment(self) -> float:
        return bar(self.settings.alpha, self.looks, self.whole / SEGMENTS * len(self.state.segments))

    def p_value(self, tops: tuple[float, float, list[float]]) -> float:
        """The smallest p of any scope, over all looks so far, corrected for the number of scopes."""
        everywhere, floor, alone = tops
        looks = self.state.looks
        p = p_value(max(everywhere, looks.sup), self.looks, self.whole / EVERYWHERE)
        if self.target is not None or looks.sup_floor:
            p = min(p, p_value(max(floor, looks.sup_floor), self.looks_young, max(self.whole / EVERYWHERE, 2.0)))
        if len(alone) > 1:
            past = (s.sup for s in self.state.segments.values())
            top = max(max(pair) for pair in zip(alone, past, strict=True))
            p = min(p, p_value(top, self.looks, self.whole / SEGMENTS * len(alone)))
        return p

    def evidence(self, scopes: list[_Scope], count: float, tops: tuple[float, float, list[float]]) -> Evidence:
        """The claim with the largest margin over its bar; a drop too small to matter yields to other claims."""
        settings = self.settings
        p = self.p_value(tops)
        if self.state.latch is not None:
            return self.latched(self.state.latch, p)
        softer = math.log(settings.watch_alpha / settings.alpha)
        ranked = sorted(scopes, key=lambda s: s.h - s.T)
        for scope in ranked:
            margin = scope.T - scope.h
            if margin >= -softer and scope.T > 0:
                found = self.report(scope, "alarm" if margin >= 0 else "watch", p)
                if found.effect is not None and found.effect >= settings.min_effect:
                    return found
        status: Status = "learning" if count < settings.n_base else "healthy"
        return Evidence(status=status, T=ranked[0].T, h=ranked[0].h, p_value=p)

    def latched(self, latch: Latch, p: float) -> Evidence:
        """The first alarm's onset, with the size of the drop refreshed by everything seen since."""
        names = list(self.state.segments)
        segment = names.index(latch.segment) if latch.segment in names else None
        split = min(split_at(self.state.starts, latch.onset_step), len(self.state.starts) - 1)
        h = self.bar_target() if latch.floor else self.bar_everywhere() if segment is None else self.bar_segment()
        scope = _Scope(T=latch.evidence, h=h, split=split, segment=segment, floor=latch.floor)
        return replace(
            self.report(scope, "alarm", p), onset_step=latch.onset_step, onset_low=latch.onset_low,
            onset_high=latch.onset_high, detected_step=latch.detected_step, segment=latch.segment,
        )  # fmt: skip

    def report(self, scope: _Scope, status: Status, p: float) -> Evidence:
        """Put a claim into numbers."""
        splits = self.target if scope.floor and self.target is not None else self.past
        segment = scope.segment
        profile = splits.evidence[self.row] if scope.segment is None else splits.by_segment[self.row, scope.segment]
        names, starts = list(self.state.segments), self.state.starts
        split, first, last = self.onset(profile, scope)
        if segment is None and not scope.floor:
            segment = self.dominant(split)
        chosen = slice(len(names)) if segment is None else slice(segment, segment + 1)
        n1, n2, sum2, deficit, variance = (
            a[self.row, chosen, split] for a in (splits.n1, splits.n2, splits.sum2, splits.deficit, splits.variance)
        )
        weight = float(n2.sum() if splits is self.target else (n1 * n2 / np.maximum(n1 + n2, 1.0)).sum())
        found = Evidence(
            status=status, T=scope.T, h=scope.h, p_value=p, onset_step=starts[split],
            onset_low=starts[first], onset_high=starts[last], n_before=round(float(n1.sum())),
            n_after=round(float(n2.sum())), segment=None if segment is None else names[segment], floor=scope.floor,
            segments=segment_table(self.state, starts[split], self.settings),
        )  # fmt: skip
        if weight <= 0 or n2.sum() <= 0:
            return found
        effect, after = float(deficit.sum()) / weight, float(sum2.sum() / n2.sum())
        half = self.settings.z * math.sqrt(dispersion(self.state.looks) * float(variance.sum())) / weight
        return replace(
            found, before=after + effect, after=after, effect=effect, effect_low=effect - half,
            effect_high=effect + half,
        )  # fmt: skip

    def onset(self, profile: Floats, scope: _Scope) -> tuple[int, int, int]:
        """The split to call the onset, and the first and last split that are nearly as good as the best.

        A latched alarm has its onset already.
        """
        known = profile[: len(self.state.starts)]
        near = np.flatnonzero(known >= known.max() - self.settings.near_best)
        first, last = int(near[0]), int(near[-1])
        if self.state.latch is not None:
            return scope.split, first, last
        return middle(known, scores_per_split(self.past, self.row), first, last), first, last

    def dominant(self, split: int) -> int | None:
        """The one segment that carries nearly all of an overall loss with a minor part of the traffic, if any."""
        deficit, n2 = self.past.deficit[self.row, :, split], self.past.n2[self.row, :, split]
        worst = int(deficit.argmax())
        if len(self.state.segments) < 2 or deficit.sum() <= 0 or n2.sum() <= 0:
            return None
        carries = deficit[worst] >= self.settings.dominant_share * deficit.sum()
        return worst if carries and n2[worst] <= self.settings.dominant_traffic * n2.sum() else None


def scores_per_split(splits: Splits, row: int) -> Floats:
    """How many scores of a series lie in the bucket behind each split."""
    before = splits.n1[row].sum(0)
    total = before[0] + splits.n2[row, :, 0].sum()
    sizes: Floats = np.maximum(np.diff(np.append(before, total)), 0.0)
    return sizes


def middle(profile: Floats, sizes: Floats, first: int, last: int) -> int:
    """The onset among the splits first..last: their median, weighted by exp(evidence) and by scores.

    That is the median of the posterior when every score is an equal chance beforehand. It is closer to the truth on
    average than the single best split, which small chance dips draw to themselves.
    """
    part = slice(first, last + 1)
    weight = np.cumsum(np.maximum(sizes[part], 1e-9) * np.exp(profile[part] - profile[part].max()))
    return first + int(np.searchsorted(weight, 0.5 * weight[-1]))
