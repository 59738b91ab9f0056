"""The one way out for HTTP: a POST to a checked address, without redirects, with an end to time and to size."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from library.errors import InputError
from tools.notify.addresses import Resolver, Target, permitted, read_url, system_resolver
from tools.notify.failures import Undelivered

if TYPE_CHECKING:
    import httpx

MOST_READ = 64 * 1024  # bytes of an answer; the rest is not read
LATER = frozenset({408, 425, 429})
GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """How messages of a channel leave.

    timeout_s: for one try as a whole (of mail, for each step of it). trust: certificates that are trusted instead of
    the usual ones.
    """

    allow_private: bool = False
    timeout_s: float = 15.0
    trust: ssl.SSLContext | None = None
    resolve: Resolver = system_resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a receiver said: status, the beginning of the body as text, seconds it asked us to wait."""

    status: int
    text: str
    retry_after: float | None


def trusting(file: str, place: str) -> ssl.SSLContext | None:
    """The certificates in a PEM file, None for no file. InputError when it cannot be read."""
    try:
        return ssl.create_default_context(cafile=file) if file else None
    except OSError as error:  # ssl's own errors too
        raise InputError(f"the certificates cannot be read ({error})", place, "Name a PEM file.") from error


async def post(url: str, body: bytes, headers: Mapping[str, str], way: WayOut, *, place: str) -> Answered:
    """Send a body and return the answer, if it is a success (2xx); everything else is Undelivered.

    A redirect is not followed: where it leads has not been checked by anybody. place: the setting that named the URL.
    """
    target = read_url(url, place)
    try:
        async with asyncio.timeout(way.timeout_s):
            addresses = await permitted(target.host, target.port, allow_private=way.allow_private, resolve=way.resolve)
            answered = await _first_that_answers(url, target, addresses, body, headers, way)
    except TimeoutError as error:
        mend = "Check the receiver; it should answer first and work later."
        raise Undelivered(f"no answer within {way.timeout_s:g} s", target.place, mend) from error
    _check(answered, target)
    return answered


async def _first_that_answers(
    url: str, target: Target, addresses: tuple[str, ...], body: bytes, headers: Mapping[str, str], way: WayOut
) -> Answered:
    import httpx

    # Without trust_env: a proxy from the environment would look the name up by itself, unchecked.
    verify = True if way.trust is None else way.trust
    async with httpx.AsyncClient(
        verify=verify, trust_env=False, follow_redirects=False, timeout=way.timeout_s
    ) as client:
        for address in addresses:
            try:
                return await _post_to(client, address, url, target, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                said = f"it broke off ({type(error).__name__})"
                raise Undelivered(said, target.place, "Check the receiver.") from error
    raise Undelivered(f"it cannot be reached ({refused})", target.place, "Check that it is running.") from refused


async def _post_to(
    client: "httpx.AsyncClient", address: str, url: str, target: Target, body: bytes, headers: Mapping[str, str]
) -> Answered:
    """POST to this very address; Host and the name that TLS checks stay those of the URL."""
    import httpx

    asked = httpx.URL(url)
    request = client.build_request(
        "POST",
        asked.copy_with(host=address),
        content=body,
        headers={"Accept-Encoding": "identity", **headers, "Host": asked.netloc.decode("ascii")},
        extensions={"sni_hostname": asked.raw_host.decode("ascii")} if target.scheme == "https" else None,
    )
    response = await client.send(request, stream=True)
    try:
        read = b""
        async for piece in response.aiter_raw():
            read += piece
            if len(read) >= MOST_READ:
                break
    finally:
        await response.aclose()
    return Answered(
        status=response.status_code,
        text=read[:MOST_READ].decode("utf-8", "replace"),
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def _check(answered: Answered, target: Target) -> None:
    status = answered.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        mend = "Redirects are not followed: set the URL that it leads to."
        raise Undelivered(f"it answered with a redirect ({status})", target.place, mend, hopeless=True)
    mend = "Ask whoever runs the receiver." if status >= 500 or status in LATER else "Check the URL and the secret."
    raise Undelivered(
        f"it answered {status}", target.place, mend, hopeless=status == GONE, retry_after=answered.retry_after
    )


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; a date is not read, the waits of our own are long enough."""
    return float(header) if header is not None and header.isdecimal() else None
