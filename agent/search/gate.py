"""The gate: the winner alone against the live version on items that nobody has looked at, once.

Where the gate items are too few for the gain that the race promises, items of other roles that are as unseen join them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.briefing import base_version
from agent.evidence import GateItems, gate_items, measure, select_items
from agent.judging import panel_for
from agent.search.attempts import PRUNED, attempts_of, note
from agent.search.reserve import SURE, available, reserve
from agent.services import Services, in_thread
from agent.state import CycleState
from library.datasets import Item
from library.runs import Attempt, AttemptState
from policies.acceptance import Pair, broken_anchors, compare, golden_loss, to_json
from policies.approval import admit
from policies.gate_terms import GateTerms, gate_terms
from policies.protected_metrics import ProtectedMetric, protected_metrics
from policies.verdict import Verdict
from tools.evaluation import Outcome
from tools.metrics.shape import that_count

LEAST_TURN, MOST_TURNS = 20, 4
"""The gate's items are run in turns: both prompts on a part of them, then on the next part."""
EXAMPLES_IN_PACKET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Items of one kind under both prompts, outcomes in the order of the items."""

    items: Sequence[Item]
    live: Sequence[Outcome]
    mine: Sequence[Outcome]

    def pairs(self, metric: str | None = None) -> list[Pair]:
        """The scores that count in pairs, or those of one metric."""
        return [
            Pair(
                item_id=item.id,
                segment=item.segment,
                baseline=a.score if metric is None else a.scores.get(metric),
                candidate=b.score if metric is None else b.scores.get(metric),
                group=item.group or None,
            )
            for item, a, b in zip(self.items, self.live, self.mine, strict=True)
        ]


async def open_gate(state: CycleState, services: Services, best: int) -> CycleState:
    """Hold the winner against the live version; accepted, or a stop that says what was not shown."""
    gate = await gate_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    attempt = (await attempts_of(services, state))[best]
    terms = await _terms(state, services, gate, attempt)
    more: list[Item] = []
    if terms.cautious < SURE and await available(state, services):
        more = await reserve(state, services)
        gate = replace(gate, evidence=(*gate.evidence, *more))
        terms = await _terms(state, services, gate, attempt)
    services.progress(f"opening the gate with attempt {best}: {'; '.join(terms.sentences)}")
    evidence, golden, anchors = [
        await _side(state, services, attempt, items, what)
        for items, what in ((gate.evidence, "gate"), (gate.golden, "golden items"), (gate.anchors, "anchors"))
    ]
    rules = services.rulebook.acceptance
    comparison = compare(evidence.pairs(), rules, seed=state["seed"], alpha=terms.grant.alpha)
    broken, loss = broken_anchors(anchors.pairs()), golden_loss(golden.pairs(), rules)
    protected = await _protected(state, services, evidence)
    admission = admit(
        verdict=_recorded_verdict(attempt),
        comparison=comparison,
        broken_anchors=broken,
        golden_loss=loss,
        protected=protected,
    )
    result = {
        "gate": to_json(comparison),
        "gate_sample": list(terms.sample),
        "gate_reserve": len(more),
        "gate_terms": terms.to_json(),
        "golden": to_json(compare(golden.pairs(), rules, seed=state["seed"])),
        "protected": [{"metric": p.metric, "state": p.state, "reason": p.reason} for p in protected],
        "broken_anchors": list(broken),
        "anchors": len(gate.anchors),
        "examples": _examples(evidence),
        "use": _use(evidence),
        "admission": admission.reason,
    }
    kind: AttemptState = "tested" if admission.admitted else "failed_gate"
    await note(services, attempt, kind, admission.reason, result)
    if admission.admitted:
        return {"accepted": True}
    return {"accepted": False, "stop": {"reason": "not_proven", "detail": admission.reason}}


async def _terms(state: CycleState, services: Services, gate: GateItems, attempt: Attempt) -> GateTerms:
    """How sure the gate must be and what it can show; from earlier runs and from items that are paid for already."""
    past = await in_thread(services.library.runs.attempts, prompt=state["prompt"])
    # A pruned winner was not run on all of them; what it was made of was.
    stem = (await attempts_of(services, state))[attempt.result["of"]] if attempt.strategy == PRUNED else attempt
    raced = await _raced(state, services, stem)
    return gate_terms(
        [(a.created_at, a.result) for a in past if a.run_id != state["run_id"]],
        items=[(i.id, i.group or None) for i in gate.evidence],
        select=raced.pairs(),
        rules=services.rulebook.acceptance,
    )


async def _raced(state: CycleState, services: Services, attempt: Attempt) -> Side:
    """The live version and the winner on the select items that both were run on when the race began."""
    items = await select_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    begun = set(state.get("race", [])[: services.rulebook.search.race_items])
    return await _side(state, services, attempt, [i for i in items if i.id in begun], "what the race has shown")


async def _side(state: CycleState, services: Services, attempt: Attempt, items: Sequence[Item], what: str) -> Side:
    """Both prompts on the items, in turns, so that whatever changes at the provider meanwhile changes for both."""
    base = (await base_version(services, state)).content
    live: list[Outcome] = []
    mine: list[Outcome] = []
    size = max(LEAST_TURN, -(-len(items) // MOST_TURNS))
    for at in range(0, len(items), size):
        part = items[at : at + size]
        live += await measure(services, state["prompt"], base, part, f"{what}: live version")
        mine += await measure(services, state["prompt"], attempt.content, part, f"{what}: attempt {attempt.number}")
    return Side(items=items, live=live, mine=mine)


async def _protected(state: CycleState, services: Services, side: Side) -> tuple[ProtectedMetric, ...]:
    """The metrics that may not get worse, each on its own."""
    prompt = await in_thread(services.library.prompts.get, state["prompt"])
    panel = panel_for(services, prompt, that_count(prompt.metrics), scope=services.scope, caps=services.caps)
    pairs = {name: side.pairs(name) for name in sorted(panel.protected)}
    return protected_metrics(pairs, services.rulebook.acceptance, seed=state["seed"])


def _use(side: Side) -> dict[str, dict[str, float | None]]:
    """Tokens and US dollars per 1,000 calls of both prompts, from the calls of the gate; None where unknown."""
    said = {}
    for name, outcomes in (("live", side.live), ("candidate", side.mine)):
        answered = [o for o in outcomes if o.score is not None]
        costs = [o.cost for o in answered if o.cost is not None]
        said[name] = {
            "tokens_in": _per_1000([o.tokens_in for o in answered]),
            "tokens_out": _per_1000([o.tokens_out for o in answered]),
            "usd": _per_1000(costs) if len(costs) == len(answered) else None,
        }
    return said


def _per_1000(values: Sequence[float]) -> float | None:
    return round(1_000 * sum(values) / len(values), 6) if values else None


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


def _examples(side: Side) -> list[dict[str, object]]:
    """Broken items first (a reviewer must see them all, up to the cap), then fixed ones, outputs side by side."""
    shown: list[dict[str, object]] = []
    for item, a, b in zip(side.items, side.live, side.mine, strict=True):
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
