"""Untouched items of other roles join a gate that is too small for the gain at hand, and no others do."""

from dataclasses import replace

from agent.search.gate import open_gate
from agent.search.reserve import available, reserve, scarce
from tests.unit.agent.search.shelf import WORDS, items, rule, with_clauses

SELECT, LEARN, GATE = items("select", 8), items("learn", 8), items("gate", 4)
SMALL = with_clauses(rule("birch"))
BEGUN = [SELECT[n] for n in range(0, 48, 3)]


def touched(shop, **more):
    look = {"best": 0, "failing": [], "passing": [], "seen": [i.id for i in LEARN[:20]]}
    return shop.state(look=look, race=[i.id for i in BEGUN], **more)


async def opened(shop, content):
    shop.attempt(1, content, state="tested")
    said = await open_gate(touched(shop, best=1), shop.services, 1)
    (attempt,) = shop.attempts()
    return said, attempt.result


async def test_the_reserve_is_what_no_race_and_no_look_has_touched(shelf):
    shop = shelf([*SELECT, *LEARN, *GATE])

    found = {i.id for i in await reserve(touched(shop), shop.services)}

    assert found == {i.id for i in (*SELECT, *LEARN)} - {i.id for i in (*BEGUN, *LEARN[:20])}


async def test_what_is_related_to_a_touched_item_or_has_an_untrusted_answer_stays_out(shelf):
    related = [replace(i, group="one talk") for i in (SELECT[0], SELECT[1])]
    guessed = replace(SELECT[2], trusted=False)
    shop = shelf([*related, guessed, *SELECT[3:]])

    found = {i.id for i in await reserve(shop.state(look={"seen": []}, race=[SELECT[0].id]), shop.services)}

    assert found == {i.id for i in SELECT[3:]}


async def test_a_small_gain_is_proven_on_untouched_items_too(shelf):
    shop = shelf([*SELECT, *LEARN, *GATE])

    said, result = await opened(shop, SMALL)

    untouched = len(SELECT) - len(BEGUN) + len(LEARN) - 20
    assert said == {"accepted": True}
    assert result["gate_reserve"] == untouched
    assert result["gate"]["n"] == len(GATE) + untouched


async def test_a_large_gain_needs_the_gate_alone(shelf):
    shop = shelf([*SELECT, *LEARN, *items("gate", 8)])

    said, result = await opened(shop, with_clauses(*(rule(w) for w in WORDS[1:])))

    assert said == {"accepted": True}
    assert result["gate_reserve"] == 0
    assert result["gate"]["n"] == 48


async def test_items_are_kept_back_only_where_the_gate_could_fail(shelf):
    shop = shelf([*SELECT, *LEARN, *items("gate", 8)])
    everything = with_clauses(*(rule(w) for w in WORDS[1:]))

    assert await scarce(touched(shop), shop.services, SMALL, BEGUN)
    assert not await scarce(touched(shop), shop.services, everything, BEGUN)


async def test_a_text_that_no_search_made_and_an_incident_have_no_reserve(shelf):
    shop = shelf([*SELECT, *LEARN, *GATE])

    assert await available(touched(shop), shop.services)
    assert not await available(shop.state(race=[]), shop.services)
    assert not await available(touched(shop, incident_id=1), shop.services)


async def test_after_an_earlier_search_nobody_can_say_what_is_untouched(shelf):
    shop = shelf([*SELECT, *LEARN, *GATE])
    shop.attempt(1, SMALL)

    assert await available(touched(shop), shop.services)
    assert not await available({**touched(shop), "run_id": shop.state()["run_id"] + 1}, shop.services)
