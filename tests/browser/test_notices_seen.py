"""The page of notices with something on it: readable by assistive technology, on a phone, and usable."""

from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from library.notices import Telling
from tests.journeys.world import NAME


@pytest.fixture
def undelivered(server):
    """A server with a notice that could not be delivered."""
    at = datetime.now(UTC)
    error = "http://hooks.example.org:80: it answered 503. Ask whoever runs the receiver."
    telling = Telling(
        event="incident.opened", prompt=NAME, subject="incident 1", at=at, title=f"{NAME}: degraded", text="It fell."
    )
    with server._library() as library:
        seen = library.notices.follow(["ops"], now=at)["ops"]
        assert library.notices.write("ops", [(seen + 1, "key-1", telling)], seen=seen, upto=seen + 1, now=at)
        (taken,) = library.notices.take(["ops"], now=at, lease=timedelta(minutes=10))
        assert library.notices.missed(taken, error, again_at=None)
    return server


def test_what_could_not_be_delivered_is_read_on_any_screen_and_sent_again(undelivered, tab):
    tab.goto(undelivered.link())
    tab.get_by_role("button", name="Sign in").click()
    tab.goto(undelivered.address + "/schedule")
    tab.get_by_role("link", name="Notices").click()
    expect(tab.get_by_text("it answered 503")).to_be_visible()
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = Axe().run(tab).response["violations"]
        assert [v["id"] for v in found if v["impact"] in {"serious", "critical"}] == []
    tab.set_viewport_size({"width": 375, "height": 720})
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    tab.get_by_role("button", name="Try notice 1 again").click()
    expect(tab.get_by_text("Everything was delivered.")).to_be_visible()
    with undelivered._library() as library:
        assert library.notices.get(1).state == "pending"
