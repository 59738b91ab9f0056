"""rewrite: candidates from what is remembered, from the teacher and from each other; guardrails and memory of what was
tried come before any money is spent."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.appetite import AUTO, appetite_of
from agent.briefing import brief
from agent.evidence import judged
from agent.search.attempts import next_number, save
from agent.search.drafting import Checked, Ground, check_drafts, ground_of, to_attempt, without_twins
from agent.search.siblings import EVERYTHING, RESTORED, Union, offers_of, restored, unions
from agent.services import Services
from agent.state import CycleState
from agent.strategies.portfolio import strategy
from agent.strategies.recalled import RECALLED, likeliest
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing
from library.runs import Attempt
from policies.guardrails.engine import repair_hints
from tools.errors import ProviderError


async def rewrite(state: CycleState, services: Services) -> CycleState:
    """Have candidates written; those that survive the static checks go on to the test."""
    if state.get("ended"):
        return {"candidates": []}
    names = appetite_of(services).strategies
    services.progress(f"round {state['round']}: writing candidates")
    briefing = await brief(services, state, state["round"])
    ground = await ground_of(services, state, briefing.failing)
    remembered, worth = await _remembered(services, state, briefing, ground)
    if worth and services.rulebook.search.max_rounds > 1:
        # A round of its own: where it is enough, nobody has to be paid for writing.
        await save(services, remembered)
        return {"candidates": worth}
    written = await asyncio.gather(
        *(_write(services, state, briefing, ground, name, i) for i, name in enumerate(names)),
        # Every writer is waited for: one that runs out of budget must not leave others paying behind the run's back.
        return_exceptions=True,
    )
    for failed in written:
        if isinstance(failed, BaseException) and not isinstance(failed, ProviderError):
            raise failed
    checked = [one for some in written if not isinstance(some, BaseException) for one in some]
    if not checked and not any(isinstance(some, ProviderError) for some in written):
        return {"candidates": [], "ended": f"nothing was written: {', '.join(names)} had nothing to offer"}
    if not checked:
        detail = next((str(error) for error in written if isinstance(error, ProviderError)), "no strategy answered")
        if state.get("best", 0):
            return {"candidates": [], "ended": f"the teacher is down: {detail}"}
        return {"candidates": [], "stop": {"reason": "teacher_down", "detail": detail}}
    first = await next_number(services, state) + len(remembered)
    attempts = await _attempts(services, state, ground, checked, first)
    await save(services, [*remembered, *attempts])
    return {"candidates": [*worth, *(a.number for a in attempts if a.state == "drafted")]}


async def _remembered(
    services: Services, state: CycleState, briefing: Briefing, ground: Ground
) -> tuple[list[Attempt], list[int]]:
    """Attempts made of fixes that held elsewhere, before anything else is tried; and the numbers of those to be raced.

    Unless they repair one of a few failing learn items, none is.
    """
    rules = services.rulebook.search
    if state["round"] > 1 or rules.strategies != (AUTO,):
        return [], []
    drafts = [(RECALLED, draft) for draft in await strategy(RECALLED).write(services, briefing, (), ())]
    if not drafts:
        return [], []
    attempts = await _recalled(services, state, ground, drafts)
    drafted = [a for a in attempts if a.state == "drafted"]
    if not drafted:
        return attempts, []
    some = likeliest(briefing.fixes, briefing.failing, rules.recall_items)
    before = {e.item.id: e.score for e in some}
    wrong, right = await judged(services, state["prompt"], drafted[0].content, [e.item for e in some], spare=True)
    if any(e.score > before[e.item.id] for e in (*wrong, *right)):
        tried = {"tried_on": len(some)}
        return [replace(a, result={**a.result, **tried}) for a in attempts], [a.number for a in drafted]
    reason = f"not raced: what is remembered repairs none of {len(some)} failing learn items"
    return [replace(a, reason=reason) if a.state == "drafted" else a for a in attempts], []


async def _recalled(
    services: Services, state: CycleState, ground: Ground, drafts: Sequence[tuple[str, Draft]]
) -> list[Attempt]:
    """What is remembered as it is; where it is refused, what guardrails let through of it. Unions would add nothing."""
    first = await next_number(services, state)
    # Nobody can mend these, so that they may be picked over.
    checked = [replace(one, alone=False) for one in await check_drafts(services, state, ground, drafts)]
    siblings = restored(ground, await offers_of(services, ground, checked))
    verdicts = await check_drafts(services, state, ground, [(RESTORED, draft) for draft, _, _ in siblings])
    more = [{}, *({"done": done, "of": first + place} for _, done, place in siblings)]
    return [
        # Its clauses may be taken out one by one where they break something, as those of a union.
        to_attempt(services, state, ground, one, first + i, {**extra, "joins": [first + i]})
        for i, (one, extra) in enumerate(zip([*checked, *verdicts], more, strict=True))
    ]


async def _write(
    services: Services, state: CycleState, briefing: Briefing, ground: Ground, name: str, place: int
) -> list[Checked]:
    """The drafts of one strategy, checked. One that asks for a single candidate may mend a refused one."""
    hints: tuple[str, ...] = ()
    repairs = services.rulebook.teacher.repairs
    # Each writer is given another hypothesis first, so that one round does not try one idea three times.
    hypotheses = _turned(state["hypotheses"], (state["round"] - 1) * len(appetite_of(services).strategies) + place + 1)
    while True:
        drafts = await strategy(name).write(services, briefing, hypotheses, hints)
        checked = await check_drafts(services, state, ground, [(name, draft) for draft in drafts])
        if repairs == 0 or len(checked) != 1 or checked[0].verdict.decision != "block":
            return checked
        repairs -= 1
        hints = repair_hints(checked[0].verdict)


def _turned(hypotheses: Sequence[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    at = number % len(hypotheses) if hypotheses else 0
    return [*hypotheses[at:], *hypotheses[:at]]


async def _attempts(
    services: Services, state: CycleState, ground: Ground, checked: Sequence[Checked], first: int
) -> list[Attempt]:
    """The attempts of the round, numbered from `first`: what was written, its restored siblings, the unions."""
    offers = await offers_of(services, ground, checked)
    siblings = restored(ground, offers)
    joint = await unions(services, ground, offers)
    free: list[tuple[str, Draft]] = [
        *((RESTORED, draft) for draft, _, _ in siblings),
        *((union.strategy, union.draft) for union in joint),
    ]
    verdicts = await check_drafts(services, state, ground, free)
    mended = {place: first + len(checked) + i for i, (_, _, place) in enumerate(siblings)}
    more: list[dict[str, Any]] = [
        *({} for _ in checked),
        *({"done": done, "of": first + place} for _, done, place in siblings),
        *({"joins": _joined(union, first, mended)} for union in joint),
    ]
    attempts = [
        to_attempt(services, state, ground, one, first + i, extra)
        for i, (one, extra) in enumerate(zip([*checked, *verdicts], more, strict=True))
    ]
    return without_twins(attempts)


def _joined(union: Union, first: int, mended: Mapping[int, int]) -> list[int]:
    """The numbers of the attempts that hold nothing beyond a union: the restored sibling in place of a draft."""
    restored_ones = [mended[i] for i in union.parts if i in mended]
    return [*(first + i for i in union.parts if i not in mended or union.strategy == EVERYTHING), *restored_ones]
