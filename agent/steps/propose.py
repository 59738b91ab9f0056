"""propose: one last check of the exact content, then a row in the queue. A person decides."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from agent.briefing import base_version
from agent.evidence import gate_items, select_items, tellable_items
from agent.guarding import guard, held_against
from agent.services import Services, in_thread
from agent.state import CycleState
from library.datasets import Item
from library.runs import Attempt
from policies.verdict import Verdict


async def propose(state: CycleState, services: Services) -> CycleState:
    """Queue the winner; a block at this point ends the cycle without a proposal."""
    base = await base_version(services, state)
    attempts = await in_thread(services.library.runs.attempts, run_id=state["run_id"])
    attempt = next(a for a in attempts if a.number == state["best"])
    policy = await in_thread(services.policy_for, state["prompt"])
    shown = await tellable_items(services, state["prompt"])
    subject = held_against(base.content, attempt.content, await _hidden(services, state), shown)
    verdict = await guard(services, subject, policy, seed=state["seed"])
    if verdict.decision == "block":
        return {"stop": {"reason": "guardrails_refuse", "detail": verdict.findings[0].message}}
    now = services.now()
    proposal = await in_thread(
        services.library.proposals.create,
        services.held(),
        prompt=state["prompt"],
        label=services.label,
        attempt_number=attempt.number,
        incident_id=state.get("incident_id"),
        base=base,
        content=attempt.content,
        policy_digest=verdict.policy_digest,
        packet=await _packet(services, state, attempt, attempts, verdict),
        now=now,
        expires_at=now + timedelta(days=services.rulebook.proposals.expire_days),
    )
    return {"proposal_id": proposal.id, "stop": {"reason": "proposed", "detail": attempt.reason}}


async def _hidden(services: Services, state: CycleState) -> tuple[Item, ...]:
    name, incident = state["prompt"], state.get("incident_id")
    gate = await gate_items(services, name, incident)
    return (*await select_items(services, name, incident), *gate.evidence, *gate.golden, *gate.anchors)


async def _packet(
    services: Services, state: CycleState, attempt: Attempt, attempts: tuple[Attempt, ...], verdict: Verdict
) -> Mapping[str, Any]:
    spend = await in_thread(services.library.calls.spend, services.scope)
    return {
        "hypothesis": attempt.hypothesis,
        "strategy": attempt.strategy,
        "predicted_risks": attempt.result.get("predicted_risks", ""),
        "comparison": attempt.result["gate"],
        "golden": attempt.result["golden"],
        "anchors": {"checked": attempt.result["anchors"], "broken": attempt.result["broken_anchors"]},
        "examples": attempt.result["examples"],
        "verdict": {
            "decision": verdict.decision,
            "findings": [asdict(f) for f in verdict.findings],
            "policy_digest": verdict.policy_digest,
            "current_digest": verdict.current_digest,
            "candidate_digest": verdict.candidate_digest,
        },
        "diagnosis": state.get("diagnosis") or {},
        "lineage": _lineage(attempt, attempts),
        "tried": len(attempts),
        "seed": state["seed"],
        "models": _models(services),
        "spend": asdict(spend),
        "waivers": [],
    }


def _models(services: Services) -> dict[str, str]:
    named = {"student": services.student, "teacher": services.teacher, "judge": services.judge}
    return {role: model.name for role, model in named.items() if model is not None}


def _lineage(attempt: Attempt, attempts: tuple[Attempt, ...]) -> list[dict[str, Any]]:
    by_number = {a.number: a for a in attempts}
    chain: list[dict[str, Any]] = []
    at: Attempt | None = attempt
    while at is not None:
        chain.append({"attempt": at.number, "round": at.round, "strategy": at.strategy, "hypothesis": at.hypothesis})
        at = by_number.get(int(at.result.get("parent", 0)))
    return chain[::-1]
