"""Webhooks and chats over real HTTP: what arrives, that it verifies, and what is not followed, waited for or read."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime

import pytest

from library.errors import InputError
from library.notices import Telling
from tests.receivers import Receiver, at_loopback, certificate, free_port, listening
from tools.notify.failures import Undelivered
from tools.notify.outgoing import MOST_READ, WayOut, post, trusting
from tools.notify.slack import Chat, message_of
from tools.notify.webhook import Webhook, body_of, read_secrets

AT = datetime(2026, 9, 15, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TELLING = Telling(
    event="incident.opened",
    prompt="support/triage",
    subject="incident 7",
    at=AT,
    title="support/triage: degraded",
    text="Version 1 lost <0.2> & more.",
    link="https://prompts.example.org/incidents/7",
    facts={"effect": 0.2, "segment": None},
)
INSIDE = WayOut(allow_private=True, timeout_s=5)


def webhook(url, way=INSIDE, secret=SECRET):
    return Webhook(place="[notify.ops] url", url=url, keys=read_secrets(secret, "secret"), way=way)


def verify(came, key):
    """As a receiver does it, from the specification alone."""
    said = came.headers
    signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + came.body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(right, one) for one in said["webhook-signature"].split(" "))


async def test_the_signature_verifies_with_the_key_and_with_no_other_and_for_these_bytes_only():
    with listening() as receiver:
        await webhook(receiver.url).send("notice_1", TELLING, at=AT)
    (came,) = receiver.came
    assert came.headers["webhook-id"] == "notice_1"
    assert came.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert came.headers["content-type"] == "application/json"
    assert verify(came, bytes(range(32)))
    assert not verify(came, bytes(32))
    changed = type(came)(came.path, came.headers, came.body.replace(b"incident", b"accident"))
    assert not verify(changed, bytes(range(32)))


def test_the_signature_is_that_of_the_specifications_example():
    from tools.notify.webhook import sign

    (key,) = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret")
    signature = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_two_secrets_sign_both_while_one_takes_the_place_of_the_other():
    older, newer = "whsec_" + base64.b64encode(b"a" * 32).decode(), "a plain secret without blanks".replace(" ", "-")
    with listening() as receiver:
        await webhook(receiver.url, secret=f"{newer} {older}").send("notice_1", TELLING, at=AT)
    assert verify(receiver.came[0], b"a" * 32)
    assert verify(receiver.came[0], newer.encode())


@pytest.mark.parametrize("secret", ["", "short", "whsec_c2hvcnQ=", "whsec_not base64!", f"{SECRET} short"])
def test_a_secret_that_would_not_hold_is_refused(secret):
    with pytest.raises(InputError, match="secret"):
        read_secrets(secret, "[notify.ops] secret_env")


def test_the_body_is_the_same_at_every_try_and_says_type_time_and_data():
    said = json.loads(body_of(TELLING))
    assert (said["type"], said["timestamp"]) == ("incident.opened", "2026-09-15T12:00:00+00:00")
    assert said["data"]["facts"] == {"effect": 0.2, "segment": None}
    assert body_of(TELLING) == body_of(TELLING)


async def test_a_chat_gets_text_and_blocks_in_which_nothing_is_markup():
    with listening(Receiver(body=b"ok", answers=[(200, {})])) as receiver:
        await Chat(place="[notify.team] url", url=receiver.url, way=INSIDE).send("notice_2", TELLING, at=AT)
    (came,) = receiver.came
    said = json.loads(came.body)
    assert said == message_of(TELLING)
    assert "&lt;0.2&gt; &amp; more" in said["text"]
    assert [b["type"] for b in said["blocks"]] == ["header", "section", "section", "context"]
    assert said["blocks"][0]["text"] == {"type": "plain_text", "text": "support/triage: degraded"}
    assert said["blocks"][2]["text"]["text"] == "<https://prompts.example.org/incidents/7|Open incident 7>"
    assert came.headers["webhook-id"] == "notice_2"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status):
    with (
        listening() as elsewhere,
        listening(Receiver(answers=[(status, {"Location": elsewhere.url})])) as receiver,
        pytest.raises(Undelivered, match=f"redirect \\({status}\\)") as caught,
    ):
        await webhook(receiver.url).send("notice_1", TELLING, at=AT)
    assert caught.value.hopeless
    assert (len(receiver.came), elsewhere.came) == (1, [])


@pytest.mark.parametrize(
    ("status", "headers", "hopeless", "after"),
    [
        (500, {}, False, None),
        (503, {"Retry-After": "120"}, False, 120.0),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, False, None),
        (404, {}, False, None),
        (410, {}, True, None),
    ],
)
async def test_other_answers_than_success_are_failures_with_what_they_ask_for(status, headers, hopeless, after):
    with (
        listening(Receiver(answers=[(status, headers)])) as receiver,
        pytest.raises(Undelivered, match=f"it answered {status}") as caught,
    ):
        await webhook(receiver.url).send("notice_1", TELLING, at=AT)
    assert (caught.value.hopeless, caught.value.retry_after) == (hopeless, after)
    assert "/hook" not in str(caught.value), "a path may be a secret"


async def test_loopback_is_refused_unless_the_channel_allows_it():
    with listening() as receiver, pytest.raises(Undelivered, match="loopback") as caught:
        await webhook(receiver.url, WayOut(timeout_s=5)).send("notice_1", TELLING, at=AT)
    assert caught.value.hopeless
    assert receiver.came == []


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to():
    asked = []

    async def rebinding(host, port):
        """The answer of the first look-up, and another one afterwards."""
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with listening() as receiver:
        url = f"http://hooks.test:{receiver.port}/hook?x=1"
        await webhook(url, WayOut(allow_private=True, timeout_s=5, resolve=rebinding)).send("notice_1", TELLING, at=AT)
    assert asked == ["hooks.test"]
    assert (receiver.came[0].headers["host"], receiver.came[0].path) == (f"hooks.test:{receiver.port}", "/hook?x=1")


async def test_a_name_that_turns_to_a_private_address_between_two_tries_is_refused_at_the_second():
    found = iter((["8.8.8.8"], ["127.0.0.1"]))

    async def turning(host, port):
        return next(found)

    from tools.notify.addresses import permitted

    assert await permitted("hooks.test", 80, allow_private=False, resolve=turning) == ("8.8.8.8",)
    with pytest.raises(Undelivered, match="loopback"):
        await permitted("hooks.test", 80, allow_private=False, resolve=turning)


async def test_the_next_address_of_a_name_is_tried_when_nobody_listens_at_the_first():
    async def two(host, port):
        return ["::1", "127.0.0.1"]

    with listening() as receiver:
        url = f"http://hooks.test:{receiver.port}/"
        await webhook(url, WayOut(allow_private=True, timeout_s=5, resolve=two)).send("notice_1", TELLING, at=AT)
    assert len(receiver.came) == 1


async def test_nobody_listening_and_no_answer_in_time_are_outages_that_may_pass():
    with pytest.raises(Undelivered, match="cannot be reached") as caught:
        await webhook(f"http://127.0.0.1:{free_port()}/").send("notice_1", TELLING, at=AT)
    assert not caught.value.hopeless
    with (
        listening(Receiver(hold=threading.Event())) as receiver,
        pytest.raises(Undelivered, match=r"no answer within 0\.3 s") as caught,
    ):
        await webhook(receiver.url, WayOut(allow_private=True, timeout_s=0.3)).send("notice_1", TELLING, at=AT)
    assert not caught.value.hopeless


async def test_of_a_huge_answer_only_the_beginning_is_read():
    with listening(Receiver(answers=[(200, {})], body=b"x" * (MOST_READ * 40))) as receiver:
        answered = await post(receiver.url, b"{}", {}, INSIDE, place="here")
    assert len(answered.text) == MOST_READ


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    with listening() as receiver:
        await webhook(receiver.url).send("notice_1", TELLING, at=AT)
    assert len(receiver.came) == 1


async def test_tls_is_checked_against_the_name_and_the_certificates_of_the_channel(tmp_path):
    context, file = certificate(tmp_path, "hooks.test")
    resolve = at_loopback("hooks.test", "other.test")
    trusted = WayOut(allow_private=True, timeout_s=5, resolve=resolve, trust=trusting(str(file), "ca_file"))
    with listening(context=context) as receiver:
        await webhook(f"https://hooks.test:{receiver.port}/", trusted).send("notice_1", TELLING, at=AT)
        assert len(receiver.came) == 1
        for url, way in (
            (f"https://other.test:{receiver.port}/", trusted),
            (f"https://hooks.test:{receiver.port}/", WayOut(allow_private=True, timeout_s=5, resolve=resolve)),
        ):
            with pytest.raises(Undelivered, match="certificate"):
                await webhook(url, way).send("notice_1", TELLING, at=AT)
    assert len(receiver.came) == 1


def test_certificates_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "no.pem").write_text("nothing")
    for file in (tmp_path / "no.pem", tmp_path / "missing.pem"):
        with pytest.raises(InputError, match=r"\[notify\.ops\] ca_file"):
            trusting(str(file), "[notify.ops] ca_file")
