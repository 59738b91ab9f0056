"""What is to blame for a degradation, decided by rules on the traces before and after the onset."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from library.traces import Trace
from policies.rulebook import DiagnosisRules

Cause = Literal["prompt", "new_topic", "outage", "model_changed"]

REWRITABLE: frozenset[Cause] = frozenset({"prompt", "new_topic"})
"""Causes that a better prompt can answer; for the others the incident gets a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The cause, and the sentence that a person reads."""

    cause: Cause
    sentence: str


def attribute(
    before: Sequence[Trace], after: Sequence[Trace], *, new_words: Sequence[str], rules: DiagnosisRules
) -> Attribution:
    """Name the cause. new_words: words of failing messages that hardly occurred before the onset."""
    failed = sum(t.error is not None for t in after)
    if after and failed / len(after) >= rules.outage_share:
        kinds = Counter(t.error.type for t in after if t.error is not None)
        named = ", ".join(f"{kind} ({count})" for kind, count in kinds.most_common(3))
        return Attribution(
            cause="outage",
            sentence=f"{failed} of {len(after)} calls since the onset failed: {named}. No rewrite helps.",
        )
    known = {t.response_model for t in before if t.response_model}
    fresh = Counter(t.response_model for t in after if t.response_model and t.response_model not in known)
    if known and after and sum(fresh.values()) / len(after) >= rules.new_model_share:
        model = fresh.most_common(1)[0][0]
        return Attribution(
            cause="model_changed",
            sentence=f"since the onset another model answers: {model} instead of {', '.join(sorted(known)[:3])}.",
        )
    if new_words:
        return Attribution(
            cause="new_topic",
            sentence=f"messages of kinds that hardly came before the onset: {', '.join(new_words[:8])}.",
        )
    return Attribution(cause="prompt", sentence="the same kinds of message as before are answered worse.")
