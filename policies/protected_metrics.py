"""Metrics that a change must not harm, whatever it gains: each is looked at on its own and may veto."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from policies.acceptance import Comparison, Pair, compare
from policies.rulebook import AcceptanceRules
from policies.significance import holm, one_sided_p

ProtectedState = Literal["held", "unproven", "fell", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedMetric:
    """held: a loss of the margin is ruled out; fell: a loss is shown; unproven: neither; void: too much was lost to
    outages. p_loss: against no loss, adjusted for the number of metrics; comparison: the test against the margin."""

    metric: str
    state: ProtectedState
    p_loss: float
    comparison: Comparison
    reason: str

    @property
    def vetoes(self) -> bool:
        """Only what is shown to hold lets a change pass."""
        return self.state != "held"


def protected_metrics(
    pairs: Mapping[str, Sequence[Pair]], rules: AcceptanceRules, *, seed: int
) -> tuple[ProtectedMetric, ...]:
    """Every protected metric, by name; scores oriented so that more is better.

    Two questions to each: is a loss of the rulebook's protected_margin ruled out (all must pass, so no correction is
    due: Berger 1982), and is a loss of any size shown (Holm over the metrics, so that several of them do not refuse by
    chance).
    """
    names = sorted(pairs)
    within = rules.model_copy(update={"margin": rules.protected_margin})
    adjusted = holm([_loss_p(pairs[name], seed) for name in names])
    judged = []
    for name, p_loss in zip(names, adjusted, strict=True):
        comparison = compare(pairs[name], within, seed=seed, goal="non_inferior")
        state = _state(comparison, p_loss, rules)
        reason = f"protected metric {name} {_words(state, comparison, p_loss)}"
        judged.append(ProtectedMetric(metric=name, state=state, p_loss=p_loss, comparison=comparison, reason=reason))
    return tuple(judged)


def _loss_p(pairs: Sequence[Pair], seed: int) -> float:
    known = [p for p in pairs if p.baseline is not None and p.candidate is not None]
    losses = [(p.baseline or 0.0) - (p.candidate or 0.0) for p in known]
    return one_sided_p(losses, groups=[p.group for p in known], seed=seed)


def _state(comparison: Comparison, p_loss: float, rules: AcceptanceRules) -> ProtectedState:
    if comparison.verdict == "void":
        return "void"
    if p_loss <= rules.alpha:
        return "fell"
    return "held" if comparison.verdict == "non_inferior" else "unproven"


def _words(state: ProtectedState, comparison: Comparison, p_loss: float) -> str:
    if state == "fell":
        return f"falls by {-comparison.gain:.3f} on {comparison.n} items (p = {p_loss:.2g})"
    return {"held": "holds: ", "unproven": "is not shown to hold: ", "void": "was not measured: "}[
        state
    ] + comparison.reason
