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
    trigger: str  # incident, force, revision, optimize
    base_version: int  # the version that is live under the label, and that a proposal would replace
    seed: int  # of every random choice in the run
    comment: str  # what a reviewer asked for, when the trigger is a revision
    dataset: str  # only items of this dataset, and anchors, take part; empty: all
    rounds: int  # at most so many rounds; 0: as the rulebook says

    # monitor
    incident_id: int | None

    # diagnose
    diagnosis: dict[str, Any]  # cause, sentence, kinds of failure; see steps/diagnose.py

    # hypothesize
    round: int  # 1 in the first round
    look: dict[str, Any]  # learn items run under the best so far: its number, ids of those that fail and that pass
    hypotheses: list[dict[str, Any]]  # name, cause, fix, evidence (item ids), cited
    ended: str  # why no more is written although rounds are left: the teacher is down, or nothing fails any more

    # rewrite
    candidates: list[int]  # numbers of this round's attempts that guardrails let through

    # test
    best: int  # number of the best attempt so far, 0 while it is the live version
    flat_rounds: int  # rounds in a row that gained nothing
    race: list[str]  # ids of the select items that the best so far was run on, in the order of the race
    scores: dict[str, float]  # score of the live version ("0") and of attempts on the select items they were run on
    accepted: bool  # the winner passed the gate

    # propose
    proposal_id: int | None

    # Every step.
    path: Annotated[list[str], add]  # the steps taken so far, in order

    # Whoever ends the cycle early.
    stop: Stop | None
