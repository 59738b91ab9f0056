"""Receivers of notifications on loopback: a real HTTP server and real mail servers, which remember what came."""

import http.server
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

NAME = "mail.test"


@dataclass(frozen=True)
class Came:
    """One request: its path, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server. answers: status and headers for one request after another; the last one for all that follow.

    hold: answers wait for it. arrived, answered: set when a request is here, and when one has its answer. most: of
    requests that waited at one time.
    """

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(204, {})])
    body: bytes = b""
    came: list[Came] = field(default_factory=list)
    port: int = 0
    hold: threading.Event | None = None
    arrived: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    most: int = 0
    waiting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def next_answer(self) -> tuple[int, dict[str, str]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def listening(receiver: Receiver | None = None, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Let it listen, with TLS where a context is given, until the end of the block."""
    mine = receiver or Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            mine.came.append(Came(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            mine.arrived.set()
            with mine.lock:
                mine.waiting += 1
                mine.most = max(mine.most, mine.waiting)
            if mine.hold is not None:
                mine.hold.wait(30)
            with mine.lock:
                mine.waiting -= 1
            status, headers = mine.next_answer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(mine.body)
            self.wfile.flush()
            mine.answered.set()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        mine.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield mine
        finally:
            if mine.hold is not None:
                mine.hold.set()
            server.shutdown()
            thread.join()


@dataclass
class Mails:
    """A mail server's memory. refuse: the reply to a receiver; logins: who signed in, rightly."""

    envelopes: list[Envelope] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    secured: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ):
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        transport = server.transport
        assert transport is not None
        self.secured.append(session.ssl is not None or transport.get_extra_info("ssl_object") is not None)
        return "250 OK"


@contextmanager
def mail_server(
    mails: Mails, *, security: str = "none", context: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> Iterator[Mails]:
    """A mail server on loopback until the end of the block."""

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: object) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == login
        mails.logins += [login[0]] if right and login is not None else []
        return AuthResult(success=right, handled=right)

    more: dict[str, object] = {}
    if security == "starttls":
        more = {"tls_context": context, "require_starttls": True}
    if login is not None:
        # Of a connection that was TLS from the start, the server does not know that it is.
        by_starttls = security == "starttls"
        more |= {"authenticator": authenticate, "auth_required": by_starttls, "auth_require_tls": by_starttls}
    controller = Controller(
        mails, hostname="127.0.0.1", port=free_port(), ssl_context=context if security == "tls" else None, **more
    )
    controller.start()
    mails.port = controller.port
    try:
        yield mails
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path, name: str = NAME) -> tuple[ssl.SSLContext, Path]:
    """A certificate for a name, signed by itself: the server's context, and the file that makes it trusted."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def at_loopback(*names: str) -> Callable[[str, int], object]:
    """A resolver that knows these names, all of them on loopback, and nothing else."""

    async def resolve(host: str, port: int) -> list[str]:
        if host not in names:
            raise OSError(f"{host} is unknown")
        return ["127.0.0.1"]

    return resolve
