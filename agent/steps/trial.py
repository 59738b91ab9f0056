"""test: candidates race on `select`; when the search ends the winner, pruned, alone opens the `gate`."""

from collections.abc import Collection

from agent.briefing import best_content
from agent.evidence import judged, learn_items
from agent.search.attempts import attempts_of
from agent.search.gate import open_gate
from agent.search.pruning import prune
from agent.search.racing import race
from agent.services import Services
from agent.state import CycleState
from library.runs import Attempt, StopReason
from policies.harvest import evenly
from policies.racing import within_reach

WITNESSES = 18  # learn items that are asked before a target counts as reached that is not quite met
LEAST_FLAT = 2  # rounds without gain, something tested in each, after which more of them promise little


async def trial(state: CycleState, services: Services) -> CycleState:
    """Race this round's candidates; go on, open the gate with the winner, or stop."""
    raced = {} if state.get("ended") else await race(state, services)
    now: CycleState = {**state, **raced}
    if not _done(now, services) and not await _reached(now, services):
        return raced
    if now.get("best", 0) == 0:
        reason, detail = await _why_nothing(services, now)
        return {**raced, "stop": {"reason": reason, "detail": detail}}
    best = await prune(now, services)
    return {**raced, "best": best, **await open_gate(now, services, best)}


def _done(state: CycleState, services: Services) -> bool:
    """Whether the search ends: nothing more is written, the target is met, rounds or patience are used up."""
    rules = services.rulebook.search
    most = min(state.get("rounds") or rules.max_rounds, rules.max_rounds)
    score = state.get("scores", {}).get(str(state.get("best", 0)), 0.0)
    return (
        bool(state.get("ended"))
        or score >= rules.target
        or state["round"] >= most
        or state.get("flat_rounds", 0) >= rules.patience
    )


async def _reached(state: CycleState, services: Services) -> bool:
    """Whether the best so far falls so little short of the target that chance may be all there is to it.

    Select items alone would flatter: of several candidates the luckiest leads. So some learn items have a say.
    """
    rules, name = services.rulebook.search, state["prompt"]
    score, items = state.get("scores", {}).get(str(state.get("best", 0)), 0.0), len(state.get("race", ()))
    if not within_reach(score, items, target=rules.target, confidence=rules.race_confidence):
        return False
    learn = await learn_items(services, name, state.get("incident_id"), state.get("dataset", ""))
    some = evenly(learn, WITNESSES)
    wrong, right = await judged(services, name, await best_content(services, state), some)
    asked = items + len(wrong) + len(right)
    both = (score * items + sum(e.score for e in (*wrong, *right))) / asked
    return within_reach(both, asked, target=rules.target, confidence=rules.race_confidence)


async def _why_nothing(services: Services, state: CycleState) -> tuple[StopReason, str]:
    flat = state.get("flat_rounds", 0)
    attempts: Collection[Attempt] = (await attempts_of(services, state)).values()
    if attempts and all(a.state == "blocked" for a in attempts):
        last = max(attempts, key=lambda a: a.number)
        return "guardrails_refuse", f"guardrails refused all {len(attempts)} candidates; the last: {last.reason}"
    if attempts and all(a.state in {"duplicate", "blocked"} for a in attempts):
        return "only_duplicates", f"all {len(attempts)} candidates repeat what was tried before or were refused"
    score, rules = state.get("scores", {}).get("0", 0.0), services.rulebook.search
    items = len(state.get("race", ()))
    if within_reach(score, items, target=rules.target, confidence=rules.race_confidence):
        return (
            "converged",
            f"the live version is right on {score:.1%} of {items} select items; what is left may be chance",
        )
    tested = sum(a.state == "tested" for a in attempts)
    if flat >= LEAST_FLAT and {a.round for a in attempts if a.state == "tested"} == set(range(1, state["round"] + 1)):
        return "converged", f"in {flat} rounds none of {tested} tested candidates was better on the select items"
    if not attempts:
        return "no_better_candidate", state.get("ended") or "nothing was written"
    return "no_better_candidate", f"none of {tested} tested candidates was better on the select items"
