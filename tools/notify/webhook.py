"""A webhook, signed as the Standard Webhooks specification says (https://www.standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from library.errors import InputError
from library.notices import Telling
from tools.notify.outgoing import WayOut, post

PREFIX = "whsec_"
LEAST_BYTES = 24  # of a secret, as the specification asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of JSON. keys: each signs; two while a secret is being changed. place: the setting it comes from."""

    place: str
    url: str
    keys: tuple[bytes, ...]
    way: WayOut

    async def send(self, key: str, telling: Telling, *, at: datetime) -> None:
        """Send it once. key: stays the same over all tries. Undelivered where the receiver did not take it."""
        body = body_of(telling)
        stamp = int(at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "promptkeeper",
            "webhook-id": key,
            "webhook-timestamp": str(stamp),
            "webhook-signature": " ".join(sign(secret, key, stamp, body) for secret in self.keys),
        }
        await post(self.url, body, headers, self.way, place=self.place)


def body_of(telling: Telling) -> bytes:
    """The body: `type`, `timestamp` and `data`; the same bytes at every try."""
    data = {
        "prompt": telling.prompt,
        "subject": telling.subject,
        "title": telling.title,
        "text": telling.text,
        "link": telling.link,
        "facts": dict(telling.facts),
    }
    said = {"type": telling.event, "timestamp": telling.at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def sign(secret: bytes, key: str, stamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA-256 (RFC 2104) over id, timestamp in seconds and body, joined by dots."""
    signed = b".".join((key.encode(), str(stamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def read_secrets(text: str, place: str) -> tuple[bytes, ...]:
    """The keys in a secret: one or, while it is being changed, several with blanks between them.

    `whsec_` and base64 is decoded, any other text is taken as it is. InputError for one that is too short to hold.
    """
    keys = tuple(_key(part, place) for part in text.split())
    if not keys or any(len(key) < LEAST_BYTES for key in keys):
        raise InputError(
            f"the secret has fewer than {LEAST_BYTES} bytes", place, 'Make one: echo "whsec_$(openssl rand -base64 32)"'
        )
    return keys


def _key(part: str, place: str) -> bytes:
    if not part.startswith(PREFIX):
        return part.encode()
    try:
        return base64.b64decode(part.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise InputError(f"the secret begins with {PREFIX} but is not base64", place, "Copy it as a whole.") from error
