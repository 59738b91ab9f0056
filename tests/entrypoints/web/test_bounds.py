"""Numbers, names and times that are out of all bounds are an answer of 4xx, and nothing breaks."""

import time

import pytest

NAME = "support/triage"
HUGE = "9" * 25


@pytest.mark.parametrize(
    "path",
    [
        f"/proposals/{HUGE}",
        f"/runs/{HUGE}",
        f"/incidents/{HUGE}",
        "/incidents/0",
        f"/?start={HUGE}",
        "/traces/" + "x" * 5000,
        "/prompts/" + "x" * 5000,
        "/prompts/a%00",
        "/traces/%00",
    ],
)
def test_on_pages(house, path):
    page = house.browser().get(path, headers={"Accept": "text/html"})
    assert page.status_code in {404, 422}
    assert page.headers["content-type"].startswith("text/html")
    assert "Promptkeeper" in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"proposals/{HUGE}", 422),
        (f"runs/{HUGE}", 422),
        (f"prompts/{NAME}?version={HUGE}", 422),
        (f"prompts/{NAME}/trend?since={HUGE}d", 400),
        (f"prompts/{NAME}/trend?width_seconds={HUGE}", 422),
        ("traces?since=0001-01-01T00:00:00%2B14:00", 400),
        ("traces?since=9999-12-31T23:59:59-14:00", 400),
        ("traces?since=yesterday", 422),
        (f"traces?limit={HUGE}", 422),
    ],
)
def test_over_the_api(house, path, status):
    answer = house.client().get(f"/api/v1/{path}")
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status


def test_a_time_without_a_zone_is_utc_wherever_the_server_stands(house, monkeypatch):
    sent = {"id": "a", "ts": "2026-08-31T23:30:00Z", "prompt": NAME, "inputs": {"message": "hello"}}
    assert house.client().post("/api/v1/traces", json=sent).status_code == 200
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        for since, found in (("2026-08-31T23:00:00", 1), ("2026-09-01", 0), ("2026-09-01T11:00:00%2B12:00", 1)):
            assert len(house.client().get(f"/api/v1/traces?since={since}").json()) == found, since
    finally:
        monkeypatch.undo()
        time.tzset()
