"""The current prompt as the teacher gets it: one template, or a chat as a JSON list, with the one text to edit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tools.embedded.reading import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A prompt with the place of the text that names the labels; roles are None for a single template."""

    texts: tuple[str, ...]
    roles: tuple[str, ...] | None
    place: int

    @property
    def text(self) -> str:
        """The text to edit."""
        return self.texts[self.place]

    @property
    def size(self) -> int:
        """Characters of the whole prompt."""
        return sum(map(len, self.texts))

    def with_text(self, text: str) -> str:
        """The whole prompt, in the form in which it came, with the edited text in its place."""
        if self.roles is None:
            return text
        texts = [*self.texts[: self.place], text, *self.texts[self.place + 1 :]]
        messages = [{"role": r, "content": t} for r, t in zip(self.roles, texts, strict=True)]
        return json.dumps(messages, ensure_ascii=False)


def sheet_of(prompt: str) -> Sheet:
    """Take the current prompt of a request; anything that is not a JSON list of messages is one template."""
    try:
        messages = json.loads(prompt) if prompt.lstrip().startswith("[") else None
    except ValueError:
        messages = None
    if not isinstance(messages, list) or not messages or not all(_is_message(m) for m in messages):
        return Sheet(texts=(prompt,), roles=None, place=0)
    texts = tuple(m["content"] for m in messages)
    return Sheet(texts=texts, roles=tuple(m["role"] for m in messages), place=_with_most_labels(texts))


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("role"), str) and isinstance(value.get("content"), str)


def _with_most_labels(texts: Sequence[str]) -> int:
    counts = [len(read(text).entries) for text in texts]
    return counts.index(max(counts))
