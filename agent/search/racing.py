"""The race: candidates against the best so far, in pairs on identical select items, no further than it takes.

After the racing of Maron and Moore, "Hoeffding Races" (1994), with exact paired bounds: a challenger is run first on
what the leader fails, because only there can it gain; it is out as soon as perfect answers to all the rest would not
help, and ahead once the bound of its gain is above zero. The numbers steer the search only; the gate proves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.appetite import free_student
from agent.briefing import best_content
from agent.evidence import measure, select_items
from agent.search.attempts import attempts_of, note
from agent.search.mending import mended
from agent.search.siblings import EVERYTHING, MERGED
from agent.services import Services
from agent.state import CycleState
from library.datasets import Item
from library.prompts import Content
from library.runs import Attempt
from policies.acceptance import Pair, compare, to_json
from policies.racing import Call, call, most_to_gain, shuffled, standing, within_reach

PART = 12  # items after which a challenger is looked at again

Scores = dict[str, float | None]


@dataclass(slots=True, kw_only=True)
class Race:
    """A race under way. order: the select items; used: how many of them are open; lead: the leader's scores on these.

    leader: number of the attempt, 0 for the live version; content: its prompt. clear: somebody won beyond doubt.
    """

    services: Services
    state: CycleState
    order: tuple[Item, ...]
    used: int
    leader: int
    content: Content
    lead: Scores = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    clear: bool = False

    @property
    def open(self) -> tuple[Item, ...]:
        """The items of the race as far as it has been opened."""
        return self.order[: self.used]

    @property
    def reached(self) -> bool:
        """Whether the leader is at the target on the open items, as far as chance lets one see."""
        rules = self.services.rulebook.search
        score = self.scores[str(self.leader)]
        return within_reach(score, self.used, target=rules.target, confidence=rules.race_confidence)

    async def widen(self, items: int) -> None:
        """Open up to that many items and run the leader on them."""
        self.used = min(max(self.used, items), len(self.order))
        self.lead = await self.run(self.content, self.open, "testing the best so far")
        self.scores[str(self.leader)] = _mean(self.lead)

    async def run(self, content: Content, items: Sequence[Item], what: str) -> Scores:
        """Scores of a prompt by item; what was run before is in the ledger."""
        outcomes = await measure(self.services, self.state["prompt"], content, items, what)
        return {o.item_id: o.score for o in outcomes}


async def race(state: CycleState, services: Services) -> CycleState:
    """Race this round's candidates; the winner is the new best."""
    running = await _started(state, services)
    first, second, rest = await _contenders(state, services)
    before, entered = running.leader, list[Attempt]()
    for some in (first, rest, second):
        # The union of everything is run only where nothing else gained, or where running it costs nothing.
        if some is second and running.leader != before and not free_student(services):
            continue
        for attempt in some:
            await _run(running, attempt)
        entered += some
    last = state.get("flat_rounds", 0) + 1 >= services.rulebook.search.patience
    if running.leader == before and entered and last and running.used < len(running.order):
        # Before the search ends for lack of gain: what was repaired may lie where none has looked yet.
        await running.widen(len(running.order))
        for attempt in entered:
            await _challenge(running, attempt)
    if running.reached:
        # A target is reached on all items or not at all.
        await running.widen(len(running.order))
    await _say_what_was_left_out(running, entered)
    # A winner whose gain chance may explain leads from now on, but it does not make good for the rounds before.
    flat = 0 if running.clear else state.get("flat_rounds", 0) + (running.leader == before)
    return {
        "best": running.leader,
        "flat_rounds": flat,
        "scores": running.scores,
        "race": [i.id for i in running.open],
    }


async def _run(running: Race, attempt: Attempt) -> None:
    """Run a challenger; where it breaks something, once more without what breaks it."""
    parent, lead = running.content, running.lead
    before = running.leader
    mine = await _challenge(running, attempt)
    broken = [i for i in running.open if i.id in mine and (mine[i.id] or 0.0) < (lead.get(i.id) or 0.0)]
    repaired = any((mine.get(i.id) or 0.0) > (lead.get(i.id) or 0.0) for i in running.open)
    # A few broken items under a winner may be chance; under a loser that repairs something they decided.
    few = 1 if running.leader == before else 3
    if not repaired or len(broken) < few or not attempt.result.get("joins"):
        return
    cured = await mended(running.state, running.services, parent, attempt, broken, lead)
    if cured is not None:
        await _challenge(running, cured)


async def _started(state: CycleState, services: Services) -> Race:
    items = await select_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    by_id = {i.id: i for i in items}
    order = shuffled([(i.id, _stratum(i, items)) for i in items], state["seed"])
    # What costs nothing is run on everything at once.
    first = len(items) if free_student(services) else services.rulebook.search.race_items
    running = Race(
        services=services,
        state=state,
        order=tuple(by_id[i] for i in order),
        used=0,
        leader=state.get("best", 0),
        content=await best_content(services, state),
        scores=dict(state.get("scores") or {}),
    )
    await running.widen(max(first, len(state.get("race", ()))))
    return running


