"""Looking into an incident: its traffic before and after, the cause, the kinds of failure. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from library.incidents import Incident
from library.scores import Score
from library.store.stores import Library
from library.traces import Trace
from policies.attribution import Attribution, attribute
from policies.kinds import Case, FailureKind, failure_kinds, new_words
from policies.redaction import redact
from policies.rulebook import DiagnosisRules

CASE_CHARACTERS = 300
TRAFFIC = 5_000  # newest calls on each side of the onset that are looked at for errors and models

Judged = tuple[tuple[Trace, Score], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The judged calls of an incident's version, oldest first, on both sides of the onset."""

    before: Judged
    after: Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The cause, the kinds of failure, and the failing cases they are made of."""

    attribution: Attribution
    kinds: tuple[FailureKind, ...]
    cases: tuple[Case, ...]


def traffic_of(library: Library, incident: Incident) -> Traffic:
    """Read the judged calls around an incident."""
    seen = incident.degradation
    judged = library.traces.scored(incident.prompt, metric=seen.metric, version=incident.version)
    same = tuple((t, s) for t, s in judged if (s.evaluator, s.revision) == (seen.evaluator, seen.revision)) or _errors(
        library, incident
    )
    return Traffic(
        before=tuple(p for p in same if p[0].ts < seen.onset), after=tuple(p for p in same if p[0].ts >= seen.onset)
    )


def _errors(library: Library, incident: Incident) -> Judged:
    """The calls of an incident of the error rate, judged by whether they failed."""
    if incident.degradation.metric != "error":
        return ()
    traces = library.traces.list(incident.prompt, version=incident.version, limit=2 * TRAFFIC, newest_first=False)
    return tuple((t, _fine(t)) for t in traces)


def _fine(trace: Trace) -> Score:
    return Score(
        trace_id=trace.id,
        name="error",
        value=0.0 if trace.error else 1.0,
        source="programmatic",
        evaluator="system",
        revision="1",
        ts=trace.ts,
        comment=trace.error.type if trace.error else "",
    )


def examine(library: Library, rules: DiagnosisRules, incident: Incident, traffic: Traffic) -> Finding:
    """Name the cause and the kinds of failure of an incident."""
    onset = incident.degradation.onset
    failing = [case_of(t, s) for t, s in traffic.after if s.value < 1]
    working = [case_of(t, s) for t, s in traffic.after if s.value >= 1]
    old = [case_of(t, s) for t, s in traffic.before]
    attribution = attribute(
        library.traces.list(incident.prompt, version=incident.version, until=onset, limit=TRAFFIC),
        library.traces.list(incident.prompt, version=incident.version, since=onset, limit=TRAFFIC),
        new_words=new_words([c.text for c in failing], [c.text for c in old]),
        rules=rules,
    )
    kinds = failure_kinds(failing, working, max_kinds=rules.max_kinds, min_share=rules.min_kind_share)
    with_past = tuple(replace(kind, earlier_share=_failing_share(kind, old)) for kind in kinds)
    return Finding(attribution=attribution, kinds=with_past, cases=tuple(failing))


def _failing_share(kind: FailureKind, cases: Sequence[Case]) -> float | None:
    """Share of failing cases of this kind's class before the onset, so that old troubles are not sold as new ones."""
    same = [c for c in cases if c.segment == kind.segment and (kind.expected is None or c.expected == kind.expected)]
    return sum(c.lost > 0 for c in same) / len(same) if same else None


def flat(values: Iterable[str]) -> str:
    """Inputs as one line, cut to a readable length."""
    return " ".join(" ".join(values).split())[:CASE_CHARACTERS]


def case_of(trace: Trace, score: Score) -> Case:
    """A judged call as the kinds of failure see it."""
    return Case(
        id=trace.id,
        text=flat(trace.inputs.values()),
        expected=trace.expected,
        actual=trace.output or "",
        segment=trace.segment or "other",
        lost=1 - score.value,
        reason=score.comment,
    )


def as_diagnosis(found: Finding, similar: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Plain JSON of what was found, with a few redacted examples for each kind."""
    cases = {c.id: c for c in found.cases}
    return {
        "cause": found.attribution.cause,
        "sentence": found.attribution.sentence,
        "kinds": [_kind(kind, cases) for kind in found.kinds],
        "similar": [dict(s) for s in similar],
    }


def _kind(kind: FailureKind, cases: Mapping[str, Case]) -> dict[str, Any]:
    return {
        **asdict(kind),
        "words": list(kind.words),
        "case_ids": list(kind.case_ids[:20]),
        "examples": [
            {"id": i, "text": redact(cases[i].text), "expected": cases[i].expected, "actual": cases[i].actual[:80]}
            for i in kind.case_ids[:3]
        ],
    }
