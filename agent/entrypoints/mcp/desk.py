"""What the tools share: the library, the rules, who asks, and a way to start cycles."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from mcp.server.mcpserver.exceptions import ToolError

from agent.entrypoints.cli.output import to_json
from library.access import Caller, Deed
from library.errors import PromptkeeperError, Refused
from library.store.stores import Library
from policies.guardrails.policy import Policy
from policies.redaction import redact
from policies.rulebook import Rulebook

if TYPE_CHECKING:
    from agent.cycle import Wish

TOKEN = "PROMPTKEEPER_TOKEN"


class Cycles(Protocol):
    """Starts cycles elsewhere."""

    def __call__(self, wish: "Wish") -> bool:
        """Begin; False when a cycle of the prompt is under way already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """secret: the token that the server was started with, empty for none; it is looked up again at every call.

    approve: whether `[mcp] approve` lets a person sign here.
    """

    library: Library
    rulebook: Rulebook
    policy_for: Callable[[str], Policy]
    now: Callable[[], datetime]
    start: Cycles
    secret: str = ""
    audit_key: bytes = b""
    approve: bool = False

    def caller(self, deed: Deed) -> Caller:
        """Who asks, if they may; Refused otherwise.

        Without a token it is a program: on a library without tokens it may operate, else it only reads. A program
        never decides, and neither does a token that was made for one.
        """
        asking = self._asking()
        if not asking.may(deed):
            who = "a program" if asking.agent and deed == "review" else f"the role '{asking.role}'"
            raise Refused(f"{who} may not {deed}", asking.name, f"Set {TOKEN} to a token with another role.")
        return asking

    def _asking(self) -> Caller:
        if self.secret:
            token = self.library.access.token(self.secret, now=self.now())
            if token is None:
                raise Refused("the token is unknown, expired or revoked", TOKEN, "Ask an admin for a new one.")
            return Caller(name=token.name, role=token.role, agent=token.agent)
        guarded = self.library.access.guarded(now=self.now())
        return Caller(name="mcp", role="viewer" if guarded else "operator", agent=True)


def without_secrets(value: Any) -> Any:
    """The product's values as plain JSON, with keys, addresses and numbers of people taken out of every text."""
    return _clean(to_json(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def in_one_line(tool: Callable[..., Any]) -> Callable[..., Any]:
    """A tool or resolver whose errors come out as the product says them; other errors name only their kind."""

    @functools.wraps(tool)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return tool(*args, **kwargs)
        except PromptkeeperError as error:
            raise ToolError(str(error)) from error

    return told
