"""The gate: the winner alone, on gate items alone, beside the live version."""

from agent.search.gate import open_gate
from tests.unit.agent.search.shelf import WORDS, items, leave_out, rule, with_clauses

BEST = with_clauses(*(rule(w) for w in WORDS[1:]))


async def opened(shop, content):
    shop.attempt(1, content, state="tested")
    said = await open_gate(shop.state(best=1, race=[]), shop.services, 1)
    (attempt,) = shop.attempts()
    return said, attempt


async def test_a_gain_on_gate_items_is_accepted_and_told_with_examples(shelf):
    found = [*items("select"), *items("gate", 6)]
    shop = shelf(found)

    said, attempt = await opened(shop, BEST)

    assert said == {"accepted": True}
    assert attempt.result["gate"]["n"] == 36
    assert attempt.result["gate"]["verdict"] == "better"
    hidden = {i.id for i in items("gate", 6)}
    assert {e["item_id"] for e in attempt.result["examples"]} <= hidden
    assert {e["change"] for e in attempt.result["examples"]} == {"fixed"}
    assert attempt.result["use"]["live"]["tokens_in"] == attempt.result["use"]["candidate"]["tokens_in"] == 10_000


async def test_what_was_good_on_other_items_is_not_proven(shelf):
    shop = shelf([*items("select"), *items("gate", 6, words=["amber", "birch"]), *items("gate", 12, words=["gravel"])])

    said, attempt = await opened(shop, with_clauses(rule("cedar")))

    assert said["accepted"] is False
    assert said["stop"]["reason"] == "not_proven"
    assert attempt.state == "failed_gate"


async def test_broken_items_are_shown_before_fixed_ones(shelf):
    shop = shelf([*items("select"), *items("gate", 6)])

    _, attempt = await opened(shop, with_clauses(*(rule(w) for w in WORDS[1:]), leave_out("amber")))

    changes = [e["change"] for e in attempt.result["examples"]]
    assert changes == ["broken"] * 6 + ["fixed"] * 8


async def test_both_prompts_are_run_in_turns(shelf):
    shop = shelf([*items("select"), *items("gate", 10)])

    await opened(shop, BEST)

    sides = ["birch" in r.messages[0].content.split("Message:")[0] for r in shop.student.requests]
    assert sides != sorted(sides)
