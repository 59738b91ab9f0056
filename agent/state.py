"""The state of a cycle: ids and plain JSON only, so that a checkpoint can be read by people and by later versions."""

from operator import add
from typing import Annotated, Any, TypedDict


class Stop(TypedDict):
    """Why the cycle ends: a `library.runs.StopReason` and a sentence."""

    reason: str
    detail: str


class CycleState(TypedDict, total=False):
    """What the six steps hand to each other. Each field: what it is, and who writes it."""

    # Written once by agent/cycle.py, never changed.
    prompt: str  # name of the prompt
    run_id: int
    trigger: str  # incident, force, revision
    base_version: int  # the version that is live under the label, and that a proposal would replace
    seed: int  # of every random choice in the run
    comment: str  # what a reviewer asked for, when the trigger is a revision

    # monitor
    incident_id: int | None

    # diagnose
    diagnosis: dict[str, Any]  # cause, sentence, kinds of failure; see steps/diagnose.py

    # hypothesize
    round: int  # 1 in the first round
    hypotheses: list[dict[str, Any]]  # name, cause, fix, evidence (item ids), cited

    # rewrite
    candidates: list[int]  # numbers of this round's attempts that guardrails let through

    # test
    best: int  # number of the best attempt so far, 0 while it is the live version
    flat_rounds: int  # rounds in a row that gained nothing
    scores: dict[str, float]  # select score of the live version ("0") and of every tested attempt
    accepted: bool  # the winner passed the gate

    # propose
    proposal_id: int | None

    # Every step.
    path: Annotated[list[str], add]  # the steps taken so far, in order

    # Whoever ends the cycle early.
    stop: Stop | None
