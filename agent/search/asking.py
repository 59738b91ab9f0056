"""Asking the model again what it answered before: the only part of a diagnosis that costs anything by itself.

Done for a doubt alone: everything fell alike under an unchanged prompt, and nothing in the library says whether the
model changed behind its name. A few messages that were answered well before the onset, and a few that failed after it,
settle it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agent.briefing import base_version
from agent.evidence import measure
from agent.examination.finding import Finding
from agent.examination.traffic import Traffic
from agent.services import Services, in_thread
from agent.state import CycleState
from library.datasets import HARVEST, Item, item_id
from library.errors import BudgetSpent, InputError, Outage
from library.incidents import Incident
from library.scores import Score
from library.traces import Trace
from policies.attribution import Attribution, Cause
from policies.causes.again import Again, Verdict
from policies.harvest import evenly

ASKED = 24  # messages of each kind
WELL, BADLY = 0.75, 0.5  # score of an answer that was good, below which it failed

_TOLD: dict[Verdict, str] = {
    "changed": "; asked again today, it fails what it answered well before. The model changed, not the prompt",
    "vanished": "; asked again today, it answers both well: what answered worse does so no more. Nothing to rewrite",
    "unclear": "; asking again today did not settle it",
    "reproduced": (
        "asked again today, the model answers what came before the onset as well as it did, and fails again what "
        "failed since: it is these messages that the prompt does not serve"
    ),
}


def in_doubt(found: Attribution) -> bool:
    """Whether the model is suspected for want of anything else."""
    return found.cause == "model_changed" and found.confidence == "low"


async def asked_again(
    services: Services, state: CycleState, incident: Incident, found: Finding, traffic: Traffic
) -> Finding:
    """The finding with what asking again said. As it was where it cannot be asked: another metric, an outage."""
    version = await base_version(services, state)
    prompt = await in_thread(services.library.prompts.get, incident.prompt)
    if version.number != incident.version or str(prompt.metrics[0]["name"]) != incident.degradation.metric:
        return found
    well = _items([p for p in traffic.before if p[1].value >= WELL], services.now())
    failed = _items([p for p in traffic.after if p[1].value < BADLY], services.now())
    try:
        scored = await measure(services, incident.prompt, version.content, [*well, *failed], "asking the model again")
    except BudgetSpent:
        raise
    except (Outage, InputError):
        return found
    marks = {o.item_id: o.score for o in scored if o.score is not None}
    again = Again(
        usual=_mean(s for _, s in traffic.before),
        fallen=_mean(s for _, s in traffic.after),
        well=_sum([marks[i.id] for i in well if i.id in marks]),
        failed=_sum([marks[i.id] for i in failed if i.id in marks]),
    )
    return replace(found, attribution=_settled(found.attribution, again))


def _settled(found: Attribution, again: Again) -> Attribution:
    verdict, suspected = again.verdict, found.causes[0]
    shown: dict[str, Any] = {
        name: {"asked": asked, "score": score}
        for name, (asked, score) in (("well", again.well), ("failed", again.failed))
    }
    told = _TOLD[verdict]
    sentence = f"{told}." if verdict == "reproduced" else f"{suspected.sentence.rstrip('.')}{told}."
    cause: Cause = "prompt" if verdict == "reproduced" else suspected.cause
    evidence = {**suspected.evidence, "asked_again": {**shown, "verdict": verdict}}
    first = replace(suspected, cause=cause, sentence=sentence, evidence=evidence)
    return replace(
        found,
        cause=cause,
        sentence=sentence,
        causes=(first, *found.causes[1:]),
        confidence="high" if verdict == "changed" else "low",
    )


def _items(judged: Sequence[tuple[Trace, Score]], now: datetime) -> list[Item]:
    """Messages to ask, each once, spread over the time; they are no test data and are not kept."""
    once = {item_id(t.prompt, HARVEST, t.inputs): t for t, _ in judged}
    return [
        Item(
            id=id,
            prompt=t.prompt,
            dataset=HARVEST,
            role="learn",
            inputs=t.inputs,
            expected=t.expected,
            segment=t.segment,
            source="harvest",
            trace_id=t.id,
            created_at=now,
        )
        for id, t in evenly(list(once.items()), ASKED)
    ]


def _mean(scores: Iterable[Score]) -> float:
    values = [s.value for s in scores]
    return sum(values) / len(values) if values else 0.0


def _sum(scores: Sequence[float]) -> tuple[int, float]:
    return len(scores), sum(scores)
