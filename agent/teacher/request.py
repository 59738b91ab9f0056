"""The request to the teacher: one frame for all, with production text fenced as data, capped and redacted."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from library.datasets import Item
from library.failures import HeldFix
from library.prompts import Content, Message, canonical_json
from policies.clause_edits import numbered
from policies.redaction import redact

AnswerKind = Literal["diagnose", "hypotheses", "rewrite", "candidates"]
REWRITES: frozenset[AnswerKind] = frozenset({"rewrite", "candidates"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A learn item with what the student made of it; only items of the role `learn` may become one."""

    item: Item
    actual: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An attempt that was made before and what became of it, in words."""

    strategy: str
    hypothesis: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """Everything the teacher is told, apart from what it is asked for.

    fixes: what repaired similar failures and held; for strategies that write without a teacher, never shown to one.
    """

    task: str
    prompt: Content
    protected: tuple[str, ...]
    failing: tuple[Example, ...]
    passing: tuple[Example, ...]
    earlier: tuple[Earlier, ...]
    comments: tuple[str, ...]
    similar: tuple[str, ...]
    seed: int
    fixes: tuple[HeldFix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps in characters: one field of an example, the whole request."""

    field: int
    request: int


class NotForTeachers(ValueError):
    """An item that a teacher must never read was about to be shown: a mistake in the program."""


def prompt_text(content: Content) -> str:
    """The prompt as the teacher sees and writes it: the template, or the messages as JSON."""
    if content.kind == "text":
        return content.text
    return canonical_json([{"role": m.role, "content": m.content} for m in content.messages])


def texts_of(content: Content) -> tuple[str, ...]:
    """The template texts of a prompt: one, or one per message."""
    return (content.text,) if content.kind == "text" else tuple(m.content for m in content.messages)


def build_request(
    briefing: Briefing,
    kind: AnswerKind,
    limits: Limits,
    *,
    strategy: tuple[str, str] | None = None,
    hypotheses: Sequence[dict[str, Any]] = (),
    hints: Sequence[str] = (),
    count: int = 1,
) -> tuple[Message, ...]:
    """The messages of one request. strategy: its name and its sentence; hints: what guardrails objected to.

    count: candidates wanted, where the answer holds several.
    """
    shown = [*briefing.failing, *briefing.passing]
    if any(example.item.role != "learn" for example in shown):
        raise NotForTeachers
    nonce = _nonce(briefing, shown)
    answer = f"{kind}_chat" if kind in REWRITES and briefing.prompt.kind == "chat" else kind
    head = [
        f"<task>{briefing.task}</task>" if briefing.task else "",
        f'<strategy name="{strategy[0]}">{strategy[1]}</strategy>' if strategy else "",
        f"<current_prompt>\n{prompt_text(briefing.prompt)}\n</current_prompt>",
        _clauses(briefing) if kind == "candidates" else "",
        _list("protected", briefing.protected),
    ]
    tail = [
        _list("hypotheses", [_hypothesis(h) for h in hypotheses]),
        _list("earlier_attempts", [_earlier(e) for e in briefing.earlier]),
        _list("reviewer_comments", [redact(c) for c in briefing.comments]),
        # Their names are made of words, answers and reasons from production.
        _list("similar_failures", [_past(s, nonce, _capped(limits.field)) for s in briefing.similar]),
        _list("objections_to_the_last_answer", hints),
        f"<answer_format>{kind}</answer_format>",
        _file(f"{answer}_answer.md").replace("{count}", str(count)),
    ]
    used = sum(len(part) for part in [*head, *tail])
    middle = _examples(briefing, nonce, limits, max(2_000, limits.request - used))
    text = "\n\n".join(part for part in [*head, *middle, *tail] if part)
    return (Message(role="system", content=_file("instructions.md")), Message(role="user", content=text))


def _file(name: str) -> str:
    return (files("agent.teacher") / name).read_text(encoding="utf-8").strip()


