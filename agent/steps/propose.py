"""propose: one last check of the exact content, then a row in the queue. A person decides."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from agent.briefing import base_version
from agent.evidence import gate_items, select_items, tellable_items
from agent.guarding import guard, held_against
from agent.search.attempts import note
from agent.search.foretelling import foretold
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.teacher.request import texts_of
from library.datasets import Item
from library.prompts import Content, canonical_json
from library.runs import Attempt
from policies.clause_edits import Hunk, hunks_between, numbered
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
    prediction = await foretold(state, services, attempt, attempts)
    attempt = await note(services, attempt, attempt.state, attempt.reason, {"prediction": prediction})
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
        "author": str(attempt.result.get("author", "")),
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
        "hunks": await _hunks(services, state, attempt, attempts),
        "ablation": attempt.result.get("ablation", []),
        "predicted_fixed": attempt.result.get("predicted_fixed", []),
        "prediction": attempt.result["prediction"],
        "gate_terms": attempt.result.get("gate_terms", {}),
        "protected_metrics": attempt.result.get("protected", []),
        "use": attempt.result.get("use", {}),
        "search_ended": _why_ended(state),
        "versions": _versions(services),
        "tried": len(attempts),
        "seed": state["seed"],
        "models": _models(services),
        "spend": asdict(spend),
        "waivers": [],
    }


async def _hunks(
    services: Services, state: CycleState, attempt: Attempt, attempts: Sequence[Attempt]
) -> list[dict[str, Any]]:
    """Every change against the live version, with the round it came in, who wrote it first and why, and the select
    items that this round's winner repaired or broke."""
    base = (await base_version(services, state)).content
    by_number = {a.number: a for a in attempts}
    told = []
    for hunk in hunks_between(texts_of(base), texts_of(attempt.content)):
        wrote = next((a for a in attempts if _holds(a, hunk, base)), attempt)
        winner = next((by_number[n] for n in _chain(attempt, by_number) if _holds(by_number[n], hunk, base)), attempt)
        told.append(
            {
                "kind": hunk.kind,
                "old": hunk.old,
                "new": hunk.new,
                "attempt": wrote.number,
                "round": wrote.round,
                "hypothesis": wrote.hypothesis,
                "fixed": list(winner.result.get("fixed", ())),
                "broken": list(winner.result.get("broken", ())),
            }
        )
    return told


def _holds(attempt: Attempt, hunk: Hunk, base: Content) -> bool:
    clauses = [clause for _, _, clause in numbered(texts_of(attempt.content))]
    said = hunk.new.strip() in clauses if hunk.new else hunk.old.strip() not in clauses
    return said and attempt.state != "blocked" and attempt.content != base


def _chain(attempt: Attempt, by_number: Mapping[int, Attempt]) -> list[int]:
    """Numbers of the attempts that led to this one, the first one first."""
    chain, at = [attempt.number], int(attempt.result.get("parent", 0))
    while at in by_number and at not in chain:
        chain.append(at)
        at = int(by_number[at].result.get("parent", 0))
    return chain[::-1]


def _why_ended(state: CycleState) -> str:
    """Why no further round was made, in words."""
    if state.get("ended"):
        return state["ended"]
    score = state.get("scores", {}).get(str(state["best"]))
    return f"after {state['round']} rounds" + (f", select score {score:.3f}" if score is not None else "")


def _versions(services: Services) -> dict[str, str]:
    """What the run can be made again with, beside seed and models."""
    book = canonical_json(services.rulebook.model_dump(mode="json"))
    return {
        "promptkeeper": version("promptkeeper"),
        "rulebook": "sha256:" + hashlib.sha256(book.encode()).hexdigest(),
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
