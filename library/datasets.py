"""Test data: items with a role that says who may see them."""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from library.prompts import canonical_json

ItemRole = Literal["learn", "select", "gate", "anchor"]
RoleChoice = Literal["learn", "select", "gate", "anchor", "auto"]
ROLE_SHARES: tuple[tuple[ItemRole, float], ...] = (("learn", 0.4), ("select", 0.3), ("gate", 0.3))
HARVEST = "harvest"
"""The dataset name under which a prompt's harvested items live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One test case. A teacher may read `learn` only; `select` gives scores; `gate` is opened once per proposal;
    `anchor` must always pass.

    id: stable hash of prompt, dataset, inputs. group: related items share a role (a conversation, one normalised text).
    source: `import`, or `harvest` with the trace and incident it came from. trusted: may count as gate evidence.
    """

    id: str
    prompt: str
    dataset: str
    role: ItemRole
    inputs: Mapping[str, str]
    expected: str | None
    segment: str | None = None
    tags: tuple[str, ...] = ()
    group: str = ""
    source: Literal["import", "harvest"] = "import"
    trusted: bool = True
    trace_id: str | None = None
    incident_id: int | None = None
    baseline_score: float | None = None
    created_at: datetime


def normalised(inputs: Mapping[str, str]) -> str:
    """Inputs folded for de-duplication: case, spacing and punctuation do not count."""
    folded = unicodedata.normalize("NFKC", "\n".join(inputs[k] for k in sorted(inputs))).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def item_id(prompt: str, dataset: str, inputs: Mapping[str, str]) -> str:
    """`i-` and 12 hex digits: the same inputs in the same dataset are the same item."""
    said = canonical_json([prompt, dataset, dict(inputs)])
    return "i-" + hashlib.sha256(said.encode()).hexdigest()[:12]


def role_for(prompt: str, group: str) -> ItemRole:
    """The role that the stable hash of a group gives: 40 % learn, 30 % select, 30 % gate.

    The same text gets the same role in every dataset of a prompt, so nothing a teacher has read can prove a gain.
    """
    digest = hashlib.sha256(f"{prompt}\x1f{group}".encode()).digest()
    at = int.from_bytes(digest[:8], "big") / 2**64
    for role, share in ROLE_SHARES:
        if at < share:
            return role
        at -= share
    return "gate"
