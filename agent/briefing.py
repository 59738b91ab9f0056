"""What the teacher is told in a cycle: the best prompt so far, examples, and everything that was tried before."""

from collections.abc import Sequence

from agent.evidence import learn_examples
from agent.services import Services, in_thread
from agent.state import CycleState
from agent.teacher.request import Briefing, Earlier
from library.failures import PastFix
from library.prompts import Content, Version
from library.runs import Attempt
from policies.guardrails.protection import protected_texts

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
    failing, passing = await learn_examples(services, state["prompt"], content, state.get("incident_id"))
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
    )


def _earlier(history: Sequence[Attempt], state: CycleState, limit: int) -> tuple[Earlier, ...]:
    # What a person rejected is always told; of the rest the newest.
    told = [a for a in history if a.state != "drafted"]
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
    word = "better" if gain > 0 else "worse" if gain < 0 else "no different"
    return f"{said + ', ' if said else ''}{word} on selection data ({gain:+.3f})"


async def _comments(services: Services, state: CycleState) -> tuple[str, ...]:
    decided = await in_thread(services.library.proposals.list, prompt=state["prompt"])
    said = [f"{p.state}: {p.comment}" for p in decided if p.comment and p.state in {"rejected", "revision_requested"}]
    wanted = [f"wanted now: {state['comment']}"] if state.get("comment") else []
    return (*wanted, *said[:5])


async def _similar(services: Services, state: CycleState, limit: int) -> tuple[str, ...]:
    similar = (state.get("diagnosis") or {}).get("similar", [])
    fixes = await in_thread(services.library.failures.past_fixes, [s["id"] for s in similar])
    return tuple(_told(fix) for fix in fixes if fix.outcome != "undecided")[:limit]


def _told(fix: PastFix) -> str:
    word = {"fixed": "fixed by", "not_fixed": "not fixed by"}[fix.outcome]
    return f"{fix.prompt}: {fix.name}; {word}: {fix.hypothesis} ({fix.detail})"
