"""The pages as people use them: readable by assistive technology, by keyboard, on a phone, in the dark."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.world import NAME

PAGES = ("/", f"/prompts/{NAME}", "/incidents", "/incidents/1", "/proposals", "/proposals/1", "/runs", "/runs/1")
ALL = (*PAGES, "/canaries", "/chat", "/schedule")


@pytest.fixture
def owner(shared, tab):
    """A tab that is signed in by the one-time link."""
    tab.goto(shared.link())
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Prompts")).to_be_visible()
    return tab


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_accessibility_finding(shared, owner, scheme):
    owner.emulate_media(color_scheme=scheme)
    for path in (*ALL, "/sign-in"):
        owner.goto(shared.address + path)
        found = Axe().run(owner).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}]
        assert serious == [], (path, serious)


def test_on_a_phone_no_page_is_wider_than_the_screen(shared, owner):
    owner.set_viewport_size({"width": 375, "height": 720})
    for path in ALL:
        owner.goto(shared.address + path)
        wide = owner.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, wide)


def test_the_first_key_leads_past_the_navigation(shared, owner):
    owner.goto(shared.address + "/proposals/1")
    owner.keyboard.press("Tab")
    expect(owner.get_by_role("link", name="Skip to content")).to_be_focused()
    owner.keyboard.press("Enter")
    expect(owner.locator("#main")).to_be_focused()


def test_the_conversation_answers_links_and_draws(shared, owner):
    owner.goto(shared.address + "/chat")
    owner.get_by_label("Your question").fill(f"Why did {NAME} degrade?")
    owner.keyboard.press("Enter")
    said = owner.locator(".said").last
    expect(said.locator("p").first).to_be_visible()
    expect(said.locator("svg.chart")).to_be_visible()
    expect(said.locator("a").first).to_have_attribute("href", f"/prompts/{NAME}")
    owner.get_by_label("Your question").fill("What did we try?")
    owner.keyboard.press("Enter")
    follow_up = owner.locator(".said").last
    expect(follow_up).to_contain_text("Tried so far")  # it knew which prompt was meant
    links = follow_up.locator("a")
    for index in range(links.count()):
        assert links.nth(index).get_attribute("href").startswith("/")


def test_a_chart_says_in_words_what_it_shows(shared, owner):
    owner.goto(f"{shared.address}/prompts/{NAME}")
    expect(owner.locator("svg.chart")).to_have_attribute("aria-label", re.compile(r"at first, 0\.\d+ at last"))
