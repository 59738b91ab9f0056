"""The request of a search by scores: texts with what they scored, the best one last, and a few solved examples."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from agent.teacher.request import Briefing, Limits, NotForTeachers, prompt_text
from library.datasets import Item
from library.prompts import Content, Message
from policies.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A text that was run. score: its mean on learn items, 0 to 1."""

    content: Content
    score: float


def ascending(scored: Sequence[Scored], count: int, room: int) -> list[Scored]:
    """The best of different texts, the best one last: at most `count`, and no more characters than `room`.

    The best one is always there. Of equal scores the text that came first counts as the better one.
    """
    first: dict[str, Scored] = {}
    for one in scored:
        first.setdefault(one.content.hash, one)
    kept: list[Scored] = []
    used = 0
    for one in sorted(first.values(), key=lambda s: -s.score)[:count]:
        used += len(prompt_text(one.content))
        if kept and used > room:
            break
        kept.append(one)
    return kept[::-1]


def trajectory_request(
    briefing: Briefing,
    scored: Sequence[Scored],
    exemplars: Sequence[Item],
    limits: Limits,
    *,
    count: int,
    hints: Sequence[str] = (),
) -> tuple[Message, ...]:
    """Ask for `count` texts that score higher than those of the trajectory, which is shown in the given order.

    Scores are whole numbers from 0 to 100, as in the paper. hints: what guardrails objected to.
    Raises NotForTeachers for an exemplar that is not a learn item.
    """
    if any(item.role != "learn" for item in exemplars):
        raise NotForTeachers
    answer = "opro_chat_answer.md" if briefing.prompt.kind == "chat" else "opro_answer.md"
    parts = [
        f"<task>{briefing.task}</task>" if briefing.task else "",
        "<trajectory>\n" + "\n".join(_text(one) for one in scored) + "\n</trajectory>",
        _lines("protected", briefing.protected),
        _exemplars(exemplars, briefing.seed, limits.field),
        _lines("reviewer_comments", [redact(c) for c in briefing.comments]),
        _lines("objections_to_the_last_answer", hints),
        "<answer_format>opro</answer_format>",
        _file(answer).replace("{count}", str(count)),
    ]
    said = "\n\n".join(part for part in parts if part)
    return (Message(role="system", content=_file("instructions.md")), Message(role="user", content=said))


def _text(one: Scored) -> str:
    return f"<text>\n{prompt_text(one.content)}\n</text>\nscore: {round(100 * one.score)}"


def _exemplars(items: Sequence[Item], seed: int, field: int) -> str:
    """The examples, fenced by a code that stands in none of them and is the same after a crash."""
    if not items:
        return ""
    shown = [
        ([f"{name}: {_capped(value, field)}" for name, value in i.inputs.items()], _capped(i.expected or "", field))
        for i in items
    ]
    everything = "\n".join("\n".join([*inputs, expected]) for inputs, expected in shown)
    codes = (hashlib.sha256(f"{n}\x1f{seed}\x1f{everything}".encode()).hexdigest()[:8] for n in range(1_000))
    code = next((c for c in codes if c not in everything), hashlib.sha256(everything.encode()).hexdigest())
    lines = [
        f"<input-{code}>\n{chr(10).join(inputs)}\n</input-{code}>\n<expected-{code}>\n{expected}\n</expected-{code}>"
        for inputs, expected in shown
    ]
    return "<exemplars>\n" + "\n".join(lines) + "\n</exemplars>"


def _capped(text: str, limit: int) -> str:
    safe = redact(text)
    return safe if len(safe) <= limit else safe[:limit] + " [cut]"


def _lines(tag: str, lines: Sequence[str]) -> str:
    return f"<{tag}>\n" + "\n".join(f"- {' '.join(line.split())}" for line in lines) + f"\n</{tag}>" if lines else ""


def _file(name: str) -> str:
    return (files("agent.teacher") / name).read_text(encoding="utf-8").strip()
