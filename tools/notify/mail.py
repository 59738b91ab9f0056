"""Mail by SMTP, with TLS from the start, by STARTTLS, or without, to the address that was checked."""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Literal

from library.notices import Telling
from tools.notify.addresses import permitted
from tools.notify.failures import Undelivered
from tools.notify.outgoing import WayOut

Security = Literal["starttls", "tls", "none"]
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
STEPS = 4  # a conversation as a whole may take so many times as long as one step
READY = 220
PERMANENT = 500  # replies from here on say that another try ends the same (RFC 5321, 4.2.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """Receivers of mail. user: empty where the server wants no sign-in. place: the setting it comes from."""

    place: str
    host: str
    port: int
    security: Security
    sender: str
    receivers: tuple[str, ...]
    way: WayOut
    user: str = ""
    password: str = field(default="", repr=False)

    async def send(self, key: str, telling: Telling, *, at: datetime) -> None:
        """Send it once, with the key as its Message-ID. Undelivered where the server did not take it for everybody."""
        where = f"{self.host}:{self.port}"
        try:
            async with asyncio.timeout(self.way.timeout_s):
                found = await permitted(
                    self.host, self.port, allow_private=self.way.allow_private, resolve=self.way.resolve
                )
        except TimeoutError as error:
            raise Undelivered("the name server does not answer", where, "Check the DNS.") from error
        message = message_of(key, telling, sender=self.sender, receivers=self.receivers, at=at)
        try:
            await asyncio.to_thread(self._deliver, found, message)
        except smtplib.SMTPException as error:
            raise _undelivered(error, where) from error
        except OSError as error:  # TLS errors and time-outs too
            raise Undelivered(f"it cannot be reached ({error})", where, "Check host, port and tls.") from error

    def _deliver(self, addresses: tuple[str, ...], message: EmailMessage) -> None:
        """Hand it over at the first of the addresses where somebody listens."""
        refused: OSError | None = None
        for address in addresses:
            server = self._client(address)
            with _cut_off(server, after=STEPS * self.way.timeout_s):
                try:
                    code, said = server.connect(self.host, self.port)
                except OSError as error:
                    refused = error
                    continue
                if code != READY:
                    raise smtplib.SMTPConnectError(code, said)
                with server:
                    self._hand_over(server, message)
                return
        raise refused or OSError("no address")

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self.security == "starttls":
            server.starttls(context=self._context())
        if self.user:
            server.login(self.user, self.password)
        lost = server.send_message(message, self.sender, list(self.receivers))
        if lost:
            raise smtplib.SMTPRecipientsRefused(lost)

    def _client(self, address: str) -> smtplib.SMTP:
        """A client that is not connected yet."""
        context = self._context() if self.security == "tls" else None
        return _Pinned(address, self.host, timeout=self.way.timeout_s, context=context)

    def _context(self) -> ssl.SSLContext:
        return self.way.trust or ssl.create_default_context()


@contextmanager
def _cut_off(server: smtplib.SMTP, *, after: float) -> Iterator[None]:
    """End a conversation that takes longer than so many seconds, however quick each of its steps is."""

    def cut() -> None:
        if server.sock is not None:
            with suppress(OSError):
                # Not SSLSocket's own: that one takes the TLS state away from the thread that reads.
                socket.socket.shutdown(server.sock, socket.SHUT_RDWR)

    timer = threading.Timer(after, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Pinned(smtplib.SMTP):
    """A client that connects to one address, whatever the name resolves to now; TLS still checks the name.

    context: for TLS from the start.
    """

    def __init__(self, address: str, host: str, *, timeout: float, context: ssl.SSLContext | None) -> None:
        # Without local_hostname the DNS would be asked for a longer name, and may be waited for.
        super().__init__(local_hostname=socket.gethostname(), timeout=timeout)
        self._address, self._host, self._tls = address, host, context  # starttls checks the name in _host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self._host)


def message_of(key: str, telling: Telling, *, sender: str, receivers: tuple[str, ...], at: datetime) -> EmailMessage:
    """The mail: plain text, marked as written by a program."""
    message = EmailMessage()
    message["Subject"] = " ".join(f"[promptkeeper] {telling.title}".split())
    message["From"] = sender
    message["To"] = ", ".join(receivers)
    message["Date"] = at
    message["Message-ID"] = f"<{key}@{parseaddr(sender)[1].rpartition('@')[2] or 'promptkeeper.invalid'}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Promptkeeper-Event"] = telling.event
    about = f"{telling.event}, {telling.prompt or 'all prompts'}, {telling.at:%Y-%m-%d %H:%M} UTC"
    message.set_content("\n\n".join(part for part in (telling.text or telling.title, telling.link, about) if part))
    return message


def _undelivered(error: smtplib.SMTPException, where: str) -> Undelivered:
    """What the server said, by its code: from 500 on for good, below it for now."""
    codes: list[int] = []
    if isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        refused: dict[str, Any] = error.recipients
        codes = [code for code, _ in refused.values()]
    if isinstance(error, smtplib.SMTPAuthenticationError):
        thing, mend = "the server refused the sign-in", "Check the variables of user_env and password_env."
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        thing, mend = f"the server cannot do what is asked ({error})", "Check tls, user_env and password_env."
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        thing, mend = "the server refused a receiver", "Check the addresses in to."
    else:
        thing, mend = f"the server did not take it ({type(error).__name__})", "Check host, port, tls and from."
    said = f", code {', '.join(map(str, sorted(set(codes))))}" if codes else ""
    hopeless = bool(codes) and min(codes) >= PERMANENT
    return Undelivered(thing + said, where, mend, hopeless=hopeless or isinstance(error, smtplib.SMTPNotSupportedError))