def _stratum(item: Item, items: Sequence[Item]) -> str:
    alike = sum(other.expected == item.expected for other in items)
    return f"{item.segment or ''}\x1f{item.expected if alike > 2 else ''}"


async def _contenders(state: CycleState, services: Services) -> tuple[list[Attempt], list[Attempt], list[Attempt]]:
    """Careful unions, unions of everything, and candidates that hold something beyond every union."""
    attempts = await attempts_of(services, state)
    runnable = {n: attempts[n] for n in state["candidates"]}
    careful, everything = _unions(attempts, state["round"])
    held = set[int]()
    if not free_student(services):
        held |= _held_by(careful) if careful and careful.number in runnable else set()
        held |= _held_by(everything) if everything and everything.number in runnable else set()
    rest = [a for n, a in runnable.items() if n not in held and a not in (careful, everything)]
    return (
        [careful] if careful and careful.number in runnable else [],
        [everything] if everything and everything.number in runnable and everything != careful else [],
        rest,
    )


def _unions(attempts: Mapping[int, Attempt], turn: int) -> tuple[Attempt | None, Attempt | None]:
    """The careful union of a round and that of everything; one that repeats a candidate makes it the union."""
    found: dict[str, Attempt] = {}
    for union in (a for a in attempts.values() if a.round == turn and "joins" in a.result):
        twin = attempts[union.result["repeats"]] if "repeats" in union.result else union
        found[union.strategy] = replace(twin, result={**twin.result, "joins": union.result["joins"]})
    return found.get(MERGED), found.get(EVERYTHING)


def _held_by(union: Attempt) -> set[int]:
    return {n for n in union.result["joins"] if n != union.number}


async def _say_what_was_left_out(running: Race, entered: Sequence[Attempt]) -> None:
    """Say of every candidate that was not run which one was run in its place."""
    attempts = await attempts_of(running.services, running.state)
    for number in running.state["candidates"]:
        attempt = attempts[number]
        if attempt.state != "drafted":
            continue
        union = next((u.number for u in entered if number in u.result.get("joins", ())), None)
        why = f"attempt {union} holds everything that it adds" if union else "a more careful union gained"
        await note(running.services, attempt, "drafted", f"not run by itself: {why}", {})


async def _challenge(running: Race, attempt: Attempt) -> Scores:
    """Run a challenger against the leader until it is out or ahead; then it leads. Its scores."""
    rules, what = running.services.rulebook.search, f"testing attempt {attempt.number}"
    mine: Scores = {}
    said: Call = "on"
    while said == "on":
        for part in _parts(running, mine):
            mine |= await running.run(attempt.content, part, what)
            if most_to_gain(running.lead, mine) < rules.min_gain_items - 1e-9 and _had_a_chance(running):
                said = "out"
                break
        if said == "on":
            now = standing(running.lead, mine, confidence=2 * rules.race_confidence - 1, seed=running.state["seed"])
            finished = running.used == len(running.order)
            ahead = most_to_gain(running.lead, mine) if finished else now.total + len(running.order) - running.used
            said = call(now, ahead=ahead, min_gain=rules.min_gain_items, finished=finished)
        if said == "on":
            await running.widen(running.used + PART)
    await _noted(running, attempt, mine)
    if said == "wins":
        running.clear |= now.low > 0
        running.leader, running.content, running.lead = attempt.number, attempt.content, mine
        running.scores[str(attempt.number)] = _mean(mine)
    return mine


def _parts(running: Race, mine: Mapping[str, float | None]) -> list[list[Item]]:
    """The open items that were not run yet: first those that the leader fails, then the others, part by part."""
    left = [i for i in running.open if i.id not in mine]
    failed = [i for i in left if (running.lead.get(i.id) or 0.0) < 1]
    passed = [i for i in left if (running.lead.get(i.id) or 0.0) >= 1]
    return [list(some[at : at + PART]) for some in (failed, passed) for at in range(0, len(some), PART)]


def _had_a_chance(running: Race) -> bool:
    """Whether there is anything to gain on the open items, or none left that could be opened."""
    return running.used == len(running.order) or any(s is not None and s < 1 for s in running.lead.values())


async def _noted(running: Race, attempt: Attempt, mine: Mapping[str, float | None]) -> None:
    items = [i for i in running.open if i.id in mine]
    pairs = [
        Pair(item_id=i.id, segment=i.segment, baseline=running.lead.get(i.id), candidate=mine[i.id]) for i in items
    ]
    comparison = compare(pairs, running.services.rulebook.acceptance, seed=running.state["seed"])
    done = str(attempt.result.get("done", ""))
    reason = f"select {comparison.reason}" if len(items) == running.used else _stopped(comparison.gain, len(items))
    result = {**to_json(comparison), "against": running.leader, "of_items": running.used}
    await note(running.services, attempt, "tested", f"{done}; {reason}" if done else reason, result)
    if len(items) == running.used:
        running.scores[str(attempt.number)] = _mean(mine)


def _stopped(gain: float, items: int) -> str:
    return f"stopped after {items} select items, on which it gains {gain:+.3f}: the rest could not make it better"


def _mean(scores: Mapping[str, float | None]) -> float:
    known = [s for s in scores.values() if s is not None]
    return sum(known) / len(known) if known else 0.0
