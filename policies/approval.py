"""May a tested candidate be queued? Default deny: everything must have been shown, and nothing may object."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.acceptance import Comparison
from policies.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a candidate goes into the queue, and the reason in one sentence."""

    admitted: bool
    reason: str


def admit(
    *, verdict: Verdict | None, comparison: Comparison | None, broken_anchors: Sequence[str], golden_loss: str | None
) -> Admission:
    """Admit a candidate only when guardrails passed, the gain is proven, no anchor broke and golden data held."""
    if verdict is None or verdict.decision == "block":
        return Admission(admitted=False, reason="guardrails refuse it")
    if comparison is None:
        return Admission(admitted=False, reason="it was never compared with what is live")
    if comparison.verdict != "better":
        return Admission(admitted=False, reason=comparison.reason)
    if broken_anchors:
        return Admission(admitted=False, reason=f"it breaks {len(broken_anchors)} anchor item(s): {broken_anchors[0]}")
    if golden_loss is not None:
        return Admission(admitted=False, reason=golden_loss)
    return Admission(admitted=True, reason=comparison.reason)
