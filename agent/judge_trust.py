"""Before a search is paid for: does the judge agree with itself, and do failures come back when asked again?"""

from collections.abc import Sequence
from dataclasses import replace

from agent.evidence import measure
from agent.services import Services
from agent.state import Stop
from library.calls import Caps, ModelRole
from library.datasets import Item
from library.prompts import Content
from policies.agreement import Trust, trust
from policies.harvest import evenly
from policies.noise import Worth, worth_starting
from tools.evaluation import Outcome
from tools.models import Model, Reply, Request

SECOND_READING = 1_000
"""Added to the repeat index of a request, so that the ledger does not answer with the first reading."""


class _Again:
    """A model, asked anew; asked counts the questions."""

    def __init__(self, model: Model) -> None:
        self.role: ModelRole = model.role
        self.name = model.name
        self.asked = 0
        self._model = model

    async def complete(self, request: Request, *, scope: str, caps: Caps) -> Reply:
        """The answer to the same question under a repeat index of its own."""
        self.asked += 1
        return await self._model.complete(
            replace(request, repeat=request.repeat + SECOND_READING), scope=scope, caps=caps
        )


async def judge_agreement(services: Services, prompt: str, content: Content, items: Sequence[Item]) -> Trust | None:
    """Whether the judge behind a prompt's metric agrees with itself about answers under this content.

    items: what the run has measured already, so that answers and first grades come from the ledger; those with the
    lowest and the highest grades, half of each and as many as the rulebook's asked_again together, are graded once
    more. None where no judge is asked, or where there are too few answers. Raises Outage when the judge cannot be
    reached.
    """
    if services.judge is None or not items:
        return None
    rules = services.rulebook.acceptance
    first = await measure(services, prompt, content, items, "reading the judge's grades")
    chosen = _extremes(items, first, rules.asked_again)
    if len(chosen) < rules.least_asked_again:
        return None
    again = _Again(services.judge)
    second = await measure(
        replace(services, judge=again), prompt, content, [item for item, _ in chosen], "asking the judge once more"
    )
    if not again.asked:
        return None
    return trust([o.score for _, o in chosen], [o.score for o in second], rules, services.judge.name)


def too_noisy(found: Trust | None) -> Stop | None:
    """Why the run ends here, when the judge does not agree with itself; None when it may go on."""
    if found is None or found.trusted:
        return None
    return {"reason": "judge_too_noisy", "detail": found.sentence}


async def failures_last(services: Services, prompt: str, content: Content, items: Sequence[Item]) -> Worth:
    """Whether failures come back when the student is asked again, or are chance that no wording mends.

    items: what the run has measured already; of those that failed as many as the rulebook's asked_again, evenly spread,
    are asked once more. Raises Outage when the student cannot be reached.
    """
    rules = services.rulebook.acceptance
    first = await measure(services, prompt, content, items, "reading what failed")
    scored = [(item, o.score) for item, o in zip(items, first, strict=True) if o.score is not None]
    failing = [item for item, score in scored if score < 1]
    asked = replace(services, student=_Again(services.student))
    again = await measure(asked, prompt, content, evenly(failing, rules.asked_again), "asking failing items once more")
    return worth_starting([o.score for o in again], len(failing) / len(scored) if scored else 0.0, rules)


def not_worth_it(found: Worth) -> Stop | None:
    """Why the run ends here, when the failures are chance; None when it may go on."""
    return None if found.worthwhile else {"reason": "not_the_prompt", "detail": found.sentence}


def _extremes(items: Sequence[Item], outcomes: Sequence[Outcome], most: int) -> list[tuple[Item, Outcome]]:
    """Failing and passing answers in equal parts: among answers that are nearly all alike agreement shows nothing."""
    scored = [(item, o) for item, o in zip(items, outcomes, strict=True) if o.score is not None]
    ordered = sorted(scored, key=lambda pair: (pair[1].score or 0.0, pair[0].id))
    if len(ordered) <= most:
        return ordered
    low = most // 2
    return [*ordered[:low], *ordered[len(ordered) - (most - low) :]]
