"""What a writer foretold, held against what happened."""

from dataclasses import replace

from agent.search.foretelling import foretold
from library.calls import Caps
from tests.unit.agent.search.shelf import items, rule, with_clauses

BIRCH, CEDAR, AMBER = ([i.id for i in items("learn", words=[w])] for w in ("birch", "cedar", "amber"))


async def told(shop, predicted, **look):
    result = {"decision": "allow", "policy_digest": "d", "parent": 0, "predicted_fixed": predicted}
    attempt = shop.attempt(1, with_clauses(rule("birch")), result=result)
    return await foretold(shop.state(look=look), shop.services, attempt, shop.attempts())


async def test_hits_and_misses_are_counted_among_what_failed_before(shelf):
    shop = shelf()

    found = await told(shop, [*BIRCH[:2], CEDAR[0], AMBER[0]], best=0, failing=[*BIRCH, *CEDAR], passing=AMBER)

    assert (found["predicted"], found["hits"], found["fixed"], found["failing"]) == (4, 2, 4, 8)
    assert (found["precision"], found["recall"]) == (0.5, 0.5)


async def test_an_item_that_does_not_exist_is_a_miss(shelf):
    found = await told(shelf(), [BIRCH[0], "invented"])

    assert (found["predicted"], found["hits"]) == (2, 1)


async def test_nothing_foretold_costs_nothing(shelf):
    shop = shelf()

    assert await told(shop, [], best=0, failing=BIRCH, passing=[]) == {}
    assert shop.student.requests == []


async def test_a_budget_that_is_spent_loses_the_figure_and_not_the_winner(shelf):
    shop = shelf()
    shop.services = replace(shop.services, caps=Caps(calls_per_scope=1))

    assert await told(shop, BIRCH) == {}
