"""Meta-prompting: show the teacher prompt, evidence and history, and ask for the whole improved prompt.

After Zhou et al., "Large Language Models Are Human-Level Prompt Engineers" (2022), and Pryzant et al., "Automatic
Prompt Optimization with Gradient Descent and Beam Search" (2023): a written criticism first, then the rewrite.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.appetite import appetite_of
from agent.consult import consult
from agent.services import Services
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing, Limits, build_request, texts_of
from library.prompts import TEXT_LIMIT, Content
from policies.clause_edits import applied, read_edits
from tools.errors import ProviderError
from tools.structured import read_json

SINGLE: Mapping[str, type] = {"improved_prompt": str, "hypothesis": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaPrompt:
    """One request, one complete prompt. sentence: how the teacher is told to go about it.

    temperature: of a teacher that is asked by several of these at once; None leaves the teacher's own.
    """

    name: str
    sentence: str
    temperature: float | None = None
    reasons: bool = True

    async def write(
        self, services: Services, briefing: Briefing, hypotheses: Sequence[dict[str, Any]], hints: Sequence[str]
    ) -> tuple[Draft, ...]:
        """Ask the teacher for a rewrite of the prompt in the briefing."""
        rules, appetite = services.rulebook.teacher, appetite_of(services)
        messages = build_request(
            briefing,
            "rewrite",
            Limits(field=rules.field_characters, request=appetite.request),
            strategy=(self.name, self.sentence),
            hypotheses=hypotheses,
            hints=hints,
        )
        temperature = None if appetite.free or len(appetite.strategies) == 1 else self.temperature
        answer = await consult(services, messages, SINGLE, temperature=temperature)
        return (read_draft(answer, briefing.prompt, services.teacher.name),)


def read_draft(answer: Mapping[str, Any], base: Content, teacher: str) -> Draft:
    """A candidate of an answer: its prompt in full, or edits by clause; ProviderError when it holds neither."""
    edits = answer.get("edits")
    explicit = isinstance(edits, list) and bool(edits) and not isinstance(answer.get("improved_prompt"), str)
    if explicit:
        content = _edited(edits or [], base, teacher)
    elif isinstance(said := answer.get("improved_prompt"), str):
        content = read_prompt(said, base, teacher)
    else:
        raise ProviderError("bad_answer", "a candidate without a prompt and without edits", teacher, "It is left out.")
    predicted = answer.get("predicted_fixed")
    return Draft(
        content=content,
        hypothesis=" ".join(str(answer.get("hypothesis", "")).split())[:500],
        predicted_fixed=tuple(str(i) for i in (predicted if isinstance(predicted, list) else []))[:200],
        predicted_risks=str(answer.get("predicted_risks", ""))[:500],
        explicit=explicit,
    )


def _edited(edits: Sequence[object], base: Content, teacher: str) -> Content:
    texts = texts_of(base)
    try:
        return base.with_text(applied(texts, read_edits(texts, edits)))
    except ValueError as error:
        raise ProviderError("bad_answer", str(error), teacher, "The candidate is left out.") from error


def read_prompt(text: str, base: Content, teacher: str) -> Content:
    """The teacher's text as content of the same kind as the base; ProviderError when a chat answer has other roles."""
    if len(text) > TEXT_LIMIT:
        thing = f"the rewritten prompt has {len(text)} characters"
        raise ProviderError("bad_answer", thing, teacher, f"More than {TEXT_LIMIT} are not read.")
    if base.kind == "text":
        ending = base.text[len(base.text.rstrip()) :]
        return base.with_text((text.strip("\n") + ending,))
    try:
        messages = read_json(text)
        texts = tuple(str(m["content"]) for m in messages)
        if [m["role"] for m in messages] != [m.role for m in base.messages]:
            raise ValueError("other roles than the prompt's")
    except (ValueError, TypeError, KeyError) as error:
        thing = f"the rewritten chat prompt is not the same list of messages ({error})"
        raise ProviderError("bad_answer", thing, teacher, "It is counted as no answer.") from error
    return base.with_text(texts)
