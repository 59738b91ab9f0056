"""Notices over the API and on their page: who may look, who may send again, and what is shown."""

from datetime import timedelta

import pytest

from library.notices import Telling

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def failed(house):
    """The id of a notice that could not be delivered; the receiver's words are hostile."""
    at, notices = house.clock(), house.library.notices
    seen = notices.follow(["ops"], now=at)["ops"]
    house.library.audit.record(at=at, actor="m", action="incident.opened", subject="incident 7", detail={})
    telling = Telling(
        event="incident.opened",
        prompt="support/triage",
        subject="incident 7",
        at=at,
        title="support/triage: degraded",
        text="It fell.",
        facts={"effect": 0.2},
    )
    assert notices.write("ops", [(seen + 1, "key-1", telling)], seen=seen, upto=seen + 1, now=at)
    (taken,) = notices.take(["ops"], now=at, lease=timedelta(minutes=10))
    assert notices.missed(taken, HOSTILE, again_at=None)
    return taken.id


def test_an_operator_sees_what_failed_and_sends_it_again_over_the_api(house, failed):
    program = house.client(house.token("operator"))
    (notice,) = program.get("/api/v1/notices", params={"state": "failed"}).json()
    assert (notice["id"], notice["error"], notice["telling"]["facts"]) == (failed, HOSTILE, {"effect": 0.2})
    assert program.get("/api/v1/notices", params={"channel": "team"}).json() == []
    again = program.post(f"/api/v1/notices/{failed}/retry")
    assert (again.status_code, again.json()["state"], again.json()["key"]) == (200, "pending", "key-1")
    assert program.post(f"/api/v1/notices/{failed}/retry").status_code == 409
    assert program.post("/api/v1/notices/99/retry").status_code == 404
    assert [e.actor for e in house.library.audit.events() if e.action == "notice.retried"] == ["operator"]


@pytest.mark.parametrize("role", ["ingest", "viewer"])
def test_others_may_not(house, failed, role):
    program = house.client(house.token(role))
    assert program.get("/api/v1/notices").status_code == 403
    assert program.post(f"/api/v1/notices/{failed}/retry").status_code == 403


def test_the_page_lists_what_failed_and_escapes_what_the_receiver_said(house, failed):
    shown = house.browser("viewer").get("/notices").text
    assert "support/triage: degraded" in shown
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    assert "Try again" not in shown, "a viewer only looks"


def test_an_operator_sends_it_again_from_the_page(house, failed):
    browser = house.browser("operator")
    page = browser.get("/notices").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    assert f'action="/notices/{failed}/retry"' in page
    assert "1 could not be delivered" in browser.get("/schedule").text
    done = browser.post(f"/notices/{failed}/retry", data={"csrf": csrf}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/notices")
    assert house.library.notices.get(failed).state == "pending"
    assert "Everything was delivered." in browser.get("/notices").text
    assert "pending" in browser.get("/notices", params={"all": True}).text


def test_all_of_them_at_once(house, failed):
    browser = house.browser("operator")
    csrf = browser.get("/notices").text.split('name="csrf" value="')[1].split('"')[0]
    done = browser.post("/notices/retry", data={"csrf": csrf}, follow_redirects=False)
    assert done.status_code == 303
    assert house.library.notices.list(state="failed") == ()
