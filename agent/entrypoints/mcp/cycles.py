"""Starting cycles for agents: given to the workers on PostgreSQL, else in processes of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from library.store.stores import Library

if TYPE_CHECKING:
    from agent.cycle import Wish
    from agent.entrypoints.mcp.desk import Cycles
    from agent.settings import Settings


class _Lazy:
    """Opens what runs cycles when the first one is asked for: most sessions only read."""

    def __init__(self, open_it: Callable[[], "Cycles"]) -> None:
        self._open, self._opened = open_it, list["Cycles"]()

    def __call__(self, wish: "Wish") -> bool:
        if not self._opened:
            self._opened.append(self._open())
        return self._opened[0](wish)


@contextmanager
def opened_cycles(settings: "Settings", library: Library, now: Callable[[], datetime]) -> "Iterator[Cycles]":
    """A way to start cycles. At the end those of this process are stopped; each goes on from its last step later."""
    with ExitStack() as stack:

        def open_it() -> "Cycles":
            from agent.entrypoints.scheduler import Children, run_in_child
            from agent.entrypoints.web.server import Starter
            from agent.queue import open_queue

            if library.db.dialect == "postgresql":
                queue = open_queue(library, now)
                stack.callback(queue.close)
                return queue
            children = Children(settings.root.absolute())
            starter = Starter(run_in_child(children))
            stack.callback(children.stop)
            stack.callback(starter.close)
            return starter

        yield _Lazy(open_it)
