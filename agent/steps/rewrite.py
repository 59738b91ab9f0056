"""rewrite: several candidates in parallel; guardrails and memory of what was tried come before any money is spent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.briefing import base_version, brief
from agent.evidence import gate_items, select_items, tellable_items
from agent.guarding import guard, held_against
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.strategies.portfolio import strategy
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing, prompt_text
from library.datasets import Item
from library.errors import InputError
from library.prompts import Version
from library.runs import Attempt, AttemptState
from library.templates import validate_content
from policies.duplicates import PastText, duplicate_of
from policies.guardrails.engine import repair_hints
from policies.verdict import Verdict
from tools.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every draft of this round is held against."""

    base: Version
    secret: tuple[Item, ...]
    shown: tuple[Item, ...]
    past: tuple[PastText, ...]


async def rewrite(state: CycleState, services: Services) -> CycleState:
    """Write one candidate per strategy; those that survive the static checks go on to the test."""
    names = services.rulebook.search.strategies
    services.progress(f"round {state['round']}: writing {len(names)} candidates")
    briefing = await brief(services, state, state["round"])
    ground = await _ground(services, state)
    first = (state["round"] - 1) * len(names) + 1
    written = await asyncio.gather(
        *(_write(services, state, briefing, ground, name, first + i) for i, name in enumerate(names)),
        # Every writer is waited for: one that runs out of budget must not leave others paying behind the run's back.
        return_exceptions=True,
    )
    for failed in written:
        if isinstance(failed, BaseException) and not isinstance(failed, ProviderError):
            raise failed
    attempts = _without_twins([a for a in written if isinstance(a, Attempt)])
    for attempt in attempts:
        await in_thread(services.library.runs.save_attempt, services.held(), attempt)
    if not attempts:
        detail = next((str(error) for error in written if isinstance(error, ProviderError)), "no strategy answered")
        return {"candidates": [], "stop": {"reason": "teacher_down", "detail": detail}}
    return {"candidates": [a.number for a in attempts if a.state == "drafted"]}


async def _ground(services: Services, state: CycleState) -> Ground:
    name, incident = state["prompt"], state.get("incident_id")
    gate = await gate_items(services, name, incident)
    attempts = await in_thread(services.library.runs.attempts, prompt=name)
    versions = await in_thread(services.library.prompts.versions, name)
    texts = {v.number: prompt_text(v.content) for v in versions}
    bases = {
        r.id: texts[r.base_version] for r in await in_thread(services.library.runs.list, prompt=name, limit=10_000)
    }
    earlier = [a for a in attempts if (a.run_id, a.round) != (state["run_id"], state["round"])]
    return Ground(
        base=await base_version(services, state),
        shown=tuple(await tellable_items(services, name)),
        secret=(*await select_items(services, name, incident), *gate.evidence, *gate.golden, *gate.anchors),
        past=tuple(
            [
                PastText(name=f"version {v.number}", text=prompt_text(v.content), base="", rejected=False)
                for v in versions
            ]
            + [
                PastText(
                    name=f"attempt {a.number} of run {a.run_id} ({a.state})",
                    text=prompt_text(a.content),
                    base=bases.get(a.run_id, ""),
                    rejected=a.state == "rejected",
                )
                for a in earlier
                # An outage or a crash says nothing about a text: what was never judged may be written again.
                if a.state not in {"drafted"}
            ]
        ),
    )


async def _write(
    services: Services, state: CycleState, briefing: Briefing, ground: Ground, name: str, number: int
) -> Attempt | ProviderError:
    hints: tuple[str, ...] = ()
    policy = await in_thread(services.policy_for, state["prompt"])
    for turn in range(services.rulebook.teacher.repairs + 1):
        try:
            draft = await strategy(name).write(services, briefing, _turned(state["hypotheses"], number), hints)
        except ProviderError as error:
            return error
        subject = held_against(ground.base.content, draft.content, ground.secret, ground.shown)
        verdict = await guard(services, subject, policy, seed=state["seed"])
        if verdict.decision != "block" or turn == services.rulebook.teacher.repairs:
            break
        hints = repair_hints(verdict)
    return _attempt(services, state, ground, name, number, draft, verdict)


def _turned(hypotheses: Sequence[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    # Each writer is given another hypothesis first, so that one round does not try one idea three times.
    at = number % len(hypotheses) if hypotheses else 0
    return [*hypotheses[at:], *hypotheses[:at]]


def _attempt(
    services: Services, state: CycleState, ground: Ground, name: str, number: int, draft: Draft, verdict: Verdict
) -> Attempt:
    result: dict[str, Any] = {
        "policy_digest": verdict.policy_digest,
        "decision": verdict.decision,
        "findings": [
            {"policy": f.policy, "rule": f.rule, "severity": f.severity, "message": f.message} for f in verdict.findings
        ],
        "predicted_fixed": list(draft.predicted_fixed),
        "predicted_risks": draft.predicted_risks,
        "parent": state.get("best", 0),
    }
    kind, reason = _static_verdict(services, ground, draft, verdict)
    return Attempt(
        run_id=state["run_id"],
        number=number,
        round=state["round"],
        prompt=state["prompt"],
        strategy=name,
        hypothesis=draft.hypothesis,
        content=draft.content,
        content_hash=draft.content.hash,
        state=kind,
        reason=reason,
        result=result,
        created_at=services.now(),
    )


def _static_verdict(services: Services, ground: Ground, draft: Draft, verdict: Verdict) -> tuple[AttemptState, str]:
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
    return "drafted", ""


def _without_twins(attempts: Sequence[Attempt]) -> list[Attempt]:
    seen: dict[str, int] = {}
    kept = []
    for attempt in attempts:
        first = seen.setdefault(attempt.content_hash, attempt.number)
        twin = attempt.state == "drafted" and first != attempt.number
        kept.append(_duplicate(attempt, first) if twin else attempt)
    return kept


def _duplicate(attempt: Attempt, first: int) -> Attempt:
    said = {name: getattr(attempt, name) for name in Attempt.__slots__}
    return Attempt(**{**said, "state": "duplicate", "reason": f"repeats attempt {first} of this round"})
