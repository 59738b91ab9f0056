"""May a canary go on: the ruling over the two arms of a staged release, valid however often it is asked for.

One e-value speaks for all metrics and segments together (`rollout_evidence`): half of it for the score that decides,
half for the guards; of each metric two thirds for all traffic and a third for its segments. Where it exceeds 1 / alpha
the canary goes back; where it exceeds 1 / doubt, or too few scores have come on this step, the canary stays.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from library.operations import RELATIVE
from policies.rollout_arms import Arms, Cell, Direction, MetricArms, Sums
from policies.rollout_evidence import log_mean
from policies.rollout_strata import Scope, Strata
from policies.rollout_words import advanced, held, rolled_back

__all__ = [
    "Arms", "Cell", "Direction", "MetricArms", "Reading", "ReleaseTerms", "Ruling", "SegmentReading", "Sums",
    "Verdict", "judge",
]  # fmt: skip

Verdict = Literal["hold", "advance", "roll_back"]

SCORE_SHARE = 0.5
EVERYWHERE_SHARE = 2 / 3
# Control scores that a step needs, as a share of those that the canary needs.
CONTROL_SHARE = 0.1
# Logarithm that stands for no evidence at all.
NO_EVIDENCE = -1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTerms:
    """What a ruling is held against (rulebook, section `release`).

    stage: index of the step the canary stands on; min_scores: scores of the metric that decides which the canary needs
    on this step before it may go on. alpha: chance that a version that is no worse is ever rolled back, over the whole
    life of the canary and however often it is looked at. doubt: the same of a version that is ever kept waiting by
    chance. margin: the smallest loss that is worth a rollback, and the largest that may be released;
    margin_relative: the same for time and money, which are scored on a logarithmic scale.
    """

    stage: int
    min_scores: int
    alpha: float = 0.01
    doubt: float = 0.2
    margin: float = 0.02
    margin_relative: float = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReading:
    """One segment of a metric; the words are those of `Reading`."""

    segment: str
    n_control: int
    n_canary: int
    evidence: float
    gain: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One metric as it stands.

    control, canary: mean of the canary, and what the control scored on the same mix at the same time; gain: canary
    against control, positive is better whatever the direction; low, high: its 95 % interval, valid however often it is
    looked at. None while the arms share no traffic. evidence: that the canary is worse, as the logarithm of an e-value.
    segments: where there are several, the one with the strongest evidence first.
    """

    metric: str
    n_control: int
    n_canary: int
    evidence: float
    control: float | None = None
    canary: float | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    segments: tuple[SegmentReading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is to be done, and why, in one sentence for people.

    metric, segment: what the ruling rests on (the score where nothing spoke against; None for everywhere); gain, low,
    high, n_control, n_canary: of these, over the canary's whole life; n_stage: canary scores of the deciding score on
    the present step. evidence: of all metrics together that the canary is worse, the logarithm of an e-value; bar:
    what rolls back.
    """

    verdict: Verdict
    reason: str
    metric: str
    gain: float | None
    low: float | None
    high: float | None
    n_control: int
    n_canary: int
    n_stage: int
    evidence: float
    bar: float
    segment: str | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Witness:
    """One scope of one metric, with the logarithm of its weighted e-value and the loss that matters to it."""

    metric: str
    segment: str | None
    scope: Scope
    weighted: float
    margin: float

    @property
    def counts(self) -> bool:
        """Whether what it saw is large enough to be worth a rollback."""
        return self.scope.loss is not None and self.scope.loss >= self.margin

    @property
    def excluded(self) -> bool:
        """Whether a loss that matters is ruled out."""
        return self.scope.high is not None and self.scope.high < self.margin


def judge(arms: Arms, terms: ReleaseTerms) -> Ruling:
    """Whether the canary goes on, stays where it is, or goes back."""
    witnesses, readings = list[_Witness](), list[Reading]()
    for metric in (arms.score, *arms.guards):
        heard, reading = _hear(metric, _share(metric, arms), terms)
        witnesses += heard
        readings.append(reading)
    n_stage, n_control = _on_stage(arms.score, terms.stage)
    decider, worst = witnesses[0], max(witnesses, key=lambda w: (w.counts, w.weighted))
    found = Ruling(
        verdict="advance", reason="", metric=decider.metric, gain=None, low=None, high=None, n_control=0, n_canary=0,
        n_stage=n_stage, evidence=_together(witnesses), bar=math.log(1.0 / terms.alpha), readings=tuple(readings),
    )  # fmt: skip
    if _together(w for w in witnesses if w.counts) >= found.bar:
        return _ruled(found, "roll_back", worst, rolled_back(worst.metric, worst.segment, worst.scope))
    if n_stage < terms.min_scores or n_control < CONTROL_SHARE * terms.min_scores:
        return _ruled(found, "hold", decider, held(n_stage, terms.min_scores, n_control))
    if _together(w for w in witnesses if not w.excluded) >= math.log(1.0 / terms.doubt):
        return _ruled(found, "hold", worst, f"in doubt: {rolled_back(worst.metric, worst.segment, worst.scope)}")
    return _ruled(found, "advance", decider, advanced(decider.metric, decider.scope, n_stage))


def _share(metric: MetricArms, arms: Arms) -> float:
    if metric is arms.score:
        return SCORE_SHARE if arms.guards else 1.0
    return (1.0 - SCORE_SHARE) / len(arms.guards)


def _ruled(found: Ruling, verdict: Verdict, witness: _Witness, reason: str) -> Ruling:
    scope = witness.scope
    return replace(
        found,
        verdict=verdict,
        reason=reason,
        metric=witness.metric,
        segment=witness.segment,
        gain=_minus(scope.loss),
        low=_minus(scope.high),
        high=_minus(scope.low),
        n_control=scope.n_control,
        n_canary=scope.n_canary,
    )


def _hear(arms: MetricArms, share: float, terms: ReleaseTerms) -> tuple[list[_Witness], Reading]:
    """Every scope of one metric, everywhere first, and the metric as it stands."""
    strata = Strata(arms)
    margin = terms.margin_relative if arms.metric in RELATIVE else terms.margin
    segments = strata.segments if len(strata.segments) > 1 else ()
    parts: list[tuple[str | None, Scope, float]] = [
        (None, strata.everywhere(terms.min_scores), EVERYWHERE_SHARE if segments else 1.0)
    ]
    each = (1.0 - EVERYWHERE_SHARE) / max(len(segments), 1)
    parts += [(name, strata.segment(name, terms.min_scores), each) for name in segments]
    heard = [
        _Witness(
            metric=arms.metric,
            segment=name,
            scope=scope,
            weighted=scope.evidence + math.log(share * part),
            margin=margin,
        )
        for name, scope, part in parts
    ]
    return heard, _reading(arms, heard, share)


def _reading(arms: MetricArms, heard: list[_Witness], share: float) -> Reading:
    scope = heard[0].scope
    canary, loss = scope.canary, scope.loss
    if canary is not None and arms.direction == "down":
        canary = 1.0 - canary
    control = None
    if canary is not None and loss is not None:
        control = canary + (loss if arms.direction == "up" else -loss)
    return Reading(
        metric=arms.metric,
        n_control=scope.n_control,
        n_canary=scope.n_canary,
        evidence=_together(heard) - math.log(share),
        control=control,
        canary=canary,
        gain=_minus(loss),
        low=_minus(scope.high),
        high=_minus(scope.low),
        segments=tuple(
            SegmentReading(
                segment=w.segment,
                n_control=w.scope.n_control,
                n_canary=w.scope.n_canary,
                evidence=w.scope.evidence,
                gain=_minus(w.scope.loss),
                low=_minus(w.scope.high),
                high=_minus(w.scope.low),
            )
            for w in sorted(heard[1:], key=lambda w: -w.scope.evidence)
            if w.segment is not None
        ),
    )


def _together(witnesses: Iterable[_Witness]) -> float:
    """Logarithm of the weighted e-values added up; finite, so that it can be stored as JSON."""
    return max(log_mean(np.array([w.weighted for w in witnesses])), NO_EVIDENCE)


def _on_stage(arms: MetricArms, stage: int) -> tuple[int, int]:
    """Scores of the canary, and of the control, on one step."""
    here = [cell for cell in arms.cells if cell.stage == stage]
    return round(sum(c.canary.n for c in here)), round(sum(c.control.n for c in here))


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value
