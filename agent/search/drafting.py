"""From drafts to attempts: each is held against guardrails and history, and costs nothing until it is tested."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.briefing import base_version, best_content
from agent.evidence import gate_items, select_items, tellable_items
from agent.guarding import guard, held_against
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.strategies.strategy import Draft
from agent.teacher.request import Example, prompt_text
from library.datasets import Item
from library.errors import InputError
from library.prompts import Content, Version
from library.runs import Attempt, AttemptState
from library.templates import validate_content
from policies.duplicates import PastText, duplicate_of
from policies.guardrails.policy import Policy
from policies.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every draft of a round is held against. base: the live version; parent: the best so far.

    words: of the task, in the failing examples that its writers were shown.
    """

    base: Version
    parent: Content
    policy: Policy
    secret: tuple[Item, ...]
    shown: tuple[Item, ...]
    past: tuple[PastText, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A draft with the strategy that wrote it and what the guardrails say.

    alone: its writer was asked for this one only, and could mend it when it was refused.
    """

    strategy: str
    draft: Draft
    verdict: Verdict
    alone: bool


async def ground_of(services: Services, state: CycleState, failing: Sequence[Example]) -> Ground:
    """Everything that drafts of this round are held against."""
    name, incident = state["prompt"], state.get("incident_id")
    gate = await gate_items(services, name, incident)
    return Ground(
        base=await base_version(services, state),
        parent=await best_content(services, state),
        policy=await in_thread(services.policy_for, name),
        shown=tuple(await tellable_items(services, name)),
        secret=(*await select_items(services, name, incident), *gate.evidence, *gate.golden, *gate.anchors),
        past=await _past(services, state),
        words=tuple(t for e in failing for t in (*e.item.inputs.values(), e.item.expected or "", e.actual, e.reason)),
    )


async def _past(services: Services, state: CycleState) -> tuple[PastText, ...]:
    name = state["prompt"]
    attempts = await in_thread(services.library.runs.attempts, prompt=name)
    versions = await in_thread(services.library.prompts.versions, name)
    texts = {v.number: prompt_text(v.content) for v in versions}
    runs = await in_thread(services.library.runs.list, prompt=name, limit=10_000)
    bases = {r.id: texts[r.base_version] for r in runs}
    live = [PastText(name=f"version {v.number}", text=texts[v.number], base="", rejected=False) for v in versions]
    # An outage or a crash says nothing about a text: what was never judged may be written again.
    earlier = [a for a in attempts if a.run_id != state["run_id"] or a.round < state.get("round", 0)]
    judged = [a for a in earlier if a.state not in {"drafted", "duplicate"}]
    return (
        *live,
        *(
            PastText(
                name=f"attempt {a.number} of run {a.run_id} ({a.state})",
                text=prompt_text(a.content),
                base=bases.get(a.run_id, ""),
                rejected=a.state == "rejected",
            )
            for a in judged
        ),
    )


async def check_drafts(
    services: Services, state: CycleState, ground: Ground, drafts: Sequence[tuple[str, Draft]]
) -> list[Checked]:
    """The verdicts on drafts, in their order."""
    subjects = [held_against(ground.base.content, draft.content, ground.secret, ground.shown) for _, draft in drafts]
    verdicts = await asyncio.gather(*(guard(services, s, ground.policy, seed=state["seed"]) for s in subjects))
    return [
        Checked(strategy=name, draft=draft, verdict=verdict, alone=len(drafts) == 1)
        for (name, draft), verdict in zip(drafts, verdicts, strict=True)
    ]


def to_attempt(
    services: Services, state: CycleState, ground: Ground, checked: Checked, number: int, more: dict[str, Any]
) -> Attempt:
    """The attempt of a checked draft. more: what else is known of it."""
    draft, verdict = checked.draft, checked.verdict
    result: dict[str, Any] = {
        "policy_digest": verdict.policy_digest,
        "decision": verdict.decision,
        "findings": [
            {"policy": f.policy, "rule": f.rule, "severity": f.severity, "message": f.message} for f in verdict.findings
        ],
        "predicted_fixed": list(draft.predicted_fixed),
        "predicted_risks": draft.predicted_risks,
        "parent": state.get("best", 0),
        **more,
    }
    kind, reason = _static_verdict(services, ground, draft, verdict, str(more.get("done", "")))
    return Attempt(
        run_id=state["run_id"],
        number=number,
        round=state["round"],
        prompt=state["prompt"],
        strategy=checked.strategy,
        hypothesis=draft.hypothesis,
        content=draft.content,
        content_hash=draft.content.hash,
        state=kind,
        reason=reason,
        result=result,
        created_at=services.now(),
    )


def _static_verdict(
    services: Services, ground: Ground, draft: Draft, verdict: Verdict, done: str
) -> tuple[AttemptState, str]:
    if verdict.decision == "block":
        blocking = next(f for f in verdict.findings if f.severity == "block")
        return "blocked", f"{blocking.policy}: {blocking.message}"
    try:
        validate_content(draft.content, "the candidate")
    except InputError as error:
        return "blocked", str(error)
    text, base = prompt_text(draft.content), prompt_text(ground.base.content)
    twin = duplicate_of(text, base, ground.past, services.rulebook.search.duplicate_similarity)
    if twin is not None:
        return "duplicate", f"repeats {twin.name}"
    return "drafted", done


def without_twins(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts, those that say the same as an earlier one of the round marked as duplicates."""
    seen: dict[str, int] = {}
    kept = []
    for attempt in attempts:
        first = seen.setdefault(attempt.content_hash, attempt.number)
        twin = attempt.state == "drafted" and first != attempt.number
        kept.append(_repeats(attempt, first) if twin else attempt)
    return kept


def _repeats(attempt: Attempt, first: int) -> Attempt:
    said = {**attempt.result, "repeats": first}
    return replace(attempt, state="duplicate", reason=f"repeats attempt {first} of this round", result=said)
