"""Mending: the addition that breaks something goes, the others stay; where none breaks it alone, nothing goes."""

from agent.search.mending import mended
from tests.unit.agent.search.shelf import BASE, items, leave_out, rule, with_clauses

AMBER = items("select", words=["amber"])
RIGHT = {i.id: 1.0 for i in AMBER}


async def cured(shop, content, broken=AMBER, scores=None):
    attempt = shop.attempt(1, content, state="tested")
    return await mended(
        shop.state(), shop.services, with_clauses(), attempt, broken, RIGHT if scores is None else scores
    )


async def test_the_addition_that_breaks_is_taken_out(shelf):
    shop = shelf()

    attempt = await cured(shop, with_clauses(rule("birch"), leave_out("amber"), rule("cedar")))

    assert attempt in shop.attempts()
    assert attempt.content == with_clauses(rule("birch"), rule("cedar"))
    assert attempt.reason == "attempt 1 without 1 addition that broke something"
    assert attempt.result["taken_out"] == [leave_out("amber")]
    assert with_clauses().full_text == BASE


async def test_where_no_addition_breaks_anything_alone_nothing_is_taken_out(shelf):
    shop = shelf()

    assert await cured(shop, with_clauses(rule("birch"), rule("cedar"))) is None
    assert [a.number for a in shop.attempts()] == [1]


async def test_an_addition_is_acquitted_by_the_first_item_that_it_does_not_break(shelf):
    shop = shelf()
    idle = with_clauses(rule("birch"))

    await cured(shop, with_clauses(leave_out("amber"), rule("birch")))

    assert shop.calls_under(idle) == 1


async def test_a_single_change_has_nothing_that_could_be_left(shelf):
    shop = shelf()

    assert await cured(shop, with_clauses(leave_out("amber"))) is None
    assert shop.student.requests == []


async def test_a_text_that_is_a_candidate_already_is_run_and_not_written_again(shelf):
    shop = shelf()
    twin = shop.attempt(2, with_clauses(rule("birch")))

    assert await cured(shop, with_clauses(rule("birch"), leave_out("amber"))) == twin
    assert [a.number for a in shop.attempts()] == [1, 2]
