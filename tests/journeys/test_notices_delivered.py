"""Notices reach real receivers: tried again while they are down, given up and listed, sent again by a person."""

import asyncio
import json
import threading

import pytest

from agent.channel_settings import ChannelSection
from library.store.stores import open_library
from tests.journeys.post_office import Office
from tests.receivers import Mails, Receiver, listening, mail_server

TRIES = {"tries": 3}


@pytest.fixture
def office(tmp_path):
    library = open_library(f"sqlite:///{tmp_path}/library.db")
    office = Office(library)
    office.prompt()
    yield office
    library.db.close()


def one_incident(office):
    """The channels are known, then an incident is found and told."""
    office.collect()
    office.incident()
    assert office.collect() > 0


def only(office):
    (notice,) = office.library.notices.list()
    return notice


async def test_what_a_receiver_takes_is_sent_once(office):
    with listening() as receiver:
        office.webhook("ops", receiver.url)
        one_incident(office)
        assert (await office.deliver()).sent == 1
        assert (await office.deliver()).sent == 0
        office.later(days=3)
        assert (await office.deliver()).sent == 0
    (came,) = receiver.came
    assert json.loads(came.body)["type"] == "incident.opened"
    assert (only(office).state, only(office).key) == ("sent", came.headers["webhook-id"])


async def test_a_receiver_that_was_down_gets_the_same_message_later_and_not_earlier(office):
    with listening(Receiver(answers=[(500, {}), (200, {})])) as receiver:
        office.webhook("ops", receiver.url)
        one_incident(office)
        first = await office.deliver()
        assert (first.sent, first.again, first.failed) == (0, 1, 0)
        assert only(office).error.endswith("it answered 500. Ask whoever runs the receiver.")
        office.later(seconds=14)
        assert (await office.deliver()).sent == 0
        office.later(seconds=16)
        assert (await office.deliver()).sent == 1
    first, second = receiver.came
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 30
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert (only(office).state, only(office).attempts, only(office).error) == ("sent", 2, "")


async def test_a_receiver_that_asks_for_time_gets_it(office):
    with listening(Receiver(answers=[(429, {"Retry-After": "3600"}), (200, {})])) as receiver:
        office.webhook("ops", receiver.url)
        one_incident(office)
        await office.deliver()
        office.later(minutes=59)
        assert (await office.deliver()).sent == 0
        office.later(minutes=1)
        assert (await office.deliver()).sent == 1


async def test_after_the_last_try_it_is_listed_and_a_person_sends_it_again(office):
    with listening(Receiver(answers=[(503, {}), (503, {}), (503, {}), (200, {})])) as receiver:
        office.webhook("ops", receiver.url)
        one_incident(office)
        ends = []
        for _ in range(3):
            ends.append(await office.deliver(TRIES))
            office.later(hours=7)
        assert [(e.again, e.failed) for e in ends] == [(1, 0), (1, 0), (0, 1)]
        (failed,) = office.library.notices.list(state="failed")
        assert "it answered 503" in failed.error
        assert (await office.deliver(TRIES)).sent == 0
        office.library.notices.retry(failed.id, actor="ada", now=office.at)
        assert (await office.deliver(TRIES)).sent == 1
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert len(receiver.came) == 4


async def test_what_can_never_arrive_is_listed_at_once(office):
    with listening() as receiver, listening(Receiver(answers=[(302, {"Location": "/"})])) as moved:
        office.webhook("private", receiver.url, allow_private=False)
        office.webhook("moved", moved.url)
        office.webhook("unset", receiver.url, secret_env="NOT_SET")
        one_incident(office)
        assert (await office.deliver()).failed == 3
    errors = {n.channel: n.error for n in office.library.notices.list(state="failed")}
    assert "127.0.0.1 is a loopback address" in errors["private"]
    assert "allow_private = true" in errors["private"]
    assert "redirect (302)" in errors["moved"]
    assert errors["unset"].startswith("[notify.unset] secret_env: the environment variable NOT_SET is not set")
    assert (receiver.came, len(moved.came)) == ([], 1)


async def test_one_receiver_that_fails_stops_no_other_and_the_same_event_reaches_all_kinds(office):
    mails = Mails()
    with (
        listening(Receiver(answers=[(500, {})])) as broken,
        listening() as hook,
        listening() as chat,
        mail_server(mails),
    ):
        office.environ["CHAT_URL"] = chat.url
        office.webhook("broken", broken.url)
        office.webhook("hook", hook.url)
        said = {"kind": "slack", "url_env": "CHAT_URL", "allow_private": True}
        office.channels["chat"] = ChannelSection.model_validate(said)
        said = {"kind": "smtp", "host": "127.0.0.1", "port": mails.port, "tls": "none", "allow_private": True}
        said |= {"to": ["ada@example.org"], "from": "keeper@example.org"}
        office.channels["mail"] = ChannelSection.model_validate(said)
        one_incident(office)
        done = await office.deliver()
    assert (done.sent, done.again) == (3, 1)
    assert "support/triage: degraded" in json.loads(chat.came[0].body)["text"]
    assert b"support/triage: degraded" in mails.envelopes[0].content
    keys = {n.channel: n.key for n in office.library.notices.list()}
    assert len(set(keys.values())) == 4
    assert keys["mail"].encode() in mails.envelopes[0].content


async def test_no_more_are_sent_at_once_than_the_rulebook_says(office):
    receiver = Receiver(hold=threading.Event())
    with listening(receiver):
        office.webhook("ops", receiver.url)
        office.collect()
        for _ in range(5):
            office.incident()
        office.collect()
        delivering = asyncio.create_task(office.deliver({"max_parallel": 2}))
        while receiver.waiting < 2:
            await asyncio.sleep(0.01)
        receiver.hold.set()
        assert (await delivering).sent == 5
    assert receiver.most == 2


async def test_delivered_notices_are_let_go_after_the_days_of_the_rulebook(office):
    with listening() as receiver:
        office.webhook("ops", receiver.url)
        one_incident(office)
        await office.deliver()
        office.later(days=29)
        await office.deliver()
        assert only(office).state == "sent"
        office.later(days=2)
        await office.deliver()
    assert office.library.notices.list() == ()
