"""A world so small that a whole cycle takes a moment: few items, one round, several commits at a time."""

from library.store.stores import Library
from policies.rulebook import Rulebook
from tests.journeys import world

MAX_PARALLEL = 8


def rules() -> Rulebook:
    """Short searches on few items; a proof is still asked for."""
    return world.rulebook(
        harvest={"max_items": 110, "max_earlier_items": 0},
        teacher={"failing_examples": 4, "passing_examples": 2},
        search={"max_rounds": 2, "patience": 1, "select_items": 16, "gate_items": 40},
        acceptance={"min_pairs": 10, "alpha": 0.2},
    )


def fill(library: Library) -> None:
    """The usual traffic, without golden items."""
    library.traces.add(*world.traffic(world.add_prompt(library)))
