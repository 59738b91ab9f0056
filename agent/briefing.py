"""What the teacher is told in a cycle: the best prompt so far, examples, and everything that was tried before."""

from collections.abc import Sequence

from agent.appetite import appetite_of
from agent.evidence import judged, learn_items
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.teacher.request import Briefing, Earlier, Example
from library.failures import HeldFix, PastFix
from library.prompts import Content, Version
from library.runs import Attempt
from policies.coverage import Shown, contrasting, varied
from policies.guardrails.protection import protected_texts
from policies.harvest import evenly

SAID_OF_STATES = {
    "blocked": "refused by guardrails",
    "duplicate": "repeats an earlier attempt",
    "failed_gate": "better on selection data, not proven on fresh data",
    "rejected": "rejected by a reviewer",
    "approved": "approved and released",
    "proposed": "waits for a reviewer",
}


async def base_version(services: Services, state: CycleState) -> Version:
    """The version that is live, which every candidate is held against."""
    return await in_thread(services.library.prompts.version, state["prompt"], state["base_version"])


async def best_content(services: Services, state: CycleState) -> Content:
    """The content that this round builds upon: the best attempt so far, or the live version."""
    number = state.get("best", 0)
    if number == 0:
        return (await base_version(services, state)).content
    attempts = await in_thread(services.library.runs.attempts, run_id=state["run_id"])
    return next(a for a in attempts if a.number == number).content


async def brief(services: Services, state: CycleState, turn: int = 1) -> Briefing:
    """Put the briefing of a round together. turn: the number of that round; before the first one it is 1 as well."""
    prompt = await in_thread(services.library.prompts.get, state["prompt"])
    base = await base_version(services, state)
    content = await best_content(services, state)
    failing, passing = await _examples(services, state, content)
    rules = services.rulebook.teacher
    attempts = await in_thread(services.library.runs.attempts, prompt=state["prompt"])
    # A kill may have left attempts of this very round: the request must be the same when the step is run again.
    history = [a for a in attempts if a.run_id != state["run_id"] or a.round < turn]
    return Briefing(
        task=prompt.description,
        prompt=content,
        protected=protected_texts(base.content, services.policy_for(state["prompt"])),
        failing=failing,
        passing=passing,
        earlier=_earlier(history, state, rules.earlier_attempts),
        comments=await _comments(services, state),
        similar=await _similar(services, state, rules.similar_failures),
        seed=state["seed"],
        fixes=await _fixes(services, state),
    )


async def _examples(
    services: Services, state: CycleState, content: Content
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """The failing and passing examples that are shown: a free teacher reads many, a paid one those that tell most."""
    appetite, look = appetite_of(services), state.get("look")
    items = await learn_items(services, state["prompt"], state.get("incident_id"), state.get("dataset", ""))
    wanted = {*look["failing"], *look["passing"]} if look else {i.id for i in evenly(items, appetite.look)}
    failing, passing = await judged(services, state["prompt"], content, [i for i in items if i.id in wanted])
    if appetite.free:
        return tuple(evenly(failing, appetite.failing)), tuple(evenly(passing, appetite.passing))
    wrong = [failing[i] for i in varied([_shown(e) for e in failing], appetite.failing)]
    right = contrasting([_shown(e) for e in wrong], [_shown(e) for e in passing], appetite.passing)
    return tuple(wrong), tuple(passing[i] for i in right)


def _shown(example: Example) -> Shown:
    return Shown(
        text=" ".join(example.item.inputs.values()),
        expected=example.item.expected or "",
        actual=example.actual,
        segment=example.item.segment or "",
        reason=example.reason,
    )


def _earlier(history: Sequence[Attempt], state: CycleState, limit: int) -> tuple[Earlier, ...]:
    # What a person rejected is always told; of the rest the newest.
    told = [a for a in history if a.state not in {"drafted", "duplicate"}]
    rejected = [a for a in told if a.state == "rejected"]
    rest = [a for a in told if a.state != "rejected"]
    return tuple(
        Earlier(strategy=a.strategy, hypothesis=a.hypothesis, result=_result(a), reason=a.reason)
        for a in [*rejected[-limit:], *rest[-limit:]][-2 * limit :]
    )


def _result(attempt: Attempt) -> str:
    gain = attempt.result.get("gain")
    said = SAID_OF_STATES.get(attempt.state)
    if not isinstance(gain, int | float):
        return said or attempt.state
    low, high = attempt.result.get("low"), attempt.result.get("high")
    clear = isinstance(low, int | float) and isinstance(high, int | float) and (low > 0 or high < 0)
    word = ("better" if gain > 0 else "worse") if clear else "inconclusive"
    numbers = f"{gain:+.3f} on {attempt.result.get('n', 0)} items"
    if isinstance(low, int | float) and isinstance(high, int | float):
        numbers += f", {low:+.3f} to {high:+.3f}"
    counts = [f"{len(attempt.result.get(key, ()))} {key}" for key in ("fixed", "broken")]
    return f"{said + ', ' if said else ''}{word} on selection data ({numbers}; {', '.join(counts)})"


async def _comments(services: Services, state: CycleState) -> tuple[str, ...]:
    decided = await in_thread(services.library.proposals.list, prompt=state["prompt"])
    said = [f"{p.state}: {p.comment}" for p in decided if p.comment and p.state in {"rejected", "revision_requested"}]
    wanted = [f"wanted now: {state['comment']}"] if state.get("comment") else []
    return (*wanted, *said[:5])


async def _similar(services: Services, state: CycleState, limit: int) -> tuple[str, ...]:
    similar = (state.get("diagnosis") or {}).get("similar", [])
    fixes = await in_thread(services.library.failures.past_fixes, [s["id"] for s in similar])
    return tuple(_told(fix) for fix in fixes if fix.outcome != "undecided")[:limit]


async def _fixes(services: Services, state: CycleState) -> tuple[HeldFix, ...]:
    """The remembered fixes that still hold, each once, that of the most similar failure first."""
    similar = (state.get("diagnosis") or {}).get("similar", [])
    found = await in_thread(services.library.failures.held_fixes, [s["id"] for s in similar if s.get("held")])
    once: dict[tuple[str, int], HeldFix] = {}
    for fix in found:
        once.setdefault((fix.prompt, fix.version), fix)
    return tuple(once.values())


def _told(fix: PastFix) -> str:
    word = {"fixed": "fixed by", "not_fixed": "not fixed by"}[fix.outcome]
    return f"{fix.prompt}: {fix.name}; {word}: {fix.hypothesis} ({fix.detail})"
