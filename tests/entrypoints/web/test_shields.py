"""What a browser can be made to send, and what a client can send by mistake or in malice: none of it gets through."""

import asyncio
import re
from pathlib import Path

import pytest

from agent.entrypoints.web.pages.sign_in import TRIES, make_link
from agent.entrypoints.web.server import new_secret
from agent.entrypoints.web.shields import Shields
from library.prompts import Actor, Content

NAME = "support/triage"
EDITOR = Actor(name="editor", kind="local", reviewer=True)
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "", "127.0.0.1@evil"])
def test_a_name_that_was_bound_to_loopback_elsewhere_is_refused(house, host):
    assert house.client().get("/healthz", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_make_the_browser_change_anything(house, headers):
    browser = house.browser()
    csrf = _csrf(browser)
    refused = browser.post("/schedule/pause", data={"csrf": csrf}, headers=headers)
    assert refused.status_code == 403
    assert house.library.switches.is_on("schedule", default=True)


def test_a_form_without_the_sessions_own_token_changes_nothing(house):
    browser, other = house.browser(), house.browser()
    for csrf in ("", "guess", _csrf(other)):
        assert browser.post("/schedule/pause", data={"csrf": csrf}).status_code == 403
    assert browser.post("/schedule/pause", data={"csrf": _csrf(browser)}, follow_redirects=False).status_code == 303
    assert not house.library.switches.is_on("schedule", default=True)


def test_a_cookie_planted_before_signing_in_is_worth_nothing_after_it(house):
    browser = house.client()
    browser.cookies.set("promptkeeper_session", "planted", domain="127.0.0.1")
    browser.post("/sign-in", data={"token": house.token("viewer")}, follow_redirects=False)
    assert house.library.access.session("planted", now=house.clock()) is None
    thief = house.client()
    thief.cookies.set("promptkeeper_session", "planted", domain="127.0.0.1")
    assert thief.get("/", follow_redirects=False).status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house):
    done = house.client().post("/sign-in", data={"token": house.token("viewer")}, follow_redirects=False)
    said = done.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said


def test_the_one_time_link_works_once_and_for_ten_minutes(house):
    path = make_link(house.library, new_secret(), house.clock())
    assert house.client().get(path).status_code == 200  # looking at it does not use it up
    assert house.client().post(path, follow_redirects=False).status_code == 303
    assert house.client().post(path, follow_redirects=False).status_code == 401
    late = make_link(house.library, new_secret(), house.clock())
    house.clock.later(minutes=11)
    assert house.client().post(late, follow_redirects=False).status_code == 401


def test_signing_out_ends_the_session_for_whoever_holds_the_cookie(house):
    browser = house.browser()
    cookie = browser.cookies["promptkeeper_session"]
    browser.post("/sign-out", data={"csrf": _csrf(browser)})
    assert house.library.access.session(cookie, now=house.clock()) is None


def test_guessing_tokens_is_slowed_down(house):
    client = house.client()
    for _ in range(TRIES):
        assert client.post("/sign-in", data={"token": "pk_guess"}).status_code == 401
    waiting = client.post("/sign-in", data={"token": "pk_guess"})
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) > 0


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(house, back):
    done = house.client().post("/sign-in", data={"token": house.token("viewer"), "back": back}, follow_redirects=False)
    assert done.headers["location"] == "/"


def test_no_secret_is_stored(house):
    secret = house.token("admin")
    browser = house.browser()
    cookie = browser.cookies["promptkeeper_session"]
    raw = _database(house)
    assert secret.encode() not in raw
    assert cookie.encode() not in raw


@pytest.mark.parametrize("path", ["/", f"/prompts/{NAME}", "/incidents", "/proposals", "/runs", "/chat", "/sign-in"])
def test_every_page_is_sent_with_a_strict_policy_and_nothing_inline(house, path):
    page = house.browser().get(path)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|javascript:", page.text)
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"


def test_script_in_any_text_that_people_or_models_write_stays_text(house):
    now, library = house.clock(), house.library
    library.prompts.describe(NAME, description=SCRIPT)
    library.prompts.add_version(NAME, Content(text=f"{SCRIPT} {{{{message}}}}"), actor=EDITOR, now=now, note=SCRIPT)
    sent = house.client().post(
        "/api/v1/traces",
        json={
            "id": SCRIPT,
            "ts": "2026-09-01T08:00:00Z",
            "prompt": NAME,
            "inputs": {"message": SCRIPT},
            "output": SCRIPT,
            "segment": SCRIPT,
            "scores": {"exact_match": {"value": 0, "comment": SCRIPT}},
        },
    )
    assert sent.status_code == 200, sent.text
    browser = house.browser()
    for path in ("/", f"/prompts/{NAME}", f"/prompts/{NAME}?old=2&new=3", f"/?q={SCRIPT}", f"/runs?prompt={SCRIPT}"):
        page = browser.get(path)
        assert page.status_code == 200, page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../routes.py",
        "/static/%2e%2e/routes.py",
        "/static/..%2froutes.py",
        "/api/v1/prompts/..%2f..%2fetc%2fpasswd",
        "/static/%00",
    ],
)
def test_paths_lead_out_of_nothing(house, path):
    answer = house.browser().get(path)
    assert answer.status_code in {400, 404, 405}
    assert "APIRouter" not in answer.text


def test_a_body_that_is_too_large_is_refused_also_when_its_length_is_not_told(house):
    client = house.client()
    told = client.post("/api/v1/traces", content=b"x" * (house.door.body_limit + 1))
    assert told.status_code == 413

    def untold():
        for _ in range(house.door.body_limit // 2**20 + 1):
            yield b"x" * 2**20

    assert client.post("/api/v1/traces", content=untold()).status_code == 413


async def test_a_body_that_never_ends_is_cut_off():
    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass

    async def drip():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    await Shields(app, names=["localhost"], limit=1000, seconds=0.1)(scope, drip, send)
    assert sent[0]["status"] == 408


def test_one_name_cannot_be_told_twice_to_slip_through(house):
    answer = house.client(house.token("viewer")).get(
        "/api/v1/incidents", headers=[("X-Forwarded-Host", "evil.example"), ("X-Original-URL", "/api/v1/audit")]
    )
    assert answer.status_code == 200
    assert "audit" not in answer.text


def _csrf(browser):
    return re.search(r'name="csrf" value="([^"]+)"', browser.get("/").text)[1]


def _database(house):
    file = Path(house.library.db.url.removeprefix("sqlite:///"))
    return b"".join(f.read_bytes() for f in file.parent.glob(file.name + "*"))
