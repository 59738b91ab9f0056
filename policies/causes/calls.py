"""The calls around an onset as the causes see them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from library.scores import Score
from library.traces import Trace

CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
"""Reasons for the end of an answer that mean it was cut off."""

FAILED = frozenset({"error", "failed", "timeout"})
"""Reasons for the end of an answer that mean that the call failed, where no error was recorded."""

TEXT_CHARACTERS = 1_200  # of the input and of the answer that are compared

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call and what it lost. lost: 1 - score, and 1 for a call that failed. took: milliseconds, None where unknown.

    witness: what other evaluators made of the same answer, in [0, 1]; None where nobody else judged it.
    """

    id: str
    ts: datetime
    version: int
    model: str
    segment: str
    text: str
    output: str
    expected: str | None
    lost: float
    error: str | None = None
    cut: bool = False
    witness: float | None = None
    took: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether the answer is the expected one, whatever the evaluator made of it."""
        return self.expected is not None and same_answer(self.output, self.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Calls before and after an onset, oldest first.

    elsewhere, beside: calls before and after it in segments that are not to blame; only for what kinds of message and
    answer there are, and for whether those segments fell as well.
    """

    before: tuple[Call, ...]
    after: tuple[Call, ...]
    elsewhere: tuple[Call, ...] = ()
    beside: tuple[Call, ...] = ()


def call_of(trace: Trace, score: Score | None, witness: float | None = None) -> Call:
    """A trace with its score; without one only a failed call says something."""
    output, ended = trace.output or "", (trace.finish_reason or "").casefold()
    error = trace.error.type if trace.error else ended if ended in FAILED else None
    lost = 1 - score.value if score is not None else float(error is not None)
    return Call(
        id=trace.id,
        ts=trace.ts,
        version=trace.version,
        model=trace.response_model or trace.model or "",
        segment=trace.segment or "other",
        text=" ".join(" ".join(trace.inputs.values()).split())[:TEXT_CHARACTERS],
        output=output[:TEXT_CHARACTERS],
        expected=trace.expected,
        lost=lost,
        error=error,
        cut=error is None and (ended in CUT or not output.strip() or _unclosed(output)),
        witness=witness,
        took=trace.latency_ms,
    )


def _unclosed(output: str) -> bool:
    """Whether an answer begins like JSON and does not end like it."""
    said = output.strip()
    return (said.startswith("{") and not said.endswith("}")) or (said.startswith("[") and not said.endswith("]"))


def folded(text: str) -> str:
    """A text without case, numbers and spacing: messages that differ only in these are the same message."""
    return " ".join(_DIGITS.sub("0", text.casefold()).split())


def same_answer(one: str, other: str) -> bool:
    """Whether two answers say the same: as JSON where both are, else to the letter but for case and spacing."""
    if " ".join(one.casefold().split()) == " ".join(other.casefold().split()):
        return True
    if not (one.lstrip().startswith(("{", "[")) and other.lstrip().startswith(("{", "["))):
        return False
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def mean_lost(calls: Sequence[Call]) -> float:
    """Mean lost score, 0 without calls."""
    return sum(c.lost for c in calls) / len(calls) if calls else 0.0
