"""Which learn items are run before a round."""

from agent.search.looking import AGAIN, look
from tests.unit.agent.search.shelf import WORDS, items, rule, with_clauses


async def test_the_first_look_says_of_learn_items_alone_which_fail(shelf):
    shop = shelf()

    found = await look(shop.state(), shop.services)

    by_id = {i.id: i for i in items("learn")}
    assert found["best"] == 0
    assert {by_id[i].segment for i in found["passing"]} == {"amber"}
    assert {by_id[i].segment for i in found["failing"]} == set(WORDS[1:])


async def test_after_a_gain_those_that_failed_come_first_and_no_more_are_run_than_it_takes(shelf):
    shop = shelf([*items("learn", 20), *items("select")])
    first = await look(shop.state(), shop.services)
    best = with_clauses(rule("birch"))
    shop.attempt(1, best)

    found = await look(shop.state(best=1, look=first), shop.services)

    assert found["best"] == 1
    assert shop.calls_under(best) == len(found["failing"]) + len(found["passing"]) <= AGAIN
    assert set(found["failing"]) & set(first["failing"])
    assert not set(found["passing"]) & set(first["passing"])


async def test_while_nothing_fails_all_are_run(shelf):
    shop = shelf()
    first = await look(shop.state(), shop.services)
    best = with_clauses(*(rule(w) for w in WORDS[1:]))
    shop.attempt(1, best)

    found = await look(shop.state(best=1, look=first), shop.services)

    assert found["failing"] == []
    assert len(found["passing"]) == len(items("learn"))


async def test_without_a_gain_nothing_is_paid_for_twice(shelf):
    shop = shelf()
    first = await look(shop.state(), shop.services)
    paid = len(shop.student.requests)

    again = await look(shop.state(look=first), shop.services)

    assert len(shop.student.requests) == paid
    assert set(again["failing"]) == set(first["failing"])
