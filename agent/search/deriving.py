"""Attempts that the test itself makes of others: a text with something taken out."""

from typing import Any

from agent.search.attempts import attempts_of, save
from agent.search.drafting import check_drafts, ground_of, to_attempt
from agent.services import Services
from agent.state import CycleState
from agent.strategies.strategy import Draft
from library.prompts import Content
from library.runs import Attempt


async def derived(
    state: CycleState, services: Services, strategy: str, of: Attempt | None, content: Content, more: dict[str, Any]
) -> Attempt | None:
    """The attempt of a content made out of another one (None: of the live version); None where guardrails refuse it or
    it was tried before. A candidate that says the same already is that attempt, as long as it was not run.

    more: what else is known of it, with `done` in words.
    """
    draft = Draft(
        content=content,
        hypothesis=of.hypothesis if of else str(more.get("done", "")),
        predicted_fixed=tuple(of.result.get("predicted_fixed", ())) if of else (),
        predicted_risks=str(of.result.get("predicted_risks", "")) if of else "",
        explicit=True,
    )
    (checked,) = await check_drafts(services, state, await ground_of(services, state, ()), [(strategy, draft)])
    stored = await attempts_of(services, state)
    twins = [a for a in stored.values() if a.content_hash == content.hash]
    # A killed process may have left this very attempt: it is written again under its own number.
    mine = next((a for a in twins if a.strategy == strategy and a.round == state["round"]), None)
    if mine is None and twins:
        return twins[0] if twins[0].state == "drafted" else None
    number = mine.number if mine else 1 + max(stored, default=0)
    attempt = to_attempt(
        services, state, await ground_of(services, state, ()), checked, number, {**more, "of": of.number if of else 0}
    )
    await save(services, [attempt])
    return attempt if attempt.state == "drafted" else None
