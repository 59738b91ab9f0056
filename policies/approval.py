"""May a tested candidate be queued? Default deny: everything must have been shown, and nothing may object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.acceptance import Comparison, ComparisonVerdict, Goal
from policies.protected_metrics import ProtectedMetric
from policies.verdict import Verdict

PROVES: Mapping[Goal, frozenset[ComparisonVerdict]] = {
    "gain": frozenset({"better"}),
    "non_inferior": frozenset({"non_inferior"}),
}
"""Which verdicts show what a change is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a candidate goes into the queue, and the reason in one sentence."""

    admitted: bool
    reason: str


def admit(
    *,
    verdict: Verdict | None,
    comparison: Comparison | None,
    broken_anchors: Sequence[str],
    golden_loss: str | None,
    goal: Goal = "gain",
    protected: Sequence[ProtectedMetric] = (),
) -> Admission:
    """Admit a candidate only when guardrails passed, its goal is proven, no anchor broke, golden data held and every
    protected metric was shown to hold."""
    if verdict is None or verdict.decision == "block":
        return Admission(admitted=False, reason="guardrails refuse it")
    if comparison is None:
        return Admission(admitted=False, reason="it was never compared with what is live")
    if comparison.goal != goal or comparison.verdict not in PROVES[goal]:
        return Admission(admitted=False, reason=comparison.reason)
    harm = _harm(broken_anchors, golden_loss, protected)
    return Admission(admitted=harm is None, reason=comparison.reason if harm is None else harm)


def _harm(broken_anchors: Sequence[str], golden_loss: str | None, protected: Sequence[ProtectedMetric]) -> str | None:
    if broken_anchors:
        return f"it breaks {len(broken_anchors)} anchor item(s): {broken_anchors[0]}"
    if golden_loss is not None:
        return golden_loss
    return next((one.reason for one in protected if one.vetoes), None)
