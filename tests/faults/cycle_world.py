"""A world so small that a whole cycle takes a moment, and so clear that few items prove the gain."""

from library.store.stores import Library
from policies.rulebook import Rulebook
from tests.journeys import world

MAX_PARALLEL = 16


def rules() -> Rulebook:
    """Short searches on few items; a proof is still asked for."""
    return world.rulebook(
        harvest={"max_items": 160, "max_earlier_items": 0},
        teacher={"failing_examples": 4, "passing_examples": 2},
        search={"max_rounds": 2, "patience": 1, "select_items": 24, "gate_items": 60},
    )


NEW = {"account": ("loyalty stamps {n}",), "refund": ("voucher {n}",), "invoice": ("instalment {n}",)}
ADDED = {
    "- account: login, password and the address of a customer": "loyalty stamps",
    "- refund: money back for an order that was returned or cancelled": "voucher",
    "- invoice: bills, receipts and tax documents": "instalment",
}


def fill(library: Library) -> None:
    """Nine days of half the usual traffic without golden items; three topics get a new kind of message."""
    library.traces.add(*world.traffic(world.add_prompt(library), count=world.TRACES // 2, new=NEW))


def better(current: str, number: int) -> str:
    """Names the new kinds of one topic or of two, by turns; never of all, so that a second round is tried."""
    for line, more in list(ADDED.items())[: 1 + number % 2]:
        current = current.replace(line + "\n", f"{line}; {more}\n")
    return current
