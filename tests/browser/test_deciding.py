"""A person decides in a browser: sees the incident, opens the proposal, ticks, approves, rejects, asks for changes."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.world import NAME, SAFETY


def signed_in(page: Page, server, secret: str) -> Page:
    """Through the front door, with a token."""
    page.goto(server.address)
    page.get_by_label("Token").fill(secret)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Prompts")).to_be_visible()
    return page


def test_from_the_overview_to_an_approved_change_and_whoever_comes_second_is_told(server, tab, chromium):
    reviewer = signed_in(tab, server, server.token("rita", "reviewer"))
    reviewer.get_by_role("link", name=NAME).click()
    expect(reviewer.get_by_text("is in production")).to_be_visible()
    reviewer.get_by_role("link", name="See the incident").click()
    expect(reviewer.get_by_role("heading", name=re.compile("fell by"))).to_be_visible()
    reviewer.get_by_role("link", name="A change waits for your decision").click()
    expect(reviewer.get_by_role("heading", name="What changes")).to_be_visible()
    expect(reviewer.locator(".diff ins, .diff .new").first).to_be_visible()

    expect(reviewer.locator("h3:has-text('Why each part') + ul ins").first).to_be_visible()
    expect(reviewer.get_by_text("Per 1,000 calls: live tokens in")).to_be_visible()

    context = chromium.new_context()
    second = signed_in(context.new_page(), server, server.token("otto", "reviewer"))
    second.goto(reviewer.url)
    assert server.production(NAME) == 1
    _tick_all(reviewer)
    reviewer.get_by_role("button", name="Approve").click()
    expect(reviewer.get_by_text("approved by rita")).to_be_visible()
    assert server.production(NAME) == 2

    _tick_all(second)
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_role("alert")).to_contain_text("already approved by rita")
    assert server.production(NAME) == 2
    context.close()

    reviewer.goto(f"{server.address}/prompts/{NAME}")
    expect(reviewer.get_by_text("Version 2 is in production.")).to_be_visible()
    expect(reviewer.locator("#history ~ ul")).to_contain_text("production 1 → 2 by rita")


def test_a_rejection_needs_a_reason_and_changes_nothing(server, tab):
    reviewer = signed_in(tab, server, server.token("rita", "reviewer"))
    reviewer.goto(f"{server.address}/proposals/1")
    reviewer.get_by_role("button", name="Reject").click()
    expect(reviewer.get_by_label("Why not")).to_be_focused()  # the browser asks for the missing reason
    reviewer.get_by_label("Why not").fill("It is too long for the small model.")
    reviewer.get_by_role("button", name="Reject").click()
    expect(reviewer.get_by_text("rejected by rita")).to_be_visible()
    expect(reviewer.get_by_text("too long for the small model")).to_be_visible()
    assert server.production(NAME) == 1


def test_asking_for_changes_starts_a_cycle_with_the_comment(server, tab):
    reviewer = signed_in(tab, server, server.token("rita", "reviewer"))
    reviewer.goto(f"{server.address}/proposals/1")
    reviewer.get_by_label("What should be different").fill("Keep every line shorter.")
    reviewer.get_by_role("button", name="Ask for changes").click()
    expect(reviewer.get_by_text("revision requested by rita")).to_be_visible()
    reviewer.goto(f"{server.address}/runs?prompt={NAME}")
    # The page keeps itself fresh: the second run appears without a reload.
    expect(reviewer.locator("#live tbody tr")).to_have_count(2, timeout=60_000)
    reviewer.get_by_role("link", name="2", exact=True).click()
    expect(reviewer.get_by_text("Keep every line shorter.")).to_be_visible()
    assert server.production(NAME) == 1


def test_who_may_only_look_finds_no_button_to_decide(server, tab):
    viewer = signed_in(tab, server, server.token("vera", "viewer"))
    viewer.goto(f"{server.address}/proposals/1")
    expect(viewer.get_by_text("Your role may look, but not decide.")).to_be_visible()
    expect(viewer.get_by_role("button", name="Approve")).to_have_count(0)


def _tick_all(page: Page) -> None:
    for box in page.locator('input[name="tick"]').all():
        box.check()


def test_a_reviewer_edits_the_text_and_it_is_tested_again_before_anybody_may_approve_it(server, tab):
    reviewer = signed_in(tab, server, server.token("rita", "reviewer"))
    reviewer.goto(f"{server.address}/proposals/1")
    reviewer.get_by_text("Edit it yourself").click()
    field = reviewer.get_by_label("Text", exact=True)
    text = field.input_value()
    field.fill(text.replace(SAFETY, "Be nice."))
    reviewer.get_by_role("button", name="Check and test it").click()
    expect(reviewer.get_by_role("alert")).to_contain_text("guardrails block it")

    reviewer.get_by_text("Edit it yourself").click()
    reviewer.get_by_label("Text", exact=True).fill(text.replace("Choose the one topic", "Choose exactly one topic"))
    reviewer.get_by_role("button", name="Check and test it").click()
    expect(reviewer.locator("#live .badge", has_text="proposed")).to_have_count(2, timeout=60_000)
    reviewer.goto(f"{server.address}/proposals/2")
    expect(reviewer.get_by_text("Edited by rita.")).to_be_visible()
    reviewer.goto(f"{server.address}/proposals/1")
    expect(reviewer.get_by_text("superseded").first).to_be_visible()
    assert server.production(NAME) == 1
