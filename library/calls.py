"""The call ledger: every finished model call, committed before its answer is used."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from library.prompts import Message, canonical_json

ModelRole = Literal["student", "teacher", "judge", "chat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A finished call. scope: what it was made for (`run:12`, `evaluate:…`); key: hash of everything that was asked.

    (scope, key) is unique: asking again within the scope gives this answer and costs nothing.
    cost in US dollars, None where the price is unknown; latency in milliseconds.
    """

    scope: str
    key: str
    role: ModelRole
    model: str
    response_model: str
    output: str
    finish_reason: str
    tokens_in: int
    tokens_out: int
    cost: float | None
    latency_ms: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The worst-case cost of a call that is about to be sent. usd is None where the price is unknown."""

    scope: str
    key: str
    usd: float | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Limits a reservation must fit: US dollars and calls for its scope, US dollars for the UTC day; None: no limit."""

    usd_per_scope: float | None = None
    calls_per_scope: int | None = None
    usd_per_day: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a scope has cost so far. usd is None when some call had no known price."""

    calls: int
    tokens_in: int
    tokens_out: int
    usd: float | None


def call_key(
    role: ModelRole, model: str, messages: Sequence[Message], parameters: Mapping[str, Any], repeat: int
) -> str:
    """Hash of role, model, messages, parameters and repeat index: equal keys are the same question."""
    said = canonical_json([role, model, [[m.role, m.content] for m in messages], dict(parameters), repeat])
    return hashlib.sha256(said.encode()).hexdigest()
