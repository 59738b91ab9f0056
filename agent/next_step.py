"""What would change the end of a run: one sentence for each reason why a run stops."""

from collections.abc import Mapping

from library.runs import Run, StopReason

WOULD_CHANGE: Mapping[StopReason, str] = {
    "proposed": "A person decides: approve, reject or ask for changes.",
    "healthy": "Nothing is wrong; `promptkeeper optimize` looks for a better version all the same.",
    "not_the_prompt": "Mend what is to blame; another wording cannot.",
    "no_data": "Add items with expected answers, or import traces that have them.",
    "no_better_candidate": "More learn items, another --strategy, or a stronger teacher would give other candidates.",
    "converged": "What is left is chance or needs other ideas: more learn items, or a stronger teacher.",
    "not_proven": "More gate items would settle a gain of this size; a larger gain needs fewer.",
    "only_duplicates": "New learn items, another --strategy or a changed teacher would bring new ideas.",
    "guardrails_refuse": "See the reasons of the blocked attempts; the policy or the teacher's task has to change.",
    "teacher_down": "Try again when the teacher answers; `promptkeeper doctor` says what is reachable.",
    "models_down": "Try again when the models answer; `promptkeeper doctor` says what is reachable.",
    "budget_spent": "A larger budget; the answers that were paid for stay in the library.",
    "waiting_for_review": "Decide on the proposal that waits, then run it again.",
    "judge_too_noisy": "Mend the judge: a clearer rubric or a stronger model; or use a metric without a judge.",
    "superseded": "The live version moved meanwhile; run it again on the new one.",
    "error": "Mend what the sentence names, then run it again.",
}
"""By reason, in words for the person who started the run."""


def would_change(run: Run) -> str:
    """What would change the run's end; empty while it has not ended."""
    return WOULD_CHANGE.get(run.stop_reason, "") if run.stop_reason else ""
