"""test: candidates race on `select`; when the search ends the winner alone opens the `gate`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.briefing import base_version, best_content
from agent.evidence import gate_items, measure, select_items
from agent.services import Services, in_thread
from agent.state import CycleState
from library.datasets import Item
from library.runs import Attempt, AttemptState, StopReason
from policies.acceptance import Pair, broken_anchors, compare, golden_loss, to_json
from policies.approval import admit
from policies.verdict import Verdict
from tools.evaluation import Outcome

EXAMPLES_IN_PACKET = 8


async def trial(state: CycleState, services: Services) -> CycleState:
    """Race this round's candidates; go on, open the gate with the winner, or stop."""
    raced = await _race(state, services)
    rules = services.rulebook.search
    best = raced["best"]
    done = (
        raced["scores"].get(str(best), 0.0) >= rules.target
        or state["round"] >= rules.max_rounds
        or raced["flat_rounds"] >= rules.patience
    )
    if not done:
        return raced
    if best == 0:
        reason, detail = await _why_nothing(services, state)
        return {**raced, "stop": {"reason": reason, "detail": detail}}
    return {**raced, **await _gate({**state, **raced}, services, best)}


async def _race(state: CycleState, services: Services) -> CycleState:
    items = await select_items(services, state["prompt"], state.get("incident_id"))
    best, scores = state.get("best", 0), dict(state.get("scores") or {})
    attempts = await _attempts(services, state)
    live = await measure(
        services, state["prompt"], await best_content(services, state), items, "testing the best so far"
    )
    scores[str(best)] = _mean(live)
    lead, leader = 0.0, best
    for number in state["candidates"]:
        attempt = attempts[number]
        outcomes = await measure(
            services, state["prompt"], attempt.content, items, f"round {state['round']}: testing attempt {number}"
        )
        scores[str(number)] = _mean(outcomes)
        comparison = compare(_pairs(items, live, outcomes), services.rulebook.acceptance, seed=state["seed"])
        total = comparison.gain * comparison.n
        await _note(services, attempt, "tested", f"select {comparison.reason}", to_json(comparison))
        if total > max(lead, services.rulebook.search.min_gain_items - 1e-9):
            lead, leader = total, number
    flat = 0 if leader != best else state.get("flat_rounds", 0) + 1
    return {"best": leader, "flat_rounds": flat, "scores": scores}


async def _gate(state: CycleState, services: Services, best: int) -> CycleState:
    gate = await gate_items(services, state["prompt"], state.get("incident_id"))
    attempt = (await _attempts(services, state))[best]
    base = (await base_version(services, state)).content
    services.progress(f"opening the gate with attempt {best}")
    sides: list[list[Pair]] = []
    outcomes: list[tuple[list[Outcome], list[Outcome]]] = []
    for items, what in ((gate.evidence, "gate"), (gate.golden, "golden items"), (gate.anchors, "anchors")):
        live = await measure(services, state["prompt"], base, items, f"{what}: live version")
        mine = await measure(services, state["prompt"], attempt.content, items, f"{what}: attempt {best}")
        sides.append(_pairs(items, live, mine))
        outcomes.append((live, mine))
    rules = services.rulebook.acceptance
    comparison = compare(sides[0], rules, seed=state["seed"])
    broken, loss = broken_anchors(sides[2]), golden_loss(sides[1], rules)
    golden = compare(sides[1], rules, seed=state["seed"])
    verdict = _recorded_verdict(attempt)
    admission = admit(verdict=verdict, comparison=comparison, broken_anchors=broken, golden_loss=loss)
    result = {
        "gate": to_json(comparison),
        "golden": to_json(golden),
        "broken_anchors": list(broken),
        "anchors": len(gate.anchors),
        "examples": _examples(gate.evidence, *outcomes[0]),
        "admission": admission.reason,
    }
    kind: AttemptState = "tested" if admission.admitted else "failed_gate"
    await _note(services, attempt, kind, admission.reason, result)
    if admission.admitted:
        return {"accepted": True}
    return {"accepted": False, "stop": {"reason": "not_proven", "detail": admission.reason}}


def _recorded_verdict(attempt: Attempt) -> Verdict | None:
    # The digests in the attempt say what was checked; the proposal step checks the very content once more.
    decision = attempt.result.get("decision")
    if decision not in {"allow", "flag", "block"}:
        return None
    return Verdict(
        decision=decision,
        findings=(),
        checked=(),
        policy_digest=str(attempt.result.get("policy_digest", "")),
        current_digest="",
        candidate_digest=attempt.content_hash,
    )


async def _why_nothing(services: Services, state: CycleState) -> tuple[StopReason, str]:
    attempts = list((await _attempts(services, state)).values())
    if attempts and all(a.state == "blocked" for a in attempts):
        return (
            "guardrails_refuse",
            f"guardrails refused all {len(attempts)} candidates; the last: {attempts[-1].reason}",
        )
    if attempts and all(a.state in {"duplicate", "blocked"} for a in attempts):
        return "only_duplicates", f"all {len(attempts)} candidates repeat what was tried before or were refused"
    tested = sum(a.state == "tested" for a in attempts)
    return "no_better_candidate", f"none of {tested} tested candidates was better on the select items"


async def _attempts(services: Services, state: CycleState) -> dict[int, Attempt]:
    stored = await in_thread(services.library.runs.attempts, run_id=state["run_id"])
    return {a.number: a for a in stored}


async def _note(
    services: Services, attempt: Attempt, kind: AttemptState, reason: str, result: Mapping[str, object]
) -> None:
    stored = (await in_thread(services.library.runs.attempts, run_id=attempt.run_id))[attempt.number - 1 :]
    now = next((a for a in stored if a.number == attempt.number), attempt)
    changed = replace(now, state=kind, reason=reason, result={**now.result, **result})
    await in_thread(services.library.runs.save_attempt, services.held(), changed)


def _pairs(items: Sequence[Item], live: Sequence[Outcome], mine: Sequence[Outcome]) -> list[Pair]:
    return [
        Pair(item_id=item.id, segment=item.segment, baseline=a.score, candidate=b.score)
        for item, a, b in zip(items, live, mine, strict=True)
    ]


def _mean(outcomes: Sequence[Outcome]) -> float:
    scores = [o.score for o in outcomes if o.score is not None]
    return math.fsum(scores) / len(scores) if scores else 0.0


def _examples(items: Sequence[Item], live: Sequence[Outcome], mine: Sequence[Outcome]) -> list[dict[str, object]]:
    """Broken items first (a reviewer must see them all, up to the cap), then fixed ones, outputs side by side."""
    shown: list[dict[str, object]] = []
    for item, a, b in zip(items, live, mine, strict=True):
        if a.score is None or b.score is None or a.score == b.score:
            continue
        shown.append(
            {
                "item_id": item.id,
                "trace_id": item.trace_id,
                "change": "fixed" if b.score > a.score else "broken",
                "inputs": dict(item.inputs),
                "expected": item.expected,
                "before": a.output,
                "after": b.output,
            }
        )
    broken = [e for e in shown if e["change"] == "broken"]
    fixed = [e for e in shown if e["change"] == "fixed"]
    return [*broken[:EXAMPLES_IN_PACKET], *fixed[:EXAMPLES_IN_PACKET]]
