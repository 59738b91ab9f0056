"""Releases in steps on the pages: the box on the prompt's page, the list, and the deeds."""

import re

import pytest

from tests.entrypoints.web.conftest import ADMIN, NAME

READING = {
    "verdict": "hold",
    "reason": "40 of 2,000 scored calls on this step",
    "metric": "exact_match",
    "at": "2026-09-01T09:00:00+00:00",
    "percent": 25,
    "needed": 2000,
    "n_stage": 40,
    "gain": 0.031,
    "low": -0.05,
    "high": 0.11,
    "n_control": 120,
    "n_canary": 40,
    "readings": [
        {
            "metric": "exact_match",
            "control": 0.8,
            "canary": 0.831,
            "gain": 0.031,
            "low": -0.05,
            "high": 0.11,
            "n_control": 120,
            "n_canary": 40,
            "segments": [
                {"segment": "<b>billing</b>", "gain": 0.02, "low": -0.1, "high": 0.1, "n_control": 60, "n_canary": 20}
            ],
        }
    ],
}


@pytest.fixture
def canary(house):
    version = house.library.prompts.version(NAME, 2)
    begun = house.library.canaries.start(
        version, label="production", steps=(25, 50, 100), actor=ADMIN, now=house.clock()
    )
    return house.library.canaries.read(begun.id, READING)


def token(page):
    """The one that the page's forms carry."""
    return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]


def test_the_prompts_page_shows_the_release_with_its_step_and_reason(house, canary):
    shown = house.browser("viewer").get(f"/prompts/{NAME}").text
    assert "Release in steps" in shown
    assert "version 2 beside version 1" in shown
    assert '<li aria-current="step">25 %</li>' in shown
    assert "40 of 2,000 scored calls on this step" in shown
    assert f'href="/canaries/{canary.id}"' in shown


def test_a_release_page_shows_both_arms_and_escapes_what_traffic_named(house, canary):
    shown = house.browser("viewer").get(f"/canaries/{canary.id}").text
    assert "0.800" in shown
    assert "+0.031" in shown
    assert "&lt;b&gt;billing&lt;/b&gt;" in shown
    assert "<b>billing</b>" not in shown
    assert "Your role may look, but not decide." in shown


def test_a_release_that_was_never_looked_at_has_a_page_too(house):
    version = house.library.prompts.version(NAME, 2)
    begun = house.library.canaries.start(version, label="production", steps=(5, 100), actor=ADMIN, now=house.clock())
    shown = house.browser("viewer").get(f"/canaries/{begun.id}").text
    assert "Both arms have not been compared yet." in shown


def test_an_operator_pauses_and_rolls_back_but_is_not_offered_the_signature(house, canary):
    browser = house.browser("operator")
    page = browser.get(f"/canaries/{canary.id}")
    assert "Release to everybody" not in page.text
    form = {"csrf": token(page), "reason": "a holiday"}
    assert browser.post(f"/canaries/{canary.id}/promote", data=form).status_code == 403
    assert "Resume" in browser.post(f"/canaries/{canary.id}/pause", data=form).text
    assert "Pause" in browser.post(f"/canaries/{canary.id}/resume", data=form).text
    empty = browser.post(f"/canaries/{canary.id}/rollback", data={"csrf": form["csrf"], "reason": " "})
    assert (empty.status_code, "no reason" in empty.text) == (409, True)
    gone = browser.post(f"/canaries/{canary.id}/rollback", data={**form, "reason": "it is rude"})
    assert "rolled back" in gone.text
    assert "it is rude" in gone.text
    assert "it is rude" in browser.get("/canaries").text


def test_a_reviewer_signs_the_last_step(house, canary):
    browser = house.browser("reviewer")
    page = browser.get(f"/canaries/{canary.id}")
    done = browser.post(f"/canaries/{canary.id}/promote", data={"csrf": token(page), "reason": "fine"})
    assert "promoted" in done.text
    assert house.library.prompts.labelled(NAME, "production").number == 2
    twice = browser.post(f"/canaries/{canary.id}/promote", data={"csrf": token(page), "reason": ""})
    assert twice.status_code == 409


@pytest.mark.parametrize("deed", ["pause", "resume", "promote", "rollback"])
def test_a_form_of_another_session_does_nothing(house, canary, deed):
    browser = house.browser("reviewer")
    answer = browser.post(f"/canaries/{canary.id}/{deed}", data={"csrf": "planted", "reason": "x"})
    assert answer.status_code == 403
    assert house.library.canaries.get(canary.id).state == "running"
