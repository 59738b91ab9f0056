"""What the steps work with: the library, the models, the memory, the rules. Put together in `bootstrap.py` only."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from library.calls import Caps
from library.runs import Claim
from library.store.stores import Library
from policies.guardrails.policy import Policy
from policies.rulebook import Rulebook
from tools.functions import Functions
from tools.memory import OpenMemory
from tools.models import Model
from tools.spans import NO_SPANS, Spans

P = ParamSpec("P")
T = TypeVar("T")


class Progress(Protocol):
    """Somebody who likes to know how far long work is."""

    def __call__(self, message: str, done: int | None = None, total: int | None = None) -> None:
        """Say what is being done; done of total where it can be counted."""


def silent(message: str, done: int | None = None, total: int | None = None) -> None:
    """Progress that nobody reads."""


class NoClaim(RuntimeError):
    """A step that writes was run outside a cycle: a mistake in the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a step may use. claim is set for the length of one cycle.

    now: the clock (aware, UTC). policy_for: the guardrail policy of a prompt. label: what approval moves.
    judge: None where none is set; online_caps: what judging live traffic may cost in a day. functions: the project's
    own metrics; spans: where cycles and steps are told to, nowhere unless telemetry is on.
    """

    library: Library
    student: Model
    teacher: Model
    open_memory: OpenMemory
    rulebook: Rulebook
    policy_for: Callable[[str], Policy]
    caps: Caps
    now: Callable[[], datetime]
    label: str = "production"
    max_parallel: int = 64
    progress: Progress = silent
    claim: Claim | None = None
    judge: Model | None = None
    online_caps: Caps = field(default_factory=Caps)
    functions: Functions = field(default_factory=Functions)
    spans: Spans = NO_SPANS

    def held(self) -> Claim:
        """The claim of the running cycle."""
        if self.claim is None:
            raise NoClaim
        return self.claim

    @property
    def scope(self) -> str:
        """The ledger scope of the running cycle."""
        return f"run:{self.held().run_id}"


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run synchronous work (SQL, hashing, statistics) off the event loop."""
    return await asyncio.to_thread(function, *args, **kwargs)
