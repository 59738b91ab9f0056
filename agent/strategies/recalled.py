"""Recalled: what repaired a similar failure before, and held, put into the present prompt. No model writes anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.services import Services
from agent.strategies.strategy import Draft
from agent.teacher.request import Briefing, Example, texts_of
from library.failures import HeldFix
from library.prompts import Content
from policies.clause_edits import Hunk, applied, hunks_between, merged, stems
from policies.harvest import evenly
from policies.transplant import transplanted

RECALLED = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """One candidate of all remembered fixes that fit, the most similar failure first; none where nothing fits.

    A fix is the clause edits between the prompt that was live then and the one that was approved.
    """

    name: str = RECALLED
    reasons: bool = False

    async def write(
        self, services: Services, briefing: Briefing, hypotheses: Sequence[dict[str, Any]], hints: Sequence[str]
    ) -> tuple[Draft, ...]:
        """Put the remembered edits together; the teacher is not asked."""
        fitting = [(fix, _fitting(fix, briefing.prompt)) for fix in briefing.fixes]
        hunks = merged([found for _, found in fitting], services.rulebook.search.same_idea)
        if not hunks:
            return ()
        texts = applied(texts_of(briefing.prompt), hunks)
        return (
            Draft(
                content=briefing.prompt.with_text(texts),
                hypothesis=_told([fix for fix, found in fitting if found]),
                predicted_fixed=(),
                predicted_risks="It was written for another prompt or another time.",
                explicit=True,
            ),
        )


def likeliest(fixes: Sequence[HeldFix], failing: Sequence[Example], count: int) -> list[Example]:
    """The failing examples to try remembered fixes on: half of them most like the failures of then, half of the rest.

    Alike are examples whose words, or right answers, stand in the texts by which those failures are remembered.
    """
    known = stems("\n".join(fix.text for fix in fixes))

    def likeness(example: Example) -> float:
        said = stems("\n".join([*example.item.inputs.values(), example.item.expected or ""]))
        return len(said & known) / len(said) if said else 0.0

    ranked = sorted(failing, key=lambda e: -likeness(e))
    first = ranked[: (count + 1) // 2]
    return [*first, *evenly(ranked[len(first) :], count - len(first))]


def _fitting(fix: HeldFix, prompt: Content) -> tuple[Hunk, ...]:
    if (fix.after.kind, fix.after.format) != (prompt.kind, prompt.format):
        return ()
    donor = texts_of(fix.before)
    return transplanted(donor, hunks_between(donor, texts_of(fix.after)), texts_of(prompt))


def _told(fixes: Sequence[HeldFix]) -> str:
    places = ", ".join(dict.fromkeys(f"{fix.prompt}@{fix.version}" for fix in fixes))
    return f"What repaired similar failures in {places} repairs them here as well."
