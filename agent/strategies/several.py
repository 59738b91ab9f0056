"""Several candidates in one answer: the prompt and the examples are paid for once, and each candidate repairs another
kind of failure, so that what is good of them can be merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.appetite import appetite_of
from agent.consult import consult
from agent.services import Services
from agent.strategies.meta_prompt import SINGLE, read_draft
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing, Limits, build_request
from library.prompts import Content
from tools.errors import ProviderError

LIST: Mapping[str, type] = {"candidates": list}
FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """One request, as many candidates as the rulebook says, but no more than there are failing examples."""

    name: str = "several"
    reasons: bool = False

    async def write(
        self, services: Services, briefing: Briefing, hypotheses: Sequence[dict[str, Any]], hints: Sequence[str]
    ) -> tuple[Draft, ...]:
        """Ask the teacher; a candidate that cannot be read is left out, an answer without any is no answer."""
        rules = services.rulebook.teacher
        count = max(FEWEST, min(services.rulebook.search.candidates, len(briefing.failing)))
        messages = build_request(
            briefing,
            "candidates",
            Limits(field=rules.field_characters, request=appetite_of(services).request),
            # Computed kinds of failure only name what the examples show.
            hypotheses=[h for h in hypotheses if h.get("cause")],
            hints=hints,
            count=count,
        )
        answer = await consult(services, messages, LIST, SINGLE)
        return read_drafts(answer, briefing.prompt, services.teacher.name)[: 2 * count]


def read_drafts(answer: Mapping[str, Any], base: Content, teacher: str) -> tuple[Draft, ...]:
    """The candidates of an answer; those that cannot be read are left out, ProviderError when none can."""
    said = answer["candidates"] if isinstance(answer.get("candidates"), list) else [answer]
    drafts, trouble = [], ProviderError("bad_answer", "the answer holds no candidate", teacher, "Nothing is used.")
    for entry in said:
        try:
            drafts.append(read_draft(entry if isinstance(entry, dict) else {}, base, teacher))
        except ProviderError as error:
            trouble = error
    if not drafts:
        raise trouble
    return tuple(drafts)
