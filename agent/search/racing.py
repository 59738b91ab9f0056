"""The race: candidates against the best so far, in pairs on identical select items, no further than it takes.

After the racing of Maron and Moore, "Hoeffding Races" (1994), with exact paired bounds: a challenger is run first on
what the leader fails, because only there can it gain; it is out as soon as perfect answers to all the rest would not
help, and ahead once the bound of its gain is above zero. The numbers steer the search only; the gate proves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent.appetite import free_student
from agent.briefing import best_content
from agent.evidence import learn_items, select_items
from agent.search.attempts import MENDED, RETRACTED, attempts_of, note
from agent.search.contest import Race, Scores, mean_of
from agent.search.mending import mended
from agent.search.reserve import scarce
from agent.search.retracting import Held, retracted
from agent.search.siblings import EVERYTHING, MERGED, RESTORED
from agent.search.steadiness import steady
from agent.services import Services
from agent.state import CycleState
from agent.strategies.recalled import RECALLED
from library.datasets import Item
from library.runs import Attempt
from policies.acceptance import Pair, compare, to_json
from policies.racing import Call, call, most_to_gain, shuffled, standing

PART = 12  # items after which a challenger is looked at again
DOUBTED, ENOUGH = 6, 2  # failing items that are asked again, and how many must last before clauses are doubted


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
    if running.leader == before and state.get("candidates"):
        await _doubt(running, entered[0] if entered else None)
    last = state.get("flat_rounds", 0) + 1 >= services.rulebook.search.patience
    if running.leader == before and entered and last and running.used < len(running.order):
        # Before the search ends for lack of gain: what was repaired may lie where none has looked yet.
        await running.widen(len(running.order))
        for attempt in entered:
            await _challenge(running, attempt)
    if await running.reached() and not await _kept_back(running):
        # A target is reached on all items or not at all.
        await running.widen(len(running.order))
    await _say_what_was_left_out(running, entered)
    # A winner whose gain chance may explain leads from now on, but it does not make good for the rounds before.
    # That what is remembered did not help says nothing about what the teacher would write.
    asked = running.leader == before and not await _only_remembered(running)
    flat = 0 if running.clear else state.get("flat_rounds", 0) + asked
    return {
        "best": running.leader,
        "flat_rounds": flat,
        "scores": running.scores,
        "race": [i.id for i in running.open],
    }


async def _only_remembered(running: Race) -> bool:
    attempts = await attempts_of(running.services, running.state)
    mine = {a.strategy for a in attempts.values() if a.round == running.state["round"]}
    return RECALLED in mine and mine <= {RECALLED, RESTORED, MERGED, EVERYTHING, MENDED, RETRACTED}


async def _run(running: Race, attempt: Attempt) -> None:
    """Run a challenger; where it breaks something, once more without what breaks it."""
    parent, lead = running.content, running.lead
    before = running.leader
    joint = bool(attempt.result.get("joins"))
    # A union that repairs and breaks is mended before more items are opened for it.
    mine, said = await _challenge(running, attempt, patient=not joint)
    broken = [i for i in running.open if i.id in mine and (mine[i.id] or 0.0) < (lead.get(i.id) or 0.0)]
    repaired = any((mine.get(i.id) or 0.0) > (lead.get(i.id) or 0.0) for i in running.open)
    # One broken item under a winner is likely chance; under a loser that repairs something it decided.
    few = 1 if running.leader == before else 2
    cured = None
    if joint and repaired and len(broken) >= few:
        cured = await mended(running.state, running.services, parent, attempt, broken, lead)
    if cured is not None:
        await _challenge(running, cured)
    if said == "on" and running.leader == before:
        await _challenge(running, attempt)


async def _kept_back(running: Race) -> bool:
    """Whether the items that are not open yet are worth more as proof."""
    begun = running.order[: running.services.rulebook.search.race_items]
    return running.leader != 0 and await scarce(running.state, running.services, running.content, begun)


async def _doubt(running: Race, union: Attempt | None) -> None:
    """Nothing gained: perhaps a clause stands in the way, of the leader or of the best that this round had to add."""
    lasting = await _lasting(running)
    content = union.content if union else running.content
    under = await running.run(content, lasting, "looking for what is in the way")
    failing = [i for i in lasting if (under.get(i.id) or 0.0) < 1]
    if len(failing) < ENOUGH:
        return
    attempts = await attempts_of(running.services, running.state)
    held = Held(content=content, attempt=union or attempts.get(running.leader))
    found = await retracted(running.state, running.services, held, failing)
    if found is not None:
        await _run(running, found)


async def _lasting(running: Race) -> list[Item]:
    """Items that the leader fails for more than chance: of the race, and learn items that were looked at."""
    services, state, look = running.services, running.state, running.state.get("look") or {}
    found = await steady(services, state["prompt"], running.content, running.failing[:DOUBTED])
    told = set(look.get("failing", ())) if look.get("best") == running.leader else set()
    learn = await learn_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    return [*found, *[i for i in learn if i.id in told][:DOUBTED]]


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


async def _challenge(running: Race, attempt: Attempt, *, patient: bool = True) -> tuple[Scores, Call]:
    """Run a challenger against the leader until it is out or ahead; then it leads. Its scores, and how it ended.

    patient: open more items as long as it is undecided; else it may end as "on".
    """
    rules, what = running.services.rulebook.search, f"testing attempt {attempt.number}"
    mine: Scores = {}
    said: Call = "on"
    while said == "on":
        lead = await running.without_chance(running.content, running.lead)
        for part in _parts(running, lead, mine):
            mine |= await running.run(attempt.content, part, what)
            told = await running.without_chance(attempt.content, mine, lead) if _repairs(lead, mine) else mine
            if most_to_gain(lead, told) < rules.min_gain_items - 1e-9 and _had_a_chance(running, lead):
                said = "out"
                break
        if said == "on":
            told = await running.without_chance(attempt.content, mine, lead)
            now = standing(lead, told, confidence=2 * rules.race_confidence - 1, seed=running.state["seed"])
            finished = running.used == len(running.order)
            ahead = most_to_gain(lead, told) if finished else now.total + len(running.order) - running.used
            said = call(now, ahead=ahead, min_gain=rules.min_gain_items, finished=finished)
        if said == "on" and not patient:
            break
        if said == "on":
            await running.widen(running.used + PART)
    await _noted(running, attempt, mine)
    if said == "wins":
        running.clear |= now.low > 0
        running.leader, running.content, running.lead = attempt.number, attempt.content, mine
        running.scores[str(attempt.number)] = mean_of(mine)
    return mine, said


def _parts(running: Race, lead: Scores, mine: Mapping[str, float | None]) -> list[list[Item]]:
    """The open items that were not run yet: first those that the leader fails, then the others, part by part."""
    left = [i for i in running.open if i.id not in mine]
    failed = [i for i in left if (lead.get(i.id) or 0.0) < 1]
    passed = [i for i in left if (lead.get(i.id) or 0.0) >= 1]
    return [list(some[at : at + PART]) for some in (failed, passed) for at in range(0, len(some), PART)]


def _repairs(lead: Scores, mine: Scores) -> bool:
    """Whether a challenger gets anything right that the leader does not."""
    return any((s or 0.0) > (lead.get(i) or 0.0) for i, s in mine.items())


def _had_a_chance(running: Race, lead: Scores) -> bool:
    """Whether there is anything to gain on the open items, or none left that could be opened."""
    return running.used == len(running.order) or any(s is not None and s < 1 for s in lead.values())


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
        running.scores[str(attempt.number)] = mean_of(mine)


def _stopped(gain: float, items: int) -> str:
    return f"stopped after {items} select items, on which it gains {gain:+.3f}: the rest could not make it better"
