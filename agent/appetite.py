"""How much a teacher is shown and how it is asked: one that costs nothing reads much and is asked by every strategy."""

from dataclasses import dataclass

from agent.services import Services
from tools.embedded.provider import PROVIDER

AUTO = "auto"
PAID = ("several",)
FREE = ("surgical", "clarify", "examples")


@dataclass(frozen=True, slots=True, kw_only=True)
class Appetite:
    """Examples and characters of one request, and the strategies by name. free: tokens cost nothing.

    look: most learn items that are run to find examples.
    """

    free: bool
    failing: int
    passing: int
    request: int
    strategies: tuple[str, ...]

    @property
    def look(self) -> int:
        """Enough items that those which are shown can be chosen among them."""
        return 3 * (self.failing + self.passing) if self.free else 2 * self.failing


def appetite_of(services: Services) -> Appetite:
    """What the rulebook says for the teacher of these services."""
    rules = services.rulebook.teacher
    free = services.teacher.name.startswith(f"{PROVIDER}/")
    named = services.rulebook.search.strategies
    return Appetite(
        free=free,
        failing=rules.free_failing_examples if free else rules.failing_examples,
        passing=rules.free_passing_examples if free else rules.passing_examples,
        request=rules.free_request_characters if free else rules.request_characters,
        strategies=named if named != (AUTO,) else FREE if free else PAID,
    )


def free_student(services: Services) -> bool:
    """Whether running a prompt costs nothing: then everything is run on everything, and nothing has to be guessed."""
    return services.student.name.startswith(f"{PROVIDER}/")
