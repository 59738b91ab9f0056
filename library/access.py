"""Who may come in through the server, and what each role may do.

fetch       resolve prompts, as applications do
ingest      send traces and scores
read        see everything there is
operate     add versions and data, start cycles, move labels that are not protected
review      decide on proposals, move protected labels
administer  tokens, retention, erasure
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from library.errors import InputError
from library.prompts import Actor

Role = Literal["ingest", "viewer", "operator", "reviewer", "admin"]
Deed = Literal["fetch", "ingest", "read", "operate", "review", "administer"]

MAY: Mapping[Role, frozenset[Deed]] = MappingProxyType(
    {
        "ingest": frozenset[Deed]({"fetch", "ingest"}),
        "viewer": frozenset[Deed]({"fetch", "read"}),
        "operator": frozenset[Deed]({"fetch", "ingest", "read", "operate"}),
        "reviewer": frozenset[Deed]({"fetch", "read", "operate", "review"}),
        "admin": frozenset[Deed]({"fetch", "ingest", "read", "operate", "review", "administer"}),
    }
)
"""What each role may do; nothing else is allowed."""

AGENT_ROLES: frozenset[Role] = frozenset({"ingest", "viewer", "operator"})
"""Roles that a token for a program may have: none of them decides."""

SECRET_BYTES = 32
PREFIX = "pk_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token. agent: it belongs to a program that works by itself, and can never approve anything."""

    id: int
    name: str
    role: Role
    agent: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. csrf: what its forms must send back. token_id: of the token it was opened with, if any."""

    name: str
    role: Role
    csrf: str
    created_at: datetime
    expires_at: datetime
    token_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a request: a name for the record, a role, and whether it is a program that works by itself."""

    name: str
    role: Role
    agent: bool = False

    def may(self, deed: Deed) -> bool:
        """Whether the role allows it; a program never reviews, whatever its role says."""
        return deed in MAY[self.role] and not (self.agent and deed in {"review", "administer"})

    @property
    def actor(self) -> Actor:
        """The same as the library knows it."""
        return Actor(name=self.name, kind="agent" if self.agent else "token", reviewer=self.may("review"))


def digest(secret: str) -> str:
    """What is stored of a secret: SHA-256, enough for one of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_token(name: str, role: Role, *, agent: bool) -> None:
    """Raise InputError unless such a token may be made."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise InputError("a token needs a name of 1 to 100 printable characters", "token", "Say whom it is for.")
    if agent and role not in AGENT_ROLES:
        raise InputError(
            f"a token for a program cannot have the role '{role}'",
            f"token '{name}'",
            f"Choose one of {', '.join(sorted(AGENT_ROLES))}: only people decide.",
        )
