"""Numbers of attempts, also after a kill; and what is added to what is known."""

from agent.search.attempts import MENDED, PRUNED, attempts_of, extra_number, next_number, note
from tests.unit.agent.search.shelf import rule, with_clauses

TEXT = with_clauses(rule("birch"))


async def test_a_round_that_was_killed_writes_its_attempts_anew(shelf):
    shop = shelf()
    shop.attempt(1, TEXT, round=1)
    shop.attempt(2, TEXT, round=2)

    assert await next_number(shop.services, shop.state(round=2)) == 2
    assert await next_number(shop.services, shop.state(round=3)) == 3


async def test_what_the_test_adds_gets_the_number_it_had_before_a_kill(shelf):
    shop = shelf()
    shop.attempt(1, TEXT)
    assert await extra_number(shop.services, shop.state(), PRUNED) == 2

    shop.attempt(2, TEXT, strategy=PRUNED)

    assert await extra_number(shop.services, shop.state(), PRUNED) == 2
    assert await extra_number(shop.services, shop.state(), MENDED) == 3


async def test_a_note_keeps_what_was_known(shelf):
    shop = shelf()
    attempt = shop.attempt(1, TEXT)

    await note(shop.services, attempt, "tested", "better", {"gain": 0.5})
    await note(shop.services, attempt, "tested", "better still", {"gate": {}})

    (kept,) = (await attempts_of(shop.services, shop.state())).values()
    assert kept.reason == "better still"
    assert kept.result == {**attempt.result, "gain": 0.5, "gate": {}}
