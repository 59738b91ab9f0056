"""What the handlers share: the library, the policies, the clock, and ways to start long work."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from agent.chat.conversation import Conversation
from agent.cycle import Wish
from agent.entrypoints.web.parcels import Parcel, Taken
from library.store.stores import Library
from policies.guardrails.policy import Policy
from policies.rulebook import Rulebook
from tools.memory import OpenMemory


class Background(Protocol):
    """The scheduler, as the pages see it."""

    @property
    def state(self) -> Mapping[str, Any]:
        """When it ticks next, whether it is paused, what the last tick did."""

    def run_now(self) -> None:
        """Tick at once, unless a tick is running."""


class Intake(Protocol):
    """Where traces and scores go."""

    def send(self, parcel: Parcel) -> Awaitable[Taken]:
        """Store what the parcel holds and answer once it is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Everything a handler may use. origin names: hosts under which browsers may reach the server, without port.

    start: begins a cycle in a process of its own and returns at once. secret: makes an unguessable text.
    local: bound to loopback, where programs of this machine may come in without a token while there is none.
    """

    library: Library
    policy_for: Callable[[str], Policy]
    rulebook: Rulebook
    open_memory: OpenMemory
    now: Callable[[], datetime]
    secret: Callable[[], str]
    background: Background
    intake: Intake
    start: Callable[[Wish], bool]
    converse: Callable[[], Conversation]
    names: Sequence[str]
    local: bool
    own_changes: bool = True
    session: timedelta = timedelta(hours=12)
    body_limit: int = 16 * 2**20


def door_of(request: Request) -> Door:
    """The door that this application stands at."""
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


AtDoor = Annotated[Door, Depends(door_of)]
"""A handler's parameter: the door."""
