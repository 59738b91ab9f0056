"""What a guardrail saw and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Decision = Literal["allow", "flag", "block"]
Severity = Literal["warn", "flag", "block"]
Side = Literal["current", "candidate"]

RANK: Mapping[str, int] = {"allow": 0, "warn": 0, "flag": 1, "block": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place in the raw text a person sees: character offsets, end exclusive."""

    side: Side
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a policy objects to: what changed, from, to, why it matters, how to mend it."""

    policy: str
    rule: str
    severity: Severity
    message: str
    fix_hint: str = ""
    spans: tuple[Span, ...] = ()
    clause_id: str | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The combined answer of all policies; deny overrides.

    checked: policy ids that ran; waived: findings set aside by a named, unexpired waiver (shown, not counted);
    the digests bind the verdict to exactly the texts and policy that were compared.
    """

    decision: Decision
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    waived: tuple[Finding, ...] = ()
    policy_digest: str
    current_digest: str
    candidate_digest: str

    @property
    def fired(self) -> tuple[str, ...]:
        """Policy ids with a finding of severity flag or block, sorted, each once."""
        return tuple(sorted({f.policy for f in self.findings if RANK[f.severity] > 0}))
