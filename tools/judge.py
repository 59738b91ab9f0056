"""Asks a model to grade an answer: production text redacted, capped and fenced; one strict answer; typed failures."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from library.calls import Caps
from library.datasets import Item
from library.prompts import Message, canonical_json
from tools.errors import ProviderError
from tools.metrics.judged import ALGORITHM, Judged
from tools.metrics.judgement import Judgement, Metric
from tools.models import Model, Request
from tools.structured import parse_object

READ = 200_000  # characters of one text that are redacted; the cap that follows is far smaller
LONGEST_REASON = 300
CUT = " [cut]"
ANSWER: Mapping[str, type] = {"code": str, "reason": str, "grade": float}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Who judges, in which words, and who pays.

    instructions: the system message; task: what the prompt is for, in its owner's words. clean: takes secrets and
    personal data out of a text. field and request: characters shown of one text, and of all together. bad_answers: how
    often an unreadable answer is asked for again.
    """

    model: Model
    instructions: str
    task: str
    clean: Callable[[str], str]
    scope: str
    caps: Caps
    field: int
    request: int
    bad_answers: int


def with_judge(metric: Metric, judging: Judging | None) -> Metric:
    """The metric, ready to judge: one that needs a model is given this one; without a model it stays as it is."""
    return Asked(metric, judging) if isinstance(metric, Judged) and judging is not None else metric


class Asked:
    """The metric `judge` with a model behind it. A failure is a ProviderError and never a score."""

    needs_expected = False

    def __init__(self, spec: Judged, judging: Judging) -> None:
        self._spec, self._judging = spec, judging
        self.name = spec.name
        self.evaluator = judging.model.name

    @property
    def revision(self) -> str:
        """Changes with rubric, grades, task, instructions and model: any of them may change the grade of an answer."""
        j = self._judging
        said = [self._spec.question, self._spec.grades, j.task, j.instructions, j.model.name, [j.field, j.request]]
        return f"{ALGORITHM}-{hashlib.sha256(canonical_json(said).encode()).hexdigest()[:8]}"

    async def judge(self, output: str, item: Item) -> Judgement:
        """The grade of one answer. ProviderError: no answer, or (`bad_answer`) none that can be read."""
        messages, code = await asyncio.to_thread(self._messages, output, item)
        for repeat in range(self._judging.bad_answers + 1):
            request = Request(messages=messages, repeat=repeat, temperature=0.0)
            reply = await self._judging.model.complete(request, scope=self._judging.scope, caps=self._judging.caps)
            try:
                return self._read(reply.text, reply.finish_reason, code)
            except ProviderError:
                if repeat == self._judging.bad_answers:
                    raise
        raise AssertionError("the loop returns or raises")

    def _messages(self, output: str, item: Item) -> tuple[tuple[Message, ...], str]:
        texts = [*item.inputs.values(), output]
        limit = max(1, min(self._judging.field, self._judging.request // len(texts)))
        shown = [f"{self._shown(name, 100)}: {self._shown(text, limit)}" for name, text in item.inputs.items()]
        answer = self._shown(output, limit)
        code = _code(item.id, [*shown, answer])
        best = self._spec.grades - 1
        parts = [
            f"<task>\n{self._judging.task}\n</task>" if self._judging.task else "",
            f"<rubric>\n{self._spec.question}\n</rubric>",
            f"<grades>Whole numbers from 0 (worst) to {best} (best).</grades>",
            f"<code>{code}</code>",
            f"<input-{code}>\n" + "\n".join(shown) + f"\n</input-{code}>",
            f"<answer-{code}>\n{answer}\n</answer-{code}>",
        ]
        user = "\n\n".join(part for part in parts if part)
        return (
            Message(role="system", content=self._judging.instructions),
            Message(role="user", content=user),
        ), code

    def _shown(self, text: str, limit: int) -> str:
        safe = self._judging.clean(text[:READ])
        return safe if len(safe) <= limit else safe[:limit] + CUT

    def _read(self, text: str, finish_reason: str, code: str) -> Judgement:
        if finish_reason == "length":
            raise self._bad("it was cut off", "Raise [models.judge] max_tokens.")
        said = parse_object(text, ANSWER)
        # Only an answer that names the code is the judge's: no text that was judged can hold it.
        if said["code"] != code:
            raise self._bad("it does not repeat the code of the request")
        grade, best = float(said["grade"]), self._spec.grades - 1
        if not grade.is_integer() or not 0 <= grade <= best:
            raise self._bad(f"{said['grade']} is not a grade from 0 to {best}")
        return Judgement(score=grade / best, reason=" ".join(said["reason"].split())[:LONGEST_REASON])

    def _bad(self, what: str, mend: str = "Use a stronger model.") -> ProviderError:
        return ProviderError("bad_answer", f"the judge's answer cannot be used: {what}", self._judging.model.name, mend)


def _code(id: str, shown: list[str]) -> str:
    """A delimiter that stands in none of the texts, and is the same when the same question is asked after a crash."""
    text = "\n".join(shown)
    attempt = 0
    while True:
        code = hashlib.sha256(f"{attempt}\x1f{id}\x1f{text}".encode()).hexdigest()[:16]
        if code not in text:
            return code
        attempt += 1
