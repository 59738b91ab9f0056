"""Reads what a failed call to a provider meant, from the chain of exceptions that the client libraries leave behind."""

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from json import JSONDecodeError

from tools.errors import FaultKind, ProviderError

STATUS_KINDS: dict[int, FaultKind] = {
    400: "bad_request",
    401: "auth",
    402: "auth",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "rate_limit",
    413: "bad_request",
    422: "bad_request",
    429: "rate_limit",
}
NO_CONNECTION = re.compile(r"Connect|ReadError|RemoteProtocolError|ClientPayloadError|ServerDisconnected")
QUOTA_SPENT = "insufficient_quota"
NOISE = re.compile(r"\b(?:litellm\.)?[A-Za-z]+(?:Error|Exception|Timeout)\b\s*[:-]\s*")
LONGEST_MESSAGE = 200  # characters of the provider's own words in our one line


def provider_error(error: BaseException, place: str, model: str) -> ProviderError:
    """The typed error for what a client library raised.

    The outermost exception is litellm's; it calls a refused connection and a malformed body both "internal server
    error", so the inner links decide before the status does. Method: class names and HTTP status, never wording,
    except for `insufficient_quota`, which providers send with the status of a rate limit.
    """
    kind = _kind(error)
    said = NOISE.sub("", " ".join(str(error).split()))[:LONGEST_MESSAGE].rstrip(". ") or "no answer in time"
    return ProviderError(
        kind, f"the call to model '{model}' failed ({kind}: {said})", place, retry_after=_retry_after(error)
    )


def _kind(error: BaseException) -> FaultKind:
    links = list(_chain(error))
    names = [type(link).__name__ for link in links]
    status = next((s for s in map(_status, links) if s is not None), 0)
    if any("Timeout" in name for name in names):
        return "timeout"
    if any(isinstance(link, JSONDecodeError) for link in links):
        return "bad_answer"
    if any(NO_CONNECTION.search(name) for name in names):
        return "connection"
    if QUOTA_SPENT in str(error):
        return "auth"
    if status >= 500 and not _server_spoke(links):
        return "bad_answer"
    return STATUS_KINDS.get(status, "server" if status >= 500 else "bad_request")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = 0
    while error is not None and seen < 20:
        yield error
        error, seen = error.__cause__ or error.__context__, seen + 1


def _status(link: BaseException) -> int | None:
    status = getattr(link, "status_code", None)
    return status if isinstance(status, int) else None


def _server_spoke(links: list[BaseException]) -> bool:
    # litellm invents status 500 for bodies it cannot read; a status that a server sent leaves an HTTP error behind.
    return any(type(link).__name__ == "HTTPStatusError" or bool(_headers(link)) for link in links)


def _headers(link: BaseException) -> Mapping[str, str]:
    for holder in (link, getattr(link, "response", None)):
        headers = getattr(holder, "litellm_response_headers", None) or getattr(holder, "headers", None)
        if isinstance(headers, Mapping):
            return headers
    return {}


def _retry_after(error: BaseException) -> float | None:
    for link in _chain(error):
        headers = {str(k).lower(): str(v) for k, v in _headers(link).items()}
        if "retry-after" in headers:
            return _seconds(headers["retry-after"], headers.get("date"))
    return None


def _seconds(wait: str, sent: str | None) -> float | None:
    """`Retry-After` in seconds: a number, or a date that counts from the answer's own `Date`."""
    try:
        return max(0.0, float(wait))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(wait) - parsedate_to_datetime(sent or "")).total_seconds())
    except (TypeError, ValueError):
        return None
