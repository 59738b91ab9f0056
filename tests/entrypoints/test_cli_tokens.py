"""`promptkeeper tokens`, and who `promptkeeper serve` lets in before anything is asked."""

import contextlib
import http.client
import json
import os
import pty
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.entrypoints.web.server import names_of
from agent.settings import load_settings
from library.access import PREFIX

SECRET = re.compile(r"pk_[\w-]{40,}")
LINK = re.compile(r"/sign-in/link/(pk_[\w-]{40,})")


def create(promptkeeper, *words) -> str:
    """The secret of a new token."""
    answer = promptkeeper("tokens", "create", *words)
    assert answer.code == 0, answer
    (secret,) = SECRET.findall(answer.out)
    return secret


@pytest.fixture
def access(promptkeeper):
    """Function: something read from the tokens of the library."""

    def read(ask):
        with promptkeeper.library() as library:
            return ask(library.access)

    return read


def test_a_secret_is_shown_once_and_opens_what_its_role_may(promptkeeper, access):
    secret = create(promptkeeper, "rita", "--role", "reviewer")
    assert secret.startswith(PREFIX)
    token = access(lambda a: a.token(secret, now=datetime.now(UTC)))
    assert (token.name, token.role, token.agent, token.expires_at) == ("rita", "reviewer", False, None)
    for words in (("tokens", "list"), ("tokens", "list", "--json"), ("audit", "export"), ("audit", "export", "--json")):
        said = promptkeeper(*words)
        assert said.code == 0
        assert "rita" in said.out
        assert secret not in said.out
        assert secret[len(PREFIX) : 20] not in said.out
    stored = b"".join(file.read_bytes() for file in (promptkeeper.folder / ".promptkeeper").glob("library.db*"))
    assert secret.encode() not in stored


def test_no_two_secrets_are_alike(promptkeeper):
    assert len({create(promptkeeper, f"app-{n}", "--role", "ingest") for n in range(5)}) == 5


def test_create_as_json_is_one_document_with_the_secret(promptkeeper, access):
    said = promptkeeper("tokens", "create", "app", "--role", "ingest", "--agent", "--json").document
    assert set(said) == {"id", "name", "role", "secret"}
    token = access(lambda a: a.token(said["secret"], now=datetime.now(UTC)))
    assert (token.id, token.name, token.role, token.agent) == (said["id"], "app", "ingest", True)


def test_the_list_says_who_may_what_and_until_when(promptkeeper):
    assert "no tokens yet" in promptkeeper("tokens", "list").out
    create(promptkeeper, "rita", "--role", "reviewer")
    create(promptkeeper, "bot", "--role", "operator", "--agent", "--expires", "2099-12-31")
    shown = promptkeeper("tokens", "list").out
    assert re.search(r"1 +rita +reviewer ", shown)
    assert re.search(r"2 +bot +operator \(program\) .*2099-12-31 23:59", shown)
    rita, bot = promptkeeper("tokens", "list", "--json").document
    assert (rita["name"], rita["agent"], rita["used_at"], rita["revoked_at"]) == ("rita", False, None, None)
    assert bot["expires_at"].startswith("2099-12-31T23:59:59")
    assert "digest" not in rita


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_a_program_gets_no_token_that_decides(promptkeeper, access, role):
    line = promptkeeper.fails("tokens", "create", "bot", "--role", role, "--agent")
    assert f"'{role}'" in line
    assert "only people decide" in line
    assert access(lambda a: a.tokens()) == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rita", "--role", "king"), "king"),
        (("rita",), "--role"),
        (("", "--role", "viewer"), "1 to 100 printable characters"),
        (("two\nlines", "--role", "viewer"), "1 to 100 printable characters"),
        (("rita", "--role", "viewer", "--expires", "soon"), "soon"),
        (("rita", "--role", "viewer", "--expires", "2020-02-30"), "2020-02-30"),
        (("rita", "--role", "viewer", "--expires", "2020-02-28"), "is past"),
    ],
)
def test_what_cannot_be_made_is_one_line_and_makes_nothing(promptkeeper, access, words, said):
    line = promptkeeper.fails("tokens", "create", *words)
    assert said in line
    assert not SECRET.search(line)
    assert access(lambda a: a.tokens()) == ()


def test_a_token_that_ends_today_lives_until_midnight(promptkeeper, access):
    at = datetime.now(UTC)
    secret = create(promptkeeper, "rita", "--role", "viewer", "--expires", f"{at:%Y-%m-%d}")
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)
    assert access(lambda a: a.token(secret, now=midnight - timedelta(seconds=1))) is not None
    assert access(lambda a: a.token(secret, now=midnight)) is None


