"""From drafts to attempts: what guardrails and history say before anything is paid."""

from agent.search.drafting import check_drafts, ground_of, to_attempt, without_twins
from agent.strategies.strategy import Draft
from tests.unit.agent.search.shelf import BASE, SAFETY, rule, with_clauses

BIRCH, CEDAR = with_clauses(rule("birch")), with_clauses(rule("cedar"))


async def attempts(shop, *contents, **more):
    state = shop.state(**more)
    ground = await ground_of(shop.services, state, ())
    drafts = [
        ("several", Draft(content=c, hypothesis="why", predicted_fixed=("i1",), predicted_risks="none"))
        for c in contents
    ]
    checked = await check_drafts(shop.services, state, ground, drafts)
    return without_twins(
        [to_attempt(shop.services, state, ground, one, n, {}) for n, one in enumerate(checked, start=1)]
    )


async def test_a_new_text_is_drafted_with_what_its_writer_foretold(shelf):
    (attempt,) = await attempts(shelf(), BIRCH)

    assert (attempt.state, attempt.reason) == ("drafted", "")
    assert attempt.result["predicted_fixed"] == ["i1"]
    assert attempt.result["decision"] == "allow"
    assert attempt.result["parent"] == 0


async def test_a_text_without_the_safety_clause_is_blocked_with_the_reason(shelf):
    unsafe = BIRCH.with_text((BIRCH.text.replace(f"{SAFETY}\n", ""),))

    (attempt,) = await attempts(shelf(), unsafe)

    assert attempt.state == "blocked"
    assert SAFETY in attempt.reason


async def test_a_text_that_loses_its_variable_is_blocked(shelf):
    (attempt,) = await attempts(shelf(), BIRCH.with_text((BIRCH.text.replace("{{message}}", "the message"),)))

    assert attempt.state == "blocked"
    assert "message" in attempt.reason


async def test_what_the_live_version_says_is_a_duplicate(shelf):
    (attempt,) = await attempts(shelf(), BIRCH.with_text((BASE,)))

    assert (attempt.state, attempt.reason) == ("duplicate", "repeats version 1")


async def test_what_an_earlier_round_tried_is_a_duplicate_and_what_it_only_drafted_is_not(shelf):
    shop = shelf()
    shop.attempt(1, BIRCH, state="tested")
    shop.attempt(2, CEDAR, state="drafted")

    tried, written = await attempts(shop, BIRCH, CEDAR, round=2)

    assert tried.reason == f"repeats attempt 1 of run {tried.run_id} (tested)"
    assert (tried.state, written.state) == ("duplicate", "drafted")


async def test_of_equal_texts_in_one_round_the_first_is_kept(shelf):
    first, second = await attempts(shelf(), BIRCH, BIRCH)

    assert (first.state, second.state) == ("drafted", "duplicate")
    assert (second.reason, second.result["repeats"]) == ("repeats attempt 1 of this round", 1)
