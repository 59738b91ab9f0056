"""Cycles on their way to workers: who asks puts a wish into the queue, and any worker may take it out.

The queue only carries. Whether somebody may work on a prompt is decided by the claim in the library.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from agent.cycle import Edit, Wish
from agent.holding import dead
from library.store.queue_tables import QueueTables, install
from library.store.stores import Library
from tools.jobs import Errand, Sender, scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A wish on its way. if_due: whoever takes it looks first whether the prompt still needs a cycle."""

    wish: Wish
    if_due: bool = False

    def errand(self, at: datetime | None = None) -> Errand:
        """The same for the queue. at: not to be taken before."""
        prompt = self.wish.prompt
        # An edit carries a person's words: it must not be mistaken for the cycle that happens to wait.
        waiting = f"edit:{prompt}" if self.wish.edit is not None else f"cycle:{prompt}"
        return Errand(key=f"cycle:{prompt}", waiting=waiting, payload=asdict(self), at=at)


def order_of(payload: Mapping[str, Any]) -> Order:
    """An order as it was put into the queue."""
    said = dict(payload["wish"])
    edit = said.pop("edit")
    given = None if edit is None else Edit(**edit | {"texts": tuple(edit["texts"])})
    return Order(wish=Wish(**said, edit=given), if_due=payload["if_due"])


class CycleQueue:
    """Where cycles are asked for. Usable from any thread."""

    def __init__(self, library: Library, sender: Sender, now: Callable[[], datetime]) -> None:
        self._library, self._sender, self._now = library, sender, now

    def __call__(self, wish: Wish, *, if_due: bool = False) -> bool:
        """Put a wish into the queue; False when a cycle of the prompt is under way or waits already."""
        holder = self._library.runs.holder(wish.prompt)
        if holder is not None and holder.lease_until > self._now() and not dead(holder.owner):
            return False
        return self._sender.send(Order(wish=wish, if_due=if_due).errand())

    def close(self) -> None:
        """Give the connections back."""
        self._sender.close()


def prepare(library: Library) -> None:
    """Make the queue's tables in the library's database where they are missing or behind."""
    whole, migrations = scripts()
    install(library.db, QueueTables(whole=whole, migrations=migrations))


def open_queue(library: Library, now: Callable[[], datetime]) -> CycleQueue:
    """The queue in the library's own database; close it at the end. InputError where the library is SQLite."""
    conninfo = library.db.conninfo
    prepare(library)
    return CycleQueue(library, Sender(conninfo), now)


def left_behind(library: Library, now: datetime) -> tuple[Wish, ...]:
    """Cycles that nobody goes on with: their worker is gone, and so may be the job that carried them.

    An optimisation that somebody began by hand is theirs to go on with.
    """
    return tuple(
        Wish(prompt=run.prompt, trigger=run.trigger, comment=run.comment)
        for run in library.runs.abandoned(now=now)
        if run.trigger != "optimize"
    )
