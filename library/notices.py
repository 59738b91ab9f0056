"""A notice: one event on its way to one channel (a webhook, a chat, a mailbox), kept until it is delivered.

pending   to be sent at next_at, for the first time or once more
sent      the receiver has taken it
failed    given up: every try failed, or none could succeed; a person may send it on its way again
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from library.errors import Refused

NoticeState = Literal["pending", "sent", "failed"]

MOVES: Mapping[NoticeState, frozenset[NoticeState]] = MappingProxyType(
    {
        "pending": frozenset({"sent", "failed"}),
        "sent": frozenset(),
        "failed": frozenset({"pending"}),
    }
)
"""Every legal move; what was delivered is never sent again."""

TEST = "test"
"""The event of a message that a person sends to try a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a notice says. event: its kind, such as `incident.opened`; prompt: whom it is about; subject: `incident 7`.

    at: when it happened. title: one line; text: a few plain sentences, never production text; link: the page about it,
    empty where the server's address is not set. facts: plain JSON for programs.
    """

    event: str
    prompt: str
    subject: str
    at: datetime
    title: str
    text: str
    link: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A telling for a channel. key: the id that every try carries, so that a receiver can drop repeats.

    line: number of the audit line it tells of. attempts: tries begun; next_at: when the next one is due; while one is
    under way, when it counts as lost. error: what the last try met.
    """

    id: int
    key: str
    channel: str
    line: int | None
    telling: Telling
    state: NoticeState
    attempts: int
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None = None
    error: str = ""


def check_move(notice: Notice, to: NoticeState) -> None:
    """Raise Refused unless the notice may go to this state."""
    if to not in MOVES[notice.state]:
        raise Refused(f"a notice that is {notice.state} cannot become {to}", f"notice {notice.id}", "Nothing changed.")
