"""Mail through real SMTP servers: plain, STARTTLS, TLS from the start, with and without a sign-in."""

import contextlib
import email
import email.policy
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from library.notices import Telling
from tests.receivers import NAME, Mails, at_loopback, certificate, free_port, mail_server
from tools.notify.failures import Undelivered
from tools.notify.mail import Mailbox
from tools.notify.outgoing import WayOut, trusting

AT = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
LOGIN = ("keeper", "pass-word-1")
TELLING = Telling(
    event="proposal.created",
    prompt="support/triage",
    subject="proposal 3",
    at=AT,
    title="support/triage: a change waits for a decision",
    text="Gain +0.080 (95 % interval +0.030 to +0.130, n = 120, 2 excluded). Größe zählt.",
    link="https://prompts.example.org/proposals/3",
)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """(the server's context, the file that makes it trusted)"""
    return certificate(tmp_path_factory.mktemp("tls"))


def mailbox(port, *, security="none", file=None, login=("", ""), host=NAME, to=("ada@example.org",), private=True):
    trust = trusting(str(file), "ca_file") if file else None
    way = WayOut(allow_private=private, timeout_s=5, trust=trust, resolve=at_loopback(NAME, "other.test"))
    return Mailbox(
        place="[notify.mail]",
        host=host,
        port=port,
        security=security,
        sender="Promptkeeper <keeper@example.org>",
        receivers=to,
        way=way,
        user=login[0],
        password=login[1],
    )


async def test_a_mail_arrives_whole_at_everybody_and_carries_the_key():
    with mail_server(Mails()) as mails:
        await mailbox(mails.port, to=("ada@example.org", "bob@example.org")).send("notice_3", TELLING, at=AT)
    (envelope,) = mails.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("keeper@example.org", ["ada@example.org", "bob@example.org"])
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Subject"] == "[promptkeeper] support/triage: a change waits for a decision"
    assert message["Message-ID"] == "<notice_3@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert "Größe zählt." in text
    assert TELLING.link in text
    assert "proposal.created" in text


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_with_tls_the_mail_and_the_password_go_encrypted(tls, security):
    context, file = tls
    with mail_server(Mails(), security=security, context=context, login=LOGIN) as mails:
        await mailbox(mails.port, security=security, file=file, login=LOGIN).send("notice_3", TELLING, at=AT)
    assert (mails.secured, mails.logins) == ([True], [LOGIN[0]])


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_is_not_the_one_named_gets_nothing(tls, security):
    context, file = tls
    with mail_server(Mails(), security=security, context=context) as mails:
        for wrong in ({"host": "other.test", "file": file}, {"host": NAME, "file": None}):
            with pytest.raises(Undelivered, match="certificate"):
                await mailbox(mails.port, security=security, **wrong).send("notice_3", TELLING, at=AT)
    assert mails.envelopes == []


async def test_a_wrong_password_is_given_up_at_once_and_not_told(tls):
    context, file = tls
    with mail_server(Mails(), security="starttls", context=context, login=LOGIN) as mails:
        wrong = mailbox(mails.port, security="starttls", file=file, login=("keeper", "wrong-one"))
        with pytest.raises(Undelivered, match=r"refused the sign-in, code 535.*password_env") as caught:
            await wrong.send("notice_3", TELLING, at=AT)
    assert caught.value.hopeless
    assert "wrong-one" not in str(caught.value) + repr(wrong)


async def test_a_server_without_starttls_gets_nothing_in_clear():
    with mail_server(Mails()) as mails, pytest.raises(Undelivered, match="cannot do what is asked") as caught:
        await mailbox(mails.port, security="starttls").send("notice_3", TELLING, at=AT)
    assert caught.value.hopeless
    assert mails.envelopes == []


@pytest.mark.parametrize(("reply", "hopeless"), [("550 No such user", True), ("450 Busy, try later", False)])
async def test_a_refused_receiver_is_a_failure_for_good_or_for_now(reply, hopeless):
    with mail_server(Mails(refuse={"bob@example.org": reply})) as mails:
        for to in (("bob@example.org",), ("ada@example.org", "bob@example.org")):
            with pytest.raises(Undelivered, match=f"refused a receiver, code {reply[:3]}") as caught:
                await mailbox(mails.port, to=to).send("notice_3", TELLING, at=AT)
            assert caught.value.hopeless is hopeless


async def test_loopback_is_refused_for_mail_too_unless_allowed():
    with mail_server(Mails()) as mails, pytest.raises(Undelivered, match="loopback") as caught:
        await mailbox(mails.port, private=False).send("notice_3", TELLING, at=AT)
    assert caught.value.hopeless
    assert mails.envelopes == []


@pytest.mark.parametrize("begins", [b"220 here\r\n250-", b"220-"])
async def test_a_server_that_answers_drop_by_drop_is_cut_off(begins):
    stop = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(begins)
            while not stop.wait(0.05):  # quick enough for each step, and never at an end
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        box = replace(mailbox(listener.getsockname()[1]), way=WayOut(allow_private=True, timeout_s=0.3))
        with pytest.raises(Undelivered) as caught:
            await replace(box, host="127.0.0.1").send("notice_3", TELLING, at=AT)
        stop.set()
        thread.join(10)
    assert not caught.value.hopeless


async def test_a_server_that_is_not_there_or_not_known_may_be_there_later():
    for box in (mailbox(free_port()), mailbox(25, host="unknown.test")):
        with pytest.raises(Undelivered) as caught:
            await box.send("notice_3", TELLING, at=AT)
        assert not caught.value.hopeless
