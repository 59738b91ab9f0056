"""A person lets a change out in steps in a browser, looks at it on any screen, and takes it back."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.world import NAME


def test_a_change_goes_out_in_steps_is_read_on_any_screen_and_taken_back(server, tab):
    tab.goto(server.link())
    tab.get_by_role("button", name="Sign in").click()
    tab.goto(f"{server.address}/proposals/1")
    for box in tab.locator(".finding.flag input").all():
        box.check()
    tab.get_by_label("in steps of 5, 25, 50, 100 %").check()
    tab.get_by_role("button", name="Approve").click()
    expect(tab.get_by_text("running", exact=True)).to_be_visible()
    assert server.production(NAME) == 1

    for path in (f"/prompts/{NAME}", "/canaries", "/canaries/1"):
        tab.goto(server.address + path)
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = Axe().run(tab).response["violations"]
            serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}]
            assert serious == [], (path, serious)
        tab.set_viewport_size({"width": 375, "height": 720})
        assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        tab.set_viewport_size({"width": 1200, "height": 900})

    tab.goto(f"{server.address}/prompts/{NAME}")
    expect(tab.get_by_role("heading", name="Release in steps")).to_be_visible()
    tab.get_by_role("link", name="See both arms").click()
    tab.get_by_role("button", name="Pause").click()
    expect(tab.get_by_role("button", name="Resume")).to_be_visible()
    tab.get_by_role("button", name="Roll back").click()
    expect(tab.get_by_label("What is wrong with it")).to_be_focused()  # the browser asks for the missing reason
    tab.get_by_label("What is wrong with it").fill("Customers complain about its tone.")
    tab.get_by_role("button", name="Roll back").click()
    expect(tab.get_by_text(re.compile("complain about its tone")).first).to_be_visible()
    expect(tab.get_by_text("rolled back", exact=True)).to_be_visible()
    tab.goto(f"{server.address}/incidents/1")
    expect(tab.get_by_text("regressed").first).to_be_visible()