def _nonce(briefing: Briefing, shown: Sequence[Example]) -> str:
    # The code must be unguessable for whoever wrote the texts, the same after a crash, and in none of the texts.
    said = "\n".join([str(briefing.seed), *(e.item.id + e.actual for e in shown)])
    inputs = [v for e in shown for v in (*e.item.inputs.values(), e.reason)]
    text = "".join([*inputs, *(e.actual for e in shown), *(e.item.expected or "" for e in shown), *briefing.similar])
    for attempt in range(1_000):
        nonce = hashlib.sha256(f"{attempt}\x1f{said}".encode()).hexdigest()[:8]
        if nonce not in text:
            return nonce
    return hashlib.sha256(said.encode()).hexdigest()


def _list(tag: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"<{tag}>\n" + "\n".join(f"- {' '.join(line.split())}" for line in lines) + f"\n</{tag}>"


def _clauses(briefing: Briefing) -> str:
    """The clauses by number, so that edits can name them; those that must stay are marked."""
    held = [" ".join(text.split()) for text in briefing.protected]
    lines = []
    for number, (_, _, clause) in enumerate(numbered(texts_of(briefing.prompt)), start=1):
        said = " ".join(clause.split())
        mark = " (protected)" if any(said in text or text in said for text in held) else ""
        lines.append(f"[{number}]{mark} {said}")
    return "<clauses>\n" + "\n".join(lines) + "\n</clauses>"


def _hypothesis(hypothesis: dict[str, Any]) -> str:
    return "; ".join(f"{key}: {hypothesis[key]}" for key in ("name", "cause", "fix") if hypothesis.get(key))


def _earlier(earlier: Earlier) -> str:
    said = f"strategy: {earlier.strategy}; hypothesis: {redact(earlier.hypothesis)}; result: {earlier.result}"
    return f"{said}; reason: {redact(earlier.reason)}" if earlier.reason else said


def _past(failure: str, nonce: str, cap: Callable[[str], str]) -> str:
    return f"<past-{nonce}>{cap(failure)}</past-{nonce}>"


def _examples(briefing: Briefing, nonce: str, limits: Limits, room: int) -> list[str]:
    # Failing examples come first and may use two thirds of the room; what they leave goes to the passing ones.
    failing, used = _block("failing", briefing.failing, nonce, limits.field, room * 2 // 3)
    passing, _ = _block("passing", briefing.passing, nonce, limits.field, room - used)
    return [failing, passing]


def _block(kind: str, examples: Sequence[Example], nonce: str, field: int, room: int) -> tuple[str, int]:
    parts: list[str] = []
    used = 0
    for example in examples:
        part = _example(example, nonce, _capped(field))
        if used + len(part) > room:
            break
        parts.append(part)
        used += len(part)
    if not parts:
        return "", 0
    return f'<examples kind="{kind}">\n' + "\n".join(parts) + "\n</examples>", used


def _capped(limit: int) -> Callable[[str], str]:
    def cap(text: str) -> str:
        safe = redact(text)
        return safe if len(safe) <= limit else safe[:limit] + " [cut]"

    return cap


def _example(example: Example, nonce: str, cap: Callable[[str], str]) -> str:
    item = example.item
    segment = f' segment="{"".join(c for c in item.segment if c.isalnum() or c in "_.-")}"' if item.segment else ""
    inputs = "\n".join(f"{name}: {cap(value)}" for name, value in item.inputs.items())
    judged = "correct" if example.score >= 1 else "incorrect" if example.score <= 0 else "partly correct"
    lines = [
        f'<example id="{item.id}"{segment}>',
        f"<input-{nonce}>\n{inputs}\n</input-{nonce}>",
        f"<expected-{nonce}>\n{cap(item.expected)}\n</expected-{nonce}>" if item.expected is not None else "",
        f"<actual-{nonce}>\n{cap(example.actual)}\n</actual-{nonce}>",
        f"<reason-{nonce}>\n{cap(example.reason)}\n</reason-{nonce}>" if example.reason else "",
        f"score: {example.score:g}, {judged}",
        "</example>",
    ]
    return "\n".join(line for line in lines if line)
