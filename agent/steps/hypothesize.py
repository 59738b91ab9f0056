"""hypothesize: what still fails, and why; on learn items only."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from agent.appetite import appetite_of
from agent.briefing import best_content, brief
from agent.consult import consult
from agent.evidence import learn_items
from agent.examination import flat, kinds_of
from agent.judge_trust import judge_agreement, too_noisy
from agent.search.looking import look
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.strategies.portfolio import strategy
from agent.teacher.request import Briefing, Example, Limits, build_request
from library.datasets import Item
from library.prompts import Content
from policies.agreement import Trust
from policies.kinds import Case
from policies.rulebook import DiagnosisRules
from tools.errors import ProviderError

MOST = 6
FIELD = 400  # characters kept of each part of a hypothesis


Agreement = Callable[[Services, str, Content, Sequence[Item]], Awaitable[Trust | None]]


async def hypothesize(state: CycleState, services: Services, agreement: Agreement = judge_agreement) -> CycleState:
    """Open a round with hypotheses. agreement: how far a judge behind the metric agrees with itself.

    Strategies that reason about them get the teacher's own; a claim that cites no shown example is kept, but last and
    marked as uncited. For the others the kinds of failure are computed, which costs nothing.
    """
    turn = state.get("round", 0) + 1
    services.progress(f"round {turn}: asking why it fails")
    found = await look(state, services)
    opened: CycleState = {"round": turn, "look": found}
    if not found["failing"]:
        return {**opened, "hypotheses": [], "ended": "no learn item fails any more"}
    noisy = too_noisy(await _agreement(state, services, found, agreement)) if turn == 1 else None
    if noisy is not None:
        return {**opened, "hypotheses": [], "stop": noisy}
    appetite = appetite_of(services)
    briefing = await brief(services, {**state, **opened}, turn)
    if not any(strategy(name).reasons for name in appetite.strategies):
        kinds = await in_thread(_computed, briefing, services.rulebook.diagnosis)
        return {**opened, "hypotheses": kinds}
    limits = Limits(field=services.rulebook.teacher.field_characters, request=appetite.request)
    try:
        answer = await consult(services, build_request(briefing, "hypotheses", limits), {"hypotheses": list}, turn=turn)
    except ProviderError as error:
        if state.get("best", 0):
            return {**opened, "hypotheses": [], "ended": f"the teacher is down: {error}"}
        return {**opened, "stop": {"reason": "teacher_down", "detail": str(error)}}
    shown = {e.item.id for e in briefing.failing}
    return {**opened, "hypotheses": _ranked(answer["hypotheses"], shown)}


async def _agreement(
    state: CycleState, services: Services, found: Mapping[str, Any], agreement: Agreement
) -> Trust | None:
    """Whether a judge behind the metric agrees with itself about the learn items that were just run."""
    ran = {*found["failing"], *found["passing"]}
    items = await learn_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    content = await best_content(services, state)
    return await agreement(services, state["prompt"], content, [i for i in items if i.id in ran])


def _computed(briefing: Briefing, rules: DiagnosisRules) -> list[dict[str, Any]]:
    """The kinds of failure among the shown examples, the largest first."""
    failing, passing = ([_case(e) for e in shown] for shown in (briefing.failing, briefing.passing))
    kinds = kinds_of(failing, passing, (), rules)
    return [
        {"name": kind.name[:FIELD], "cause": "", "fix": "", "evidence": list(kind.case_ids), "cited": True}
        for kind in kinds
    ][:MOST]


def _case(example: Example) -> Case:
    return Case(
        id=example.item.id,
        text=flat(example.item.inputs.values()),
        expected=example.item.expected,
        actual=example.actual,
        segment=example.item.segment or "other",
        lost=1 - example.score,
        reason=example.reason,
    )


def _ranked(said: Sequence[object], shown: set[str]) -> list[dict[str, Any]]:
    hypotheses = []
    for entry in said:
        parts = entry if isinstance(entry, dict) else {"cause": str(entry)}
        named = parts.get("evidence")
        cited = [str(i) for i in (named if isinstance(named, list) else [])]
        evidence = [i for i in cited if i in shown]
        words = {key: " ".join(str(parts.get(key, "")).split())[:FIELD] for key in ("name", "cause", "fix")}
        if words["cause"] or words["name"]:
            hypotheses.append({**words, "evidence": evidence, "cited": bool(evidence)})
    return sorted(hypotheses, key=lambda h: not h["cited"])[:MOST]
