"""The body of an OTLP request: which form it has, and its bytes without compression."""

import zlib

from library.errors import InputError

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
LIMIT = 32 * 2**20
"""Bytes after decompression. A request of a few kilobytes can unfold to gigabytes."""

_WINDOWS = {"gzip": 31, "deflate": 15}  # zlib's numbers for the two containers


class Unreadable(InputError):
    """A body that is no telemetry; nothing of it was stored. status: of the HTTP answer."""

    def __init__(self, thing: str, mend: str = "", *, status: int = 400) -> None:
        super().__init__(thing, "body", mend)
        self.status = status


def media_type(content_type: str) -> str:
    """The type alone: without parameters such as a charset, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def form_of(content_type: str) -> str:
    """PROTOBUF or JSON; Unreadable for any other type."""
    form = media_type(content_type)
    if form not in {PROTOBUF, JSON}:
        raise Unreadable(f"content type '{form}' is not OTLP", f"Send {PROTOBUF} or {JSON}.", status=415)
    return form


def answer_form(content_type: str) -> str:
    """The form to answer in: the request's own, JSON where it has none of OTLP's."""
    return PROTOBUF if media_type(content_type) == PROTOBUF else JSON


def plain(body: bytes, encoding: str, limit: int = LIMIT) -> bytes:
    """The body without its content encoding; Unreadable when it is broken, or longer than limit bytes."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        unfolded = body
    elif name in _WINDOWS:
        unfolded = _unfold(body, name, limit)
    else:
        raise Unreadable(f"content encoding '{name}' is not known", "Send gzip or no encoding.", status=415)
    if len(unfolded) > limit:
        raise Unreadable(f"the body unfolds to more than {limit} bytes", "Send smaller batches.", status=413)
    return unfolded


def _unfold(body: bytes, name: str, limit: int) -> bytes:
    # One member only: a body of a million empty ones would be copied a million times.
    reader = zlib.decompressobj(_WINDOWS[name])
    try:
        unfolded = reader.decompress(body, limit + 1)
    except zlib.error as error:
        raise Unreadable(f"the body is no {name} data") from error
    if len(unfolded) <= limit and (not reader.eof or reader.unused_data):
        raise Unreadable(f"the {name} data of the body " + ("has a second part" if reader.eof else "is cut off"))
    return unfolded
