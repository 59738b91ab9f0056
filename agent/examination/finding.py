"""Looking into an incident: the causes with their evidence, and the kinds of failure. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from agent.examination.surroundings import peers_of, release_of
from agent.examination.traffic import LOOKBACK_DAYS, Traffic, is_relative, sides_of
from library.incidents import Incident
from library.scores import Score
from library.store.stores import Library
from library.traces import Trace
from policies.attribution import Attribution, Surroundings, attribute
from policies.causes.calls import Call
from policies.causes.revisions import RevisionChange, revision_changes
from policies.harvest import evenly
from policies.kinds import Case, FailureKind, failure_kinds, new_words
from policies.redaction import redact
from policies.rulebook import DiagnosisRules
from tools.embeddings import LexicalEmbedding

CASE_CHARACTERS = 300
HOUR = 3_600
MOST_EMBEDDED = 500  # failing calls, working ones and earlier ones, each, that are compared by what they say


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The causes, the kinds of failure, and the failing cases they are made of.

    revisions: changes of evaluators around the onset, across which no scores were compared.
    """

    attribution: Attribution
    kinds: tuple[FailureKind, ...]
    cases: tuple[Case, ...]
    revisions: tuple[RevisionChange, ...] = ()


def examine(library: Library, rules: DiagnosisRules, incident: Incident, traffic: Traffic) -> Finding:
    """Name the causes and the kinds of failure of an incident."""
    seen = incident.degradation
    # Every call takes time and money: a slow or a dear one is no failure of a kind.
    fails = [] if is_relative(seen) else [p for p in traffic.after if p[1].value < 1]
    failing = evenly([case_of(t, s) for t, s in fails], MOST_EMBEDDED)
    working = evenly([case_of(t, s) for t, s in traffic.after if s.value >= 1], MOST_EMBEDDED)
    old = evenly([case_of(t, s) for t, s in traffic.before], MOST_EMBEDDED)
    kinds = kinds_of(failing, working, old, rules)

    def named(calls: Sequence[Call]) -> Sequence[str]:
        return new_words([c.text for c in calls], [c.text for c in old])

    around = Surroundings(
        peers=peers_of(library, incident, traffic, rules),
        release=release_of(library, incident, traffic),
        revisions=traffic.revisions,
        kinds=tuple((k.expected or "", k.share, k.words) for k in kinds),
        name=named,
        upstream=seen.upstream.prompts if seen.upstream is not None else (),
        of_calls=is_relative(seen),
    )
    attribution = attribute(sides_of(traffic, seen, rules), around, rules)
    return Finding(attribution=attribution, kinds=kinds, cases=tuple(failing), revisions=_revisions(library, incident))


def _revisions(library: Library, incident: Incident) -> tuple[RevisionChange, ...]:
    seen = incident.degradation
    since = seen.onset - timedelta(days=LOOKBACK_DAYS)
    points = library.traces.points(incident.prompt, metric=seen.metric, width_seconds=HOUR, since=since)
    return revision_changes((p.evaluator, p.revision, p.start) for p in points)


def kinds_of(
    failing: Sequence[Case], working: Sequence[Case], earlier: Sequence[Case], rules: DiagnosisRules
) -> tuple[FailureKind, ...]:
    """The kinds of failure among judged calls, told apart by what they say as well."""
    cases = [*failing, *working, *earlier]
    # The built-in embedding here, whatever the memory uses: a question must not wait for a model.
    vectors = LexicalEmbedding().embed([c.text for c in cases])
    return failure_kinds(
        failing,
        working,
        max_kinds=rules.max_kinds,
        min_share=rules.min_kind_share,
        earlier=earlier,
        vectors=dict(zip([c.id for c in cases], vectors, strict=True)),
    )


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
        "sentence": redact(found.attribution.sentence),
        "confidence": found.attribution.confidence,
        "causes": [_redacted(asdict(c)) for c in found.attribution.causes],
        "kinds": [_kind(kind, cases) for kind in found.kinds],
        "similar": [dict(s) for s in similar],
        "revisions": [change.sentence for change in found.revisions],
    }


def _redacted(value: Any) -> Any:
    """Plain JSON with every text redacted; the ids of traces and the names of fields stay as they are."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(v) for v in value]
    if isinstance(value, dict):
        return {k: v if k in {"trace_ids", "pairs"} else _redacted(v) for k, v in value.items()}
    return value


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
