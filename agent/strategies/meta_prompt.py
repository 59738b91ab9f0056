"""Meta-prompting: show the teacher prompt, evidence and history, and ask for the whole improved prompt.

After Zhou et al., "Large Language Models Are Human-Level Prompt Engineers" (2022), and Pryzant et al., "Automatic
Prompt Optimization with Gradient Descent and Beam Search" (2023): a written criticism first, then the rewrite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.consult import consult
from agent.services import Services
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing, Limits, build_request
from library.prompts import TEXT_LIMIT, Content
from tools.errors import ProviderError
from tools.structured import read_json


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaPrompt:
    """One request, one complete prompt. sentence: how the teacher is told to go about it."""

    name: str
    sentence: str

    async def write(
        self, services: Services, briefing: Briefing, hypotheses: Sequence[dict[str, Any]], hints: Sequence[str]
    ) -> Draft:
        """Ask the teacher for a rewrite of the prompt in the briefing."""
        rules = services.rulebook.teacher
        messages = build_request(
            briefing,
            "rewrite",
            Limits(field=rules.field_characters, request=rules.request_characters),
            strategy=(self.name, self.sentence),
            hypotheses=hypotheses,
            hints=hints,
        )
        answer = await consult(services, messages, {"improved_prompt": str, "hypothesis": str})
        return Draft(
            content=read_prompt(answer["improved_prompt"], briefing.prompt, services.teacher.name),
            hypothesis=" ".join(answer["hypothesis"].split())[:500],
            predicted_fixed=tuple(str(i) for i in _list(answer.get("predicted_fixed")))[:200],
            predicted_risks=str(answer.get("predicted_risks", ""))[:500],
        )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


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
