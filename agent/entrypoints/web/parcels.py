"""What travels between the server and the process that stores traces: a body as it came, and the answer to it."""

import json
from dataclasses import dataclass
from typing import Literal

ParcelKind = Literal["traces", "scores", "otlp-traces", "otlp-logs"]
JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A body of traces or scores. trusted: its sender may give human scores and right answers that count as proof."""

    kind: ParcelKind
    body: bytes
    media_type: str = JSON
    encoding: str = ""
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a parcel: an HTTP status, the answer's type and bytes."""

    status: int
    media_type: str
    body: bytes


def accepted(**counts: int) -> Taken:
    """Committed: how many were new."""
    return Taken(status=200, media_type=JSON, body=json.dumps(counts).encode())


def refused(status: int, title: str, *, place: str = "", mend: str = "") -> Taken:
    """A problem document (RFC 9457); nothing of the parcel was stored."""
    line = f"{place}: {title}" if place else title
    detail = f"{line}. {mend}" if mend else line
    said = {"type": "about:blank", "title": title, "status": status, "detail": detail, "place": place, "mend": mend}
    return Taken(status=status, media_type=PROBLEM, body=json.dumps(said).encode())
