"""Why a canary goes on, stays or goes back, in one sentence for people."""

from library.operations import RELATIVE, factor
from policies.rollout_strata import Scope


def rolled_back(metric: str, segment: str | None, scope: Scope) -> str:
    """What was lost, with its interval, on how many calls."""
    where = f" in segment {segment}" if segment else ""
    return f"{metric} is {_worse(metric, scope)}{where}, on {_calls(scope)}"


def held(n_stage: int, needed: int, n_control: int) -> str:
    """What is still missing on this step."""
    if n_stage >= needed:
        return f"{n_stage:,} scored calls on this step, but only {n_control:,} of the control to hold them against"
    return f"{n_stage:,} of {needed:,} scored calls on this step"


def advanced(metric: str, scope: Scope, n_stage: int) -> str:
    """That nothing speaks against it, and how far the gain is known."""
    return f"nothing speaks against it after {n_stage:,} scored calls on this step: {metric} {_gain(metric, scope)}"


def _worse(metric: str, scope: Scope) -> str:
    loss, low, high = scope.loss or 0.0, scope.low or 0.0, scope.high or 0.0
    if metric in RELATIVE:
        return f"{factor(loss):.2f} times that of the control (95 % interval {factor(low):.2f} to {factor(high):.2f})"
    return f"{100 * loss:.1f} points worse (95 % interval {100 * low:.1f} to {100 * high:.1f})"


def _gain(metric: str, scope: Scope) -> str:
    if scope.loss is None or scope.low is None or scope.high is None:
        return "is not known"
    if metric in RELATIVE:
        return _worse(metric, scope)
    return (
        f"{-100 * scope.loss:+.1f} points (95 % interval {-100 * scope.high:+.1f} to {-100 * scope.low:+.1f}), "
        f"on {_calls(scope)}"
    )


def _calls(scope: Scope) -> str:
    return f"{scope.n_canary:,} calls against {scope.n_control:,}"
