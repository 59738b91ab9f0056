"""Redaction at the door: what is taken out of every free text of traces and scores before they are stored."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from library.scores import Score
from library.traces import Trace
from policies.redaction import redact

Redaction = Literal["none", "secrets", "all"]


class Redactor:
    """Replaces secrets, or personal data too, by placeholders: in inputs, outputs, right answers, tool calls, errors,
    comments. Names by which things are found again stay as they came: ids, sessions, segments, labels, models.
    """

    def __init__(self, rule: Redaction) -> None:
        self._rule = rule

    def trace(self, trace: Trace) -> Trace:
        """The call as it may be stored."""
        if self._rule == "none":
            return trace
        error = trace.error
        return replace(
            trace,
            inputs=self.inputs(trace.inputs),
            output=self._optional(trace.output),
            expected=self._optional(trace.expected),
            tool_calls=tuple(self._value(call) for call in trace.tool_calls),
            error=error and replace(error, type=self.text(error.type), message=self.text(error.message)),
        )

    def score(self, score: Score) -> Score:
        """The judgement as it may be stored."""
        return score if self._rule == "none" else replace(score, comment=self.text(score.comment))

    def inputs(self, values: Mapping[str, str]) -> dict[str, str]:
        """Values by variable; the name of one may say that it is a secret."""
        return {name: self._named(name, value) for name, value in values.items()}

    def text(self, said: str) -> str:
        """A text; where it is JSON, its members one by one, since they are named."""
        if self._rule == "none":
            return said
        if said.lstrip()[:1] in {"{", "["}:
            try:
                parsed = json.loads(said)
            except (ValueError, RecursionError):
                pass  # it only begins like JSON
            else:
                kept = self._value(parsed)
                return said if kept == parsed else json.dumps(kept, ensure_ascii=False)
        return redact(said, personal=self._rule == "all")

    def _optional(self, said: str | None) -> str | None:
        return None if said is None else self.text(said)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._named(name, inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(inner) for inner in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            kept = self.text(str(value))  # a card number needs no quotes to be one
            return value if kept == str(value) else kept
        return value

    def _named(self, name: str, value: Any) -> Any:
        kept = self._value(value)
        if self._rule == "none" or not isinstance(kept, str) or kept != value:
            return kept
        together = redact(f"{name}={value}", personal=self._rule == "all")
        return together.removeprefix(f"{name}=") if together.startswith(f"{name}=") else kept
