"""test: candidates race on `select`; when the search ends the winner, pruned, alone opens the `gate`."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from agent.briefing import best_content
from agent.evidence import learn_items, measure, select_items
from agent.search.attempts import MENDED, PRUNED, RETRACTED, attempts_of
from agent.search.gate import open_gate
from agent.search.looking import worth_running
from agent.search.pruning import prune
from agent.search.racing import race
from agent.search.reserve import scarce
from agent.search.siblings import EVERYTHING, MERGED, RESTORED
from agent.search.steadiness import lasting_score
from agent.services import Services
from agent.state import CycleState
from library.datasets import Item
from library.prompts import Content
from library.runs import Attempt, StopReason
from policies.harvest import evenly
from policies.racing import within_reach

QUOTED = re.compile(r"'([^']+)' (?:is missing|became)")
MADE = frozenset({RESTORED, MERGED, EVERYTHING, MENDED, RETRACTED, PRUNED})  # strategies that are not a teacher's
WITNESSES = 24  # learn items that are asked before a target counts as reached
LEAST_FLAT = 2  # rounds without gain, something tested in each, after which more of them promise little


async def trial(state: CycleState, services: Services) -> CycleState:
    """Race this round's candidates; go on, open the gate with the winner, or stop."""
    raced = {} if state.get("ended") else await race(state, services)
    now: CycleState = {**state, **raced}
    if not _done(now, services):
        reached, asked = await _reached(now, services)
        look = now.get("look")
        if look is not None:
            raced["look"] = now["look"] = {**look, "seen": list(dict.fromkeys([*look.get("seen", ()), *asked]))}
        if not reached:
            return raced
    if now.get("best", 0) == 0:
        reason, detail = await _why_nothing(services, now)
        return {**raced, "stop": {"reason": reason, "detail": detail}}
    best = await prune(now, services)
    return {**raced, "best": best, **await open_gate(now, services, best)}


def _done(state: CycleState, services: Services) -> bool:
    """Whether the search ends whatever was reached: nothing more is written, rounds or patience are used up."""
    rules = services.rulebook.search
    most = min(state.get("rounds") or rules.max_rounds, rules.max_rounds)
    return bool(state.get("ended")) or state["round"] >= most or state.get("flat_rounds", 0) >= rules.patience


async def _reached(state: CycleState, services: Services) -> tuple[bool, list[str]]:
    """Whether the best so far is at the target, or falls so little short of it that chance may be all there is to it.

    Select items alone would flatter: of several candidates the luckiest leads, and a rare kind of failure may not be
    among them. So learn items have a say, those first that tell most; the next look would run them anyway. Where the
    gate needs every item that nothing has looked at, those that were run before. Also the ids of the learn items asked.
    """
    rules, name = services.rulebook.search, state["prompt"]
    content, raced = await best_content(services, state), await _raced(services, state)
    score, items = await _lasting(services, name, content, raced)
    if not within_reach(score, items, target=rules.target, confidence=rules.race_confidence):
        return False, []
    learn = await learn_items(services, name, state.get("incident_id"), state.get("dataset", ""))
    known = state.get("look")
    some = worth_running(learn, known)[:WITNESSES] if known else evenly(learn, WITNESSES)
    begun = raced[: rules.race_items]
    if known and state.get("best", 0) and await scarce(state, services, content, begun):
        some = sorted(learn, key=lambda i: i.id not in set(known.get("seen", ())))[:WITNESSES]
    told, asked = await _lasting(services, name, content, some)
    both = (score * items + told * asked) / (items + asked)
    reached = within_reach(both, items + asked, target=rules.target, confidence=rules.race_confidence)
    return reached, [i.id for i in some]


async def _raced(services: Services, state: CycleState) -> list[Item]:
    """The select items that the best so far was run on, in the order of the race."""
    found = await select_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    by_id = {i.id: i for i in found}
    return [by_id[i] for i in state.get("race", ()) if i in by_id]


async def _lasting(services: Services, name: str, content: Content, items: Sequence[Item]) -> tuple[float, int]:
    """The score of items under a content without failures by chance, and how many of them have one."""
    outcomes = await measure(services, name, content, items, "asking whether the target is met")
    scores = {o.item_id: o.score for o in outcomes}
    score = await lasting_score(services, name, content, items, scores)
    return score, sum(s is not None for s in scores.values())


async def _why_nothing(services: Services, state: CycleState) -> tuple[StopReason, str]:
    flat = state.get("flat_rounds", 0)
    attempts: Collection[Attempt] = (await attempts_of(services, state)).values()
    if attempts and all(a.state == "blocked" for a in attempts):
        last = max(attempts, key=lambda a: a.number)
        return "guardrails_refuse", f"guardrails refused all {len(attempts)} candidates; the last: {last.reason}"
    if (held := _held_up(attempts)) is not None:
        return "guardrails_refuse", held
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
    said = f"none of {tested} tested candidates was better on the select items"
    return "no_better_candidate", said if attempts else state.get("ended") or "nothing was written"


def _held_up(attempts: Collection[Attempt]) -> str | None:
    """The approved clause that most of what was written wanted to change and guardrails kept, said for a person."""
    written = [a for a in attempts if a.strategy not in MADE]
    kept = Counter(quoted[1] for a in written if a.state == "blocked" and (quoted := QUOTED.search(a.reason)))
    clause, count = max(kept.items(), key=lambda k: k[1], default=("", 0))
    if 2 * count <= len(written):
        return None
    said = (
        f"guardrails kept the approved clause '{clause}', which {count} of {len(written)} candidates wanted to change"
    )
    return f"{said}; if it is wrong, a person has to change it"
