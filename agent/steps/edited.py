"""edited: a person's own text is held against guardrails and the gate like any other; no model writes anything."""

import json

from agent.briefing import base_version
from agent.evidence import gate_items, select_items, tellable_items
from agent.guarding import guard, held_against
from agent.search.gate import open_gate
from agent.services import Services, in_thread
from agent.state import CycleState
from library.prompts import Content
from library.runs import Attempt
from library.templates import validate_content
from policies.verdict import Verdict

STRATEGY = "by hand"


async def edited(state: CycleState, services: Services) -> CycleState:
    """Test the text that a person wrote instead of a proposal's; accepted, or a stop that says what was not shown."""
    run = await in_thread(services.library.runs.get, state["run_id"])
    content = Content.from_json(json.loads(run.options.draft))
    validate_content(content, "the edited text")
    opening = await _opening(state, services)
    verdict = await _verdict({**state, **opening}, services, content)
    attempt = _attempt(state, services, content, verdict, run.options.author)
    await in_thread(services.library.runs.save_attempt, services.held(), attempt)
    if verdict.decision == "block":
        return {**opening, "stop": {"reason": "guardrails_refuse", "detail": attempt.reason}}
    return {**opening, **await open_gate({**state, **opening}, services, 1)}


async def _opening(state: CycleState, services: Services) -> CycleState:
    """The state as a search would leave it, with incident and diagnosis of the proposal that was edited."""
    waiting = await in_thread(services.library.proposals.list, state="pending", prompt=state["prompt"])
    return {
        "incident_id": waiting[0].incident_id if waiting else None,
        "diagnosis": dict(waiting[0].packet.get("diagnosis", {})) if waiting else {},
        "round": 1,
        "best": 1,
        "scores": {},
        "race": [],
        "ended": "a person's text, no search",
    }


async def _verdict(state: CycleState, services: Services, content: Content) -> Verdict:
    name, incident = state["prompt"], state.get("incident_id")
    gate = await gate_items(services, name, incident)
    hidden = (*await select_items(services, name, incident), *gate.evidence, *gate.golden, *gate.anchors)
    base = await base_version(services, state)
    subject = held_against(base.content, content, hidden, await tellable_items(services, name))
    return await guard(services, subject, await in_thread(services.policy_for, name), seed=state["seed"])


def _attempt(state: CycleState, services: Services, content: Content, verdict: Verdict, author: str) -> Attempt:
    blocking = next((f for f in verdict.findings if f.severity == "block"), None)
    return Attempt(
        run_id=state["run_id"],
        number=1,
        round=1,
        prompt=state["prompt"],
        strategy=STRATEGY,
        hypothesis=f"{author} edited the proposal",
        content=content,
        content_hash=content.hash,
        state="drafted" if blocking is None else "blocked",
        reason="" if blocking is None else f"{blocking.policy}: {blocking.message}",
        result={
            "policy_digest": verdict.policy_digest,
            "decision": verdict.decision,
            "author": author,
            "parent": 0,
        },
        created_at=services.now(),
    )
