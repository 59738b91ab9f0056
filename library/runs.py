"""A run: one pass of the graph over one prompt, under a claim; and the attempts it made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from library.prompts import Content

RunState = Literal["running", "finished", "failed"]
Trigger = Literal["incident", "force", "revision"]

StopReason = Literal[
    "proposed",
    "healthy",
    "not_the_prompt",
    "no_data",
    "no_better_candidate",
    "not_proven",
    "only_duplicates",
    "guardrails_refuse",
    "teacher_down",
    "models_down",
    "budget_spent",
    "waiting_for_review",
    "superseded",
    "error",
]
"""Why a run ended: exactly one of these."""

AttemptState = Literal["drafted", "blocked", "duplicate", "tested", "failed_gate", "proposed", "approved", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on a prompt until lease_until; every write of the cycle carries the fencing number."""

    prompt: str
    run_id: int
    owner: str
    fence: int
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One cycle. path: graph nodes visited, in order. Spend counts finished model calls of this run.

    usd is None when the price of a model is unknown.
    """

    id: int
    prompt: str
    state: RunState
    trigger: Trigger
    incident_id: int | None
    base_version: int
    seed: int
    path: tuple[str, ...]
    stop_reason: StopReason | None
    stop_detail: str
    proposal_id: int | None
    started_at: datetime
    finished_at: datetime | None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A hypothesis with its candidate and what became of it; (run_id, number) is the key.

    result: plain JSON of the comparison (delta, interval, n) or of the refusal (policy, findings); reason: a sentence.
    """

    run_id: int
    number: int
    round: int
    prompt: str
    strategy: str
    hypothesis: str
    content: Content
    content_hash: str
    state: AttemptState
    reason: str
    result: Mapping[str, Any]
    created_at: datetime
