"""A canary: a staged release of an approved version under a label, while the label still stands on the base version.

running        its share of subjects is served the canary's version; both arms are compared at every look
paused         a person stopped the steps; the shares stay as they are, and a loss still rolls it back
waiting        every step was passed; the move of the label waits for a reviewer's second signature
promoted       the label moved to the canary's version for good
rolled_back    everybody is served the base version again; `reason` says why
superseded     the label was moved by hand, or another version took its place
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from library.errors import InputError, Stale

CanaryState = Literal["running", "paused", "waiting", "promoted", "rolled_back", "superseded"]
ArmName = Literal["control", "canary"]

MOVES: Mapping[CanaryState, frozenset[CanaryState]] = MappingProxyType(
    {
        "running": frozenset({"paused", "waiting", "promoted", "rolled_back", "superseded"}),
        "paused": frozenset({"running", "waiting", "promoted", "rolled_back", "superseded"}),
        "waiting": frozenset({"running", "paused", "promoted", "rolled_back", "superseded"}),
        "promoted": frozenset(),
        "rolled_back": frozenset(),
        "superseded": frozenset(),
    }
)
"""Every legal move: what has ended stays ended."""

ACTIVE: frozenset[CanaryState] = frozenset({"running", "paused", "waiting"})
FULL = 100
_ARM = re.compile(r"([1-9][0-9]{0,17}):([1-9][0-9]?):(control|canary)")
_SHARES = 10_000  # a subject falls into one of so many places, so a share is exact to a hundredth of a percent


class Arm(NamedTuple):
    """Which side of which canary served a call, and at which share in percent it was drawn. As text (`7:25:canary`) it
    goes out with the prompt and comes back with the trace, so that a call that is late, or was served from a cache, is
    never counted for another canary or another step."""

    canary_id: int
    percent: int
    name: ArmName

    def __str__(self) -> str:
        return f"{self.canary_id}:{self.percent}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSum:
    """What one arm scored in one segment and one stretch of trace time, among calls that were drawn at one share.

    percent: that share. bucket: the stretch, by its first grid step (see `library.trends`): a grid step on the
    canary's first day, an hour later on. n, sum, sumsq: number, sum and
    sum of squares of the scores, each in [0, 1] and higher better, for time and cost too (see `library.operations`);
    low, high: smallest and largest score. Revisions of an evaluator never share a sum.
    """

    arm: ArmName
    metric: str
    evaluator: str
    revision: str
    segment: str
    percent: int
    bucket: int
    n: int
    sum: float
    sumsq: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A share of subjects in percent, and since when it is served."""

    percent: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One staged release.

    content_hash: of the version, as a reviewer approved it. steps: the shares in percent, rising, the last one 100
    (the label moves). history: the steps so far, the present one last. reading: plain JSON of the last comparison of
    the arms (see `agent.release.reading`), None before the first. realised: the same at the end, beside what the
    proposal promised, None while it is active. started_by: the reviewer whose decision this is; ended_by: who ended
    it (`release` when the figures did).
    """

    id: int
    prompt: str
    label: str
    base_version: int
    version: int
    content_hash: str
    proposal_id: int | None
    incident_id: int | None
    state: CanaryState
    steps: tuple[int, ...]
    history: tuple[Step, ...]
    reading: Mapping[str, Any] | None
    realised: Mapping[str, Any] | None
    started_at: datetime
    started_by: str
    updated_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str = ""

    @property
    def active(self) -> bool:
        """Whether it still decides what subjects are served."""
        return self.state in ACTIVE

    @property
    def percent(self) -> int:
        """The share of subjects that is served the canary's version now: 0 or 100 after its end."""
        if self.active:
            return self.history[-1].percent
        return FULL if self.state == "promoted" else 0

    @property
    def next_percent(self) -> int:
        """The share after the present one; 100 means that the label moves."""
        return next((p for p in self.steps if p > self.history[-1].percent), FULL)

    def arm(self, subject: str) -> Arm:
        """The arm of a subject at the present step: the same at every call, and once canary, canary at later steps."""
        share = place_of(self.prompt, self.id, subject) * FULL / _SHARES
        return Arm(self.id, self.percent, "canary" if share < self.percent else "control")


def place_of(prompt: str, canary_id: int, subject: str) -> int:
    """Where a subject falls, evenly in 0 … 9999: the same on every machine, another one in every canary."""
    said = f"{prompt}\n{canary_id}\n{subject}".encode("utf-8", "surrogatepass")
    # 64 random bits over 10,000 places: uneven by less than one part in 10^15.
    return int.from_bytes(hashlib.sha256(said).digest()[:8]) % _SHARES


def read_arm(text: str) -> Arm:
    """The arm that a trace names; InputError unless it is one as the library gave it out."""
    match = _ARM.fullmatch(text)
    if match is None:
        raise InputError(
            f"'{text[:40]}' is not an arm",
            "arm",
            "Send it as the prompt was answered with it, for example 7:25:canary.",
        )
    return Arm(int(match[1]), int(match[2]), "canary" if match[3] == "canary" else "control")


def check_steps(steps: tuple[int, ...], place: str) -> tuple[int, ...]:
    """Return the steps if they rise from at least 1 to 100 percent, else raise InputError."""
    rising = all(a < b for a, b in pairwise(steps))
    if not steps or steps[0] < 1 or steps[-1] != FULL or not rising:
        raise InputError(f"the steps {list(steps)} are not a release", place, "Let them rise and end at 100.")
    return steps


def check_move(canary: Canary, to: CanaryState) -> None:
    """Raise Stale unless the canary may go to this state."""
    if to not in MOVES[canary.state]:
        who = f" by {canary.ended_by}" if canary.ended_by else ""
        raise Stale(f"the canary is already {said(canary.state)}{who}", f"canary {canary.id}", "Nothing was changed.")


def said(state: CanaryState) -> str:
    """The state in words."""
    return state.replace("_", " ")
