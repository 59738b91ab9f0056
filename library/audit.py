"""The audit log: every decision, in a hash chain, so that a removed or changed line shows."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from library.prompts import canonical_json

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line: who did what to which subject; `hash` covers everything above and the hash of the line before."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    hash: str


def chain_hash(
    previous: str, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any], key: bytes = b""
) -> str:
    """SHA-256 of the line and the hash before it; HMAC-SHA-256 (RFC 2104) when a key is set."""
    said = canonical_json([previous, at.isoformat(), actor, action, subject, dict(detail)]).encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest() if key else hashlib.sha256(said).hexdigest()
