"""An incident: a detected degradation, with its evidence and its life.

open          the monitor saw it; nobody has looked yet
diagnosing    a cycle works on it
proposed      a proposal waits for a person, or its staged release is under way
resolved      a change was released for good, or the scores came back
regressed     it was resolved and came back, or the release that was to mend it was rolled back
dismissed     a person said it is not one, or accepted it as the new normal
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from library.errors import Refused

IncidentState = Literal["open", "diagnosing", "proposed", "resolved", "regressed", "dismissed"]

MOVES: Mapping[IncidentState, frozenset[IncidentState]] = MappingProxyType(
    {
        "open": frozenset({"diagnosing", "resolved", "dismissed"}),
        "diagnosing": frozenset({"open", "proposed", "resolved", "dismissed"}),
        "proposed": frozenset({"open", "diagnosing", "resolved", "regressed", "dismissed"}),
        "resolved": frozenset({"regressed"}),
        "regressed": frozenset({"diagnosing", "resolved", "dismissed"}),
        "dismissed": frozenset({"open"}),
    }
)
"""Every legal move; anything else is refused."""

ACTIVE: frozenset[IncidentState] = frozenset({"open", "diagnosing", "proposed", "regressed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentChange:
    """Mean score of one segment before and after the onset, with a 95 % interval of the difference (after - before)."""

    segment: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    n_before: int
    n_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoDegraded:
    """Another series of the same version that alarms too: which, since when, and how much it lost (95 % interval)."""

    metric: str
    evaluator: str
    revision: str
    onset: datetime
    before: float
    after: float
    effect: float
    effect_low: float
    effect_high: float
    segment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Other prompts on the same model fell at the same time: a sign that the model changed, not the prompt.

    prompts: those whose scores fell for certain; of: how many were compared. onset: of all of them together; effect:
    their lost score; evidence and threshold in nats.
    """

    model: str
    prompts: tuple[str, ...]
    of: int
    onset: datetime
    effect: float
    evidence: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """What the statistic saw. Times are trace times; effect = lost score, positive is worse, 95 % interval.

    segment: the one to blame, None for everywhere. evidence and threshold are in nats. onset is today's estimate,
    first_onset the one at detection, by which the incident is known again. floor: held against the version that was
    replaced, not against its own past. gradual_since: when the fall began, if it came little by little, None where the
    scores speak against that. also: other series of this version that alarm too. upstream: see there.
    """

    metric: str
    evaluator: str
    revision: str
    detected_at: datetime
    onset: datetime
    onset_earliest: datetime
    onset_latest: datetime
    before: float
    after: float
    effect: float
    effect_low: float
    effect_high: float
    n_before: int
    n_after: int
    evidence: float
    threshold: float
    segment: str | None
    segments: tuple[SegmentChange, ...]
    first_onset: datetime | None = None
    floor: bool = False
    also: tuple[AlsoDegraded, ...] = ()
    upstream: Upstream | None = None
    gradual_since: datetime | None = None

    @property
    def known_by(self) -> datetime:
        """The onset at detection: it does not move while the incident is refreshed."""
        return self.onset if self.first_onset is None else self.first_onset

    @property
    def series(self) -> tuple[str, str, str]:
        """Metric, evaluator and revision: scores of others are not comparable."""
        return (self.metric, self.evaluator, self.revision)

    @property
    def fallen(self) -> tuple[str, ...]:
        """Segments that lost score for certain (their interval excludes zero), the one that lost most first."""
        return tuple(s.segment for s in sorted(self.segments, key=lambda s: s.difference) if s.high < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A degradation of one version of one prompt. diagnosis: plain JSON, see `agent.steps.diagnose`."""

    id: int
    prompt: str
    version: int
    state: IncidentState
    degradation: Degradation
    diagnosis: Mapping[str, Any] | None
    opened_at: datetime
    updated_at: datetime
    note: str = ""


def check_move(incident: Incident, to: IncidentState) -> None:
    """Raise Refused unless the incident may go to this state."""
    if to != incident.state and to not in MOVES[incident.state]:
        raise Refused(
            f"an incident that is {incident.state} cannot become {to}",
            f"incident {incident.id}",
            f"Possible from here: {', '.join(sorted(MOVES[incident.state])) or 'nothing'}.",
        )