def test_a_revoked_token_is_over_and_stays_in_the_list(promptkeeper, access):
    secret = create(promptkeeper, "rita", "--role", "reviewer")
    assert promptkeeper("tokens", "revoke", 1).out == "token 1 (rita) revoked\n"
    assert access(lambda a: a.token(secret, now=datetime.now(UTC))) is None
    (listed,) = promptkeeper("tokens", "list", "--json").document
    assert listed["revoked_at"] is not None
    again = promptkeeper("tokens", "revoke", 1, "--json").document
    assert again["revoked_at"] == listed["revoked_at"]
    lines = [json.loads(line) for line in promptkeeper("audit", "export").out.splitlines()]
    assert [line["action"] for line in lines] == ["token.created", "token.revoked"]


@pytest.mark.parametrize("id", ["7", "0", "-1", "x", "9223372036854775808"])
def test_revoking_what_there_is_not_is_one_line(promptkeeper, id):
    assert id in promptkeeper.fails("tokens", "revoke", "--", id)


def test_a_link_is_good_once_and_its_secret_is_stored_nowhere(promptkeeper, access):
    said = promptkeeper("tokens", "link", "--json").document
    assert said["address"] == f"http://127.0.0.1:8400{said['path']}"
    secret = LINK.fullmatch(said["path"])[1]
    (newer,) = LINK.findall(promptkeeper("tokens", "link").out)
    at = datetime.now(UTC)
    assert not access(lambda a: a.use_link(secret, now=at))  # there is a newer one
    assert not access(lambda a: a.use_link(newer, now=at + timedelta(minutes=11)))
    assert access(lambda a: a.use_link(newer, now=at))
    assert not access(lambda a: a.use_link(newer, now=at))
    stored = b"".join(file.read_bytes() for file in (promptkeeper.folder / ".promptkeeper").glob("library.db*"))
    assert newer.encode() not in stored


def test_without_tokens_it_listens_on_loopback_only(promptkeeper):
    line = promptkeeper.fails("serve", "--host", "0.0.0.0", "--port", 0)
    assert "not a loopback address" in line
    assert "tokens create" in line


def test_another_address_needs_names_that_people_type(promptkeeper):
    create(promptkeeper, "rita", "--role", "admin")
    line = promptkeeper.fails("serve", "--host", "0.0.0.0", "--port", 0)
    assert "[server] names" in line
    file = promptkeeper.folder / "promptkeeper.toml"
    file.write_text(file.read_text().replace("[server]", '[server]\nnames = ["prompts.example.org"]'))
    settings, at = load_settings(promptkeeper.folder), datetime.now(UTC)
    with promptkeeper.library() as library:
        assert names_of(settings, "0.0.0.0", library, at) == ("prompts.example.org",)
        assert {"127.0.0.1", "prompts.example.org"} <= set(names_of(settings, "127.0.0.1", library, at))
    promptkeeper("tokens", "revoke", 1)
    assert "no token" in promptkeeper.fails("serve", "--host", "0.0.0.0", "--port", 0)


class Serving:
    """`promptkeeper serve` with its output on a terminal or in a pipe. address: where it listens."""

    def __init__(self, folder: Path, *, terminal: bool) -> None:
        self._reading, writing = pty.openpty() if terminal else os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agent.entrypoints.cli.main", "serve", "--port", "0", "--no-schedule"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=writing,
            stderr=writing,
        )
        os.close(writing)
        self.said = ""
        self.address = self.read(re.compile(r"listening on http://(\S+)\s"))[1]

    def read(self, wanted: re.Pattern[str]) -> re.Match[str]:
        """Read on until this has been said."""
        while not (found := wanted.search(self.said)):
            self.said += os.read(self._reading, 4096).decode()
        return found

    def post(self, path: str) -> int:
        """The status of a form without fields."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("POST", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self) -> str:
        """All that it said until its end."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=60)
        with contextlib.suppress(OSError):  # so a terminal ends
            while more := os.read(self._reading, 4096):
                self.said += more.decode()
        os.close(self._reading)
        return self.said


def test_the_link_on_a_terminal_signs_in_the_one_who_started_the_server(promptkeeper):
    server = Serving(promptkeeper.folder, terminal=True)
    try:
        link = server.read(re.compile(LINK.pattern + r"\s"))[0].strip()
        assert [server.post(link) for _ in range(2)] == [303, 401]
    finally:
        assert len(SECRET.findall(server.stop())) == 1
    with promptkeeper.library() as library:
        assert [event.action for event in library.audit.events()] == ["session.opened"]


@pytest.mark.parametrize(("terminal", "token"), [(False, False), (True, True)])
def test_no_link_goes_where_it_would_be_kept_or_is_not_needed(promptkeeper, terminal, token):
    if token:
        create(promptkeeper, "rita", "--role", "viewer")
    server = Serving(promptkeeper.folder, terminal=terminal)
    try:
        assert server.post("/sign-in/link/pk_guess") == 401  # by now all has been said that is said at the start
    finally:
        said = server.stop()
    assert "listening on" in said
    assert "sign" not in said
    assert not SECRET.search(said)
