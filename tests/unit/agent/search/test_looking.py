"""Which learn items are run before a round."""

from dataclasses import replace

from agent.search.looking import AGAIN, LEAST, LONG, NEWS, PAIR, look
from tests.journeys.teachers import LedgerModel
from tests.journeys.world import asked
from tests.unit.agent.search.shelf import WORDS, items, obedient, rule, with_clauses


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


async def test_a_later_look_goes_on_until_a_few_fail_and_remembers_all_that_were_run(shelf):
    shop = shelf([*items("learn", 20), *items("select")])
    first = await look(shop.state(), shop.services)
    best = with_clauses(*(rule(w) for w in WORDS[1:-1]))
    shop.attempt(1, best)

    found = await look(shop.state(best=1, look=first), shop.services)

    assert len(found["failing"]) >= PAIR
    assert len(found["failing"]) >= LEAST or len(found["failing"]) + len(found["passing"]) >= LONG
    assert set(found["seen"]) == {*first["seen"], *found["failing"], *found["passing"]}


async def test_after_a_round_without_gain_new_failures_are_looked_for(shelf):
    shop = shelf([*items("learn", 20), *items("select")])
    first = await look(shop.state(), shop.services)

    again = await look(shop.state(look=first), shop.services)

    assert len(set(again["failing"]) - set(first["failing"])) >= NEWS


async def test_what_fails_by_chance_is_no_example(shelf):
    shop = shelf([*items("learn", 8, words=WORDS[:2]), *items("select")])
    known = with_clauses(rule("birch"))
    shop.attempt(1, known)
    first = await look(shop.state(), shop.services)

    def answer(request):
        said = asked(request.messages)
        mood = said.startswith(known.text.split("Message:")[0]) and said.endswith("amber learn 3")
        return "unknown" if mood else obedient(request)

    student = LedgerModel("student", answer, ledger=shop.ledger, now=shop.services.now)
    found = await look(shop.state(best=1, look=first), replace(shop.services, student=student))

    by_id = {i.id: i.inputs["message"] for i in items("learn", 8)}
    assert found["failing"] == []
    assert [by_id[i] for i in found["shaky"]] == ["amber learn 3"]
