"""OPRO: the teacher sees what was tried with what it scored, in ascending order, and writes what should score higher.

After Yang et al., "Large Language Models as Optimizers" (2023, arXiv 2309.03409). As in the paper it is shown no
failures and no answers of the student. Scores of the trajectory are means on the same learn items for every text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.appetite import appetite_of
from agent.consult import consult
from agent.evidence import learn_items, measure
from agent.services import Services, in_thread
from agent.strategies.meta_prompt import SINGLE
from agent.strategies.several import LIST, read_drafts
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing, Limits
from agent.teacher.trajectory import Scored, ascending, trajectory_request
from library.datasets import Item
from library.prompts import Content
from policies.harvest import evenly
from policies.racing import shuffled


@dataclass(frozen=True, slots=True, kw_only=True)
class Opro:
    """One request, several candidates; the rulebook's `strategies.opro` holds its numbers."""

    name: str = "opro"
    reasons: bool = False

    async def write(
        self, services: Services, briefing: Briefing, hypotheses: Sequence[dict[str, Any]], hints: Sequence[str]
    ) -> tuple[Draft, ...]:
        """Score what was tested in this run on learn items (the ledger knows what was run before) and ask."""
        rules, field = services.rulebook.strategies.opro, services.rulebook.teacher.field_characters
        claim = services.held()
        run = await in_thread(services.library.runs.get, claim.run_id)
        live = await in_thread(services.library.prompts.version, claim.prompt, run.base_version)
        attempts = await in_thread(services.library.runs.attempts, run_id=claim.run_id)
        tested = [a.content for a in attempts if a.state == "tested"]
        learn = await learn_items(services, claim.prompt, run.incident_id, run.options.dataset)
        contents = {c.hash: c for c in (live.content, briefing.prompt, *tested)}.values()
        scored = await _scored(services, claim.prompt, list(contents), evenly(learn, rules.score_items))
        limit = appetite_of(services).request
        messages = trajectory_request(
            briefing,
            ascending(scored, rules.trajectory, limit * 2 // 3),
            _exemplars(learn, rules.exemplars, briefing.seed + len(tested)),
            Limits(field=field, request=limit),
            count=rules.candidates,
            hints=hints,
        )
        answer = await consult(services, messages, LIST, SINGLE)
        return read_drafts(answer, briefing.prompt, services.teacher.name)[: 2 * rules.candidates]


async def _scored(services: Services, prompt: str, contents: Sequence[Content], items: Sequence[Item]) -> list[Scored]:
    found = []
    for content in contents:
        outcomes = await measure(services, prompt, content, items, "scoring the trajectory")
        scores = [o.score for o in outcomes if o.score is not None]
        if scores:
            found.append(Scored(content=content, score=sum(scores) / len(scores)))
    return found


def _exemplars(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """Items with a right answer, drawn anew as the trajectory grows."""
    known = {i.id: i for i in items if i.expected is not None}
    return [known[i] for i in shuffled([(i, "") for i in known], seed)[:count]]
