"""A trace: one production call of a prompt, as it really happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceError:
    """Why a call failed: the kind (`timeout`, `rate_limit`, …) and the message of the provider."""

    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One call. `version` is the resolved one; `label` is only how it was asked for.

    ts: time of the call; latency in milliseconds; tokens in and out; cost in US dollars, None where unknown.
    arm: which side of a staged release served it (`7:25:canary`), as the prompt was answered with it; None outside one.
    expected: the right answer where somebody knows it; expected_source says who (`import`, `replay`, `human`).
    """

    id: str
    ts: datetime
    prompt: str
    version: int
    label: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    output: str | None = None
    expected: str | None = None
    expected_source: str | None = None
    segment: str | None = None
    model: str | None = None
    response_model: str | None = None
    latency_ms: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    session: str | None = None
    finish_reason: str | None = None
    error: TraceError | None = None
    arm: str | None = None
