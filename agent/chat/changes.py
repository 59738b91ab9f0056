"""What changed around an onset: releases of ours, models, the mix of traffic. And so: what is to blame."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from agent.chat.facts import AROUND, Facts, VersionRecord
from agent.chat.sentences import Said, day, percent, points

MIX_SHIFT = 0.05  # change of a segment's share of traffic worth telling


def changes(facts: Facts) -> Said:
    """Everything that moved near the onset, or the newest release when there is no incident."""
    if facts.incident is None:
        return _newest(facts)
    told = [*releases(facts), *_models(facts), *_mix(facts)]
    if not told:
        return Said(
            "Around then nothing of ours changed: no release, the same models, the same mix of segments.",
            unknown="changes outside the library (campaigns, products, other teams)",
        )
    return Said(
        "Around then: " + " ".join(told), unknown="changes outside the library (campaigns, products, other teams)"
    )


def releases(facts: Facts) -> list[str]:
    """Releases of ours near the onset: versions that traffic first met then, and label moves."""
    incident = facts.incident
    if incident is None:
        return []
    onset = incident.degradation.onset
    told = []
    for record in facts.versions[1:]:
        if record.first_seen is not None and abs(record.first_seen - onset) <= AROUND:
            told.append(_release(facts, record))
    for move in facts.moves:
        if abs(move.at - onset) <= AROUND:
            came = f"from version {move.from_version} " if move.from_version else ""
            told.append(f"'{move.label}' moved {came}to version {move.to_version} on {day(move.at)} by {move.actor}.")
    return told


def _release(facts: Facts, record: VersionRecord) -> str:
    number, first = record.version.number, record.first_seen
    said = f"version {number} went live {day(first)}" if first else f"version {number}"
    before = facts.record(number - 1)
    if before is not None and before.mean is not None and record.mean is not None:
        said += f" ({points(record.mean - before.mean)} points against version {number - 1})"
    edit = _edit(before.version.content.full_text, record.version.content.full_text) if before else ""
    return f"{said}{edit}."


def _edit(old: str, new: str) -> str:
    gone = [line.strip() for line in old.splitlines() if line.strip() and line not in new.splitlines()]
    come = [line.strip() for line in new.splitlines() if line.strip() and line not in old.splitlines()]
    parts = [f'took out "{gone[0][:80]}"'] * bool(gone) + [f'put in "{come[0][:80]}"'] * bool(come)
    return f", which {' and '.join(parts)}" if parts else ""


def _models(facts: Facts) -> list[str]:
    fresh = [m for m in facts.models.after if m not in facts.models.before and m != "unknown"]
    return [f"{m} answers {percent(facts.models.after[m])} of the calls since then and none before." for m in fresh]


def _mix(facts: Facts) -> list[str]:
    told = []
    for segment in sorted({*facts.segments.before, *facts.segments.after}):
        before, after = facts.segments.before.get(segment, 0.0), facts.segments.after.get(segment, 0.0)
        if abs(after - before) >= MIX_SHIFT:
            told.append(f"{segment} went from {percent(before)} to {percent(after)} of the traffic.")
    return told


def _newest(facts: Facts) -> Said:
    if not facts.moves:
        return Said("No label has ever moved, and there is no incident.")
    last = facts.moves[-1]
    return Said(
        f"There is no incident. The last release: '{last.label}' moved to version {last.to_version} on {day(last.at)} "
        f"by {last.actor}."
    )


BLAMED = MappingProxyType(
    {
        "outage": "Neither prompt nor model, the calls fail",
        "model_changed": "The model rather than the prompt",
        "truncation": "Neither prompt nor model, the answers are cut off",
        "traffic_mix": "Neither prompt nor model, other messages come in",
        "data_error": "Neither prompt nor model, the expected answers are wrong",
        "evaluator_changed": "Neither prompt nor model, the answers are judged otherwise",
        "release": "A release of ours",
    }
)


def causes(facts: Facts) -> Sequence[Mapping[str, Any]]:
    """The causes found, the primary one first: cause, sentence, share of the loss, evidence."""
    diagnosis = facts.diagnosis or {}
    alone = [{"cause": diagnosis.get("cause"), "sentence": diagnosis.get("sentence", ""), "share": 1.0, "evidence": {}}]
    return diagnosis.get("causes") or (alone if diagnosis.get("cause") else [])


def primary(facts: Facts) -> Mapping[str, Any]:
    """The cause that explains most of the loss; empty while there is no diagnosis."""
    return next(iter(causes(facts)), {})


def blame(facts: Facts) -> Said:
    """The prompt, the model, an outage or a release of ours."""
    if facts.incident is None:
        return Said(f"Nothing is to blame: no degradation of {facts.prompt.name} was found in {facts.scores} scores.")
    sentence = str(primary(facts).get("sentence", ""))
    head = BLAMED.get(str(primary(facts).get("cause")))
    if head is not None:
        return Said(f"{head}: {sentence}")
    ours = releases(facts)
    if ours:
        return Said(f"A release of ours is the first suspect: {' '.join(ours)} {sentence}")
    same = "the same model answered before and after" if set(facts.models.after) <= set(facts.models.before) else ""
    known = same or "the models on record do not explain it"
    return Said(
        f"The prompt does not cover what comes in: {sentence} {known[0].upper() + known[1:]}.",
        unknown="silent changes of a model behind an unchanged name",
    )
