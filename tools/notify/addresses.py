"""Where a message may go: the address that a name resolves to is checked, and that very address is connected to.

Otherwise whoever may write a URL, or answers for its name in the DNS, could make the server talk to machines that only
it can reach: its own loopback, the network behind it, the cloud's metadata service (server-side request forgery).
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from library.errors import InputError
from tools.notify.failures import Undelivered

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Name and port to addresses, best first; OSError where the name has none."""

PORTS = {"http": 80, "https": 443}
MOST_TRIED = 4  # addresses of one name
NAT64 = ipaddress.ip_network("64:ff9b::/96")
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200")))
"""Where clouds hand out credentials; never allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a URL names: never with user or password, always with a port."""

    scheme: str
    host: str
    port: int

    @property
    def place(self) -> str:
        """The target as messages name it: a path or query may be a secret, so it is not there."""
        return f"{self.scheme}://{self.host}:{self.port}"


def read_url(url: str, place: str) -> Target:
    """What an outgoing URL names. InputError for anything but http and https with a host and without credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError("the URL cannot be read", place, "Write https://HOST/PATH.") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise InputError("the URL is not one of http or https", place, "Write https://HOST/PATH.")
    if parts.username is not None or parts.password is not None:
        raise InputError("the URL holds a user or a password", place, "Take it out; sign with secret_env instead.")
    return Target(scheme=parts.scheme, host=parts.hostname, port=port or PORTS[parts.scheme])


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


async def permitted(host: str, port: int, *, allow_private: bool, resolve: Resolver) -> tuple[str, ...]:
    """The addresses behind a name, each of them allowed, to be connected to as they are and never looked up again.

    Undelivered, and no further try, when one of them is not allowed; Undelivered for now when there is none.
    """
    place = f"{host}:{port}"
    try:
        found = tuple(await resolve(host, port))
    except (OSError, UnicodeError) as error:
        raise Undelivered(f"the name is not known ({error})", place, "Check the name, and the DNS.") from error
    if not found:
        raise Undelivered("the name has no address", place, "Check the name, and the DNS.")
    for text in found:
        why = why_refused(text, allow_private=allow_private)
        if why is not None:
            mend = "Set allow_private = true for this channel if it is meant to go there."
            if allow_private:
                mend = "Name another receiver: such an address is never allowed."
            raise Undelivered(f"{text} is {why}", place, mend, hopeless=True)
    return found[:MOST_TRIED]


def why_refused(text: str, *, allow_private: bool) -> str | None:
    """What speaks against an address, None when nothing does. An address inside an address counts as what it leads to.

    allow_private lets private, shared and loopback ranges pass (RFC 1918, 4193, 6598), and nothing else.
    """
    address = _innermost(ipaddress.ip_address(text.partition("%")[0]))
    for found, why in (
        (address in METADATA, "a metadata service"),
        (address.is_unspecified, "no address of a machine"),
        (address.is_multicast, "a multicast address"),
        (address.is_link_local or _is_site_local(address), "a link-local address"),
    ):
        if found:
            return why
    if address.is_global and not address.is_reserved:
        return None
    if allow_private and (address.is_loopback or _is_inside(address)):
        return None
    return "a loopback address" if address.is_loopback else "a private or reserved address"


INSIDE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


def _is_inside(address: Address) -> bool:
    return any(address in network for network in INSIDE)


def _is_site_local(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, Teredo, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address
