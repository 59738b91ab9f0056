"""A run: one pass of the graph over one prompt, under a claim; and the attempts it made."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from library.calls import ModelRole
from library.prompts import Content

RunState = Literal["running", "finished", "failed"]
Trigger = Literal["incident", "force", "revision", "optimize", "edit"]
"""What started a run: a detected degradation, a person, a reviewer who asked for changes, `promptkeeper optimize`, a
reviewer who wrote the change."""

StopReason = Literal[
    "proposed",
    "healthy",
    "not_the_prompt",
    "no_data",
    "no_better_candidate",
    "converged",
    "not_proven",
    "only_duplicates",
    "guardrails_refuse",
    "teacher_down",
    "models_down",
    "judge_too_noisy",
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
class RunOptions:
    """What a person asked of one run only; kept with the run, so that it goes on with the same after a crash.

    dataset: only its items (and anchors) take part; strategy: the only one that writes; rounds: at most so many;
    usd, calls: caps of this run, US dollars and model calls. Empty and None: as the settings and the rulebook say.
    draft: a content that a person wrote, as JSON, to be tested instead of a search; author: who wrote it.
    """

    dataset: str = ""
    strategy: str = ""
    rounds: int | None = None
    usd: float | None = None
    calls: int | None = None
    draft: str = ""
    author: str = ""

    def to_json(self) -> dict[str, Any]:
        """What was asked for, and nothing else."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.to_json().items()) or "no options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One cycle. path: graph nodes visited, in order; options: what a person asked of this run only."""

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
    options: RunOptions = RunOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One finished model call of a run: when, by which role (student, teacher, judge), tokens, US dollars or None."""

    at: datetime
    role: ModelRole
    tokens_in: int
    tokens_out: int
    cost: float | None


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
