"""Everything that answers may draw on, read once for a question."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.examination import Traffic, as_diagnosis, examine, traffic_of
from library.incidents import ACTIVE, Incident
from library.prompts import PRODUCTION, LabelMove, Prompt, Version
from library.proposals import Proposal
from library.runs import Attempt, Run
from library.store.points import TrendPoint
from library.store.stores import Library
from policies.rulebook import DiagnosisRules

DAY = 86_400
AROUND = timedelta(days=3)  # changes this near an onset are told


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """A version and how it did on live traffic; mean and times are None while it has no scores."""

    version: Version
    mean: float | None
    n: int
    first_seen: datetime | None
    last_seen: datetime | None

    @property
    def standard_error(self) -> float:
        """Of the mean, from the largest variance that a score in [0, 1] with this mean can have."""
        return math.sqrt(self.mean * (1 - self.mean) / self.n) if self.mean is not None and self.n else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of traffic before and after an onset, by model or by segment."""

    before: Mapping[str, float]
    after: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the library knows about one prompt. incident: the one asked about, None when there never was one."""

    prompt: Prompt
    metric: str
    live: int | None
    versions: tuple[VersionRecord, ...]
    moves: tuple[LabelMove, ...]
    incident: Incident | None
    others: tuple[Incident, ...]
    diagnosis: Mapping[str, Any] | None
    models: Shares
    segments: Shares
    runs: tuple[Run, ...]
    attempts: tuple[Attempt, ...]
    proposals: tuple[Proposal, ...]
    scores: int

    @property
    def active(self) -> bool:
        """Whether the incident is going on."""
        return self.incident is not None and self.incident.state in ACTIVE

    def record(self, number: int) -> VersionRecord | None:
        """The record of one version."""
        return next((r for r in self.versions if r.version.number == number), None)


def gather(library: Library, rules: DiagnosisRules, name: str) -> Facts:
    """Read the facts about one prompt."""
    prompt = library.prompts.get(name)
    incidents = library.incidents.list(prompt=name)
    incident = next((i for i in incidents if i.state in ACTIVE), incidents[0] if incidents else None)
    metric = incident.degradation.metric if incident else str(prompt.metrics[0]["name"])
    points = library.traces.points(name, metric=metric, width_seconds=DAY // 24)
    traffic = traffic_of(library, incident) if incident else Traffic(before=(), after=())
    diagnosis = incident.diagnosis if incident else None
    if incident is not None and diagnosis is None:
        diagnosis = as_diagnosis(examine(library, rules, incident, traffic))
    return Facts(
        prompt=prompt,
        metric=metric,
        live=prompt.labels.get(PRODUCTION),
        versions=tuple(_record(v, points) for v in library.prompts.versions(name)),
        moves=library.prompts.moves(name),
        incident=incident,
        others=tuple(i for i in incidents if incident is None or i.id != incident.id),
        diagnosis=diagnosis,
        models=_shares(
            [t.response_model or t.model for t, _ in traffic.before],
            [t.response_model or t.model for t, _ in traffic.after],
        ),
        segments=_shares([t.segment for t, _ in traffic.before], [t.segment for t, _ in traffic.after]),
        runs=library.runs.list(prompt=name),
        attempts=library.runs.attempts(prompt=name),
        proposals=library.proposals.list(prompt=name),
        scores=sum(p.n for p in points),
    )


def _record(version: Version, points: Sequence[TrendPoint]) -> VersionRecord:
    mine = [p for p in points if p.version == version.number]
    n = sum(p.n for p in mine)
    return VersionRecord(
        version=version,
        mean=math.fsum(p.mean * p.n for p in mine) / n if n else None,
        n=n,
        first_seen=min((p.start for p in mine), default=None),
        last_seen=max((p.start for p in mine), default=None),
    )


def _shares(before: Sequence[str | None], after: Sequence[str | None]) -> Shares:
    return Shares(before=_share(before), after=_share(after))


def _share(values: Sequence[str | None]) -> dict[str, float]:
    counts = Counter(v or "unknown" for v in values)
    return {name: count / len(values) for name, count in sorted(counts.items())}
