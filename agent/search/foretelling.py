"""What the writer of a winner said it would repair, held against what it did repair."""

from collections.abc import Sequence
from typing import Any

from agent.briefing import base_version
from agent.evidence import judged, learn_items
from agent.search.attempts import PRUNED
from agent.services import Services
from agent.state import CycleState
from library.errors import BudgetSpent, Outage
from library.runs import Attempt
from policies.foresight import score_prediction

MOST = 24  # learn items that the winner is run on for this, at the most


async def foretold(
    state: CycleState, services: Services, attempt: Attempt, attempts: Sequence[Attempt]
) -> dict[str, Any]:
    """Counts of `policies.foresight.Prediction` with precision and recall, over learn items that the winner's parent
    failed; empty where nothing was predicted, and where these items can no longer be run: it is no reason to lose a
    winner.
    """
    by_number = {a.number: a for a in attempts}
    stem = by_number[attempt.result["of"]] if attempt.strategy == PRUNED else attempt
    number, look = int(stem.result.get("parent", 0)), state.get("look") or {}
    parent = by_number[number].content if number else (await base_version(services, state)).content
    named = list(stem.result.get("predicted_fixed", ()))
    failing = look.get("failing", []) if look.get("best") == number else []
    items = await learn_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    known = {i.id: i for i in items}
    asked = [known[i] for i in dict.fromkeys([*named, *failing]) if i in known][:MOST]
    if not named:
        return {}
    try:
        wrong, _ = await judged(services, state["prompt"], parent, asked)
        _, right = await judged(services, state["prompt"], attempt.content, asked)
    except (BudgetSpent, Outage):
        return {}
    told = [i for i in named if i not in known or known[i] in asked]
    found = score_prediction(told, failing=[e.item.id for e in wrong], fixed=[e.item.id for e in right])
    return {
        "predicted": found.predicted,
        "hits": found.hits,
        "fixed": found.fixed,
        "failing": found.failing,
        "precision": found.precision,
        "recall": found.recall,
    }
