"""hypothesize: ask the teacher why the student fails, on learn items only."""

from collections.abc import Sequence
from typing import Any

from agent.briefing import brief
from agent.consult import consult
from agent.services import Services
from agent.state import CycleState
from agent.teacher.request import Limits, build_request
from tools.errors import ProviderError

MOST = 6
FIELD = 400  # characters kept of each part of a hypothesis


async def hypothesize(state: CycleState, services: Services) -> CycleState:
    """Open a round with hypotheses; a claim that cites no shown example is kept, but last and marked as uncited."""
    turn = state.get("round", 0) + 1
    services.progress(f"round {turn}: asking why it fails")
    briefing = await brief(services, state, turn)
    rules = services.rulebook.teacher
    messages = build_request(
        briefing, "hypotheses", Limits(field=rules.field_characters, request=rules.request_characters)
    )
    try:
        answer = await consult(services, messages, {"hypotheses": list}, turn=turn)
    except ProviderError as error:
        return {"round": turn, "stop": {"reason": "teacher_down", "detail": str(error)}}
    shown = {e.item.id for e in briefing.failing}
    return {"round": turn, "hypotheses": _ranked(answer["hypotheses"], shown)}


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
