"""A clause that stands in the way of others is found by leaving each out, and the smallest change is tried."""

from agent.search.racing import race
from agent.search.retracting import Held, retracted
from tests.journeys.world import rulebook
from tests.unit.agent.search.shelf import SAFETY, items, leave_out, rule, with_clauses

BIRCH = items("select", words=["birch"])
SPOILT = with_clauses(rule("cedar"), rule("birch"), leave_out("birch"))


async def freed(shop, content=SPOILT, failing=BIRCH):
    attempt = shop.attempt(1, content, state="tested")
    return await retracted(shop.state(), shop.services, Held(content=content, attempt=attempt), failing)


async def test_the_clause_in_the_way_is_taken_back_and_nothing_else(shelf):
    shop = shelf()

    attempt = await freed(shop)

    assert attempt in shop.attempts()
    assert attempt.content == with_clauses(rule("cedar"), rule("birch"))
    assert attempt.strategy == "retracted"
    assert attempt.reason == "attempt 1 without a clause that stands in the way of others"
    assert attempt.result["taken_out"] == [leave_out("birch")]


async def test_where_no_clause_is_to_blame_the_calls_end_with_the_rulebook(shelf):
    gravel = items("select", words=["gravel"])
    shop = shelf(gravel, rules=rulebook(search={"doubt_calls": 5}))

    assert await freed(shop, failing=gravel) is None
    assert len(shop.student.requests) == 5


async def test_what_guardrails_hold_is_never_left_out(shelf):
    shop = shelf()

    await freed(shop, content=with_clauses(rule("cedar")), failing=BIRCH)

    assert shop.student.requests
    assert all(SAFETY in r.messages[0].content and "Message:" in r.messages[0].content for r in shop.student.requests)


async def test_a_clause_that_was_dropped_is_put_back_first(shelf):
    amber = items("select", words=["amber"])
    shop = shelf()
    dropped = with_clauses(rule("birch"), base=with_clauses().text.replace(rule("amber") + "\n", ""))

    attempt = await freed(shop, content=dropped, failing=amber)

    assert rule("amber") in attempt.content.text
    assert attempt.reason == "attempt 1 with a clause put back that was dropped"
    assert len(shop.student.requests) == 1


async def test_a_round_without_gain_frees_the_live_version_from_what_spoils_it(shelf):
    base = with_clauses(rule("birch"), leave_out("birch"))
    found = [i for role in ("learn", "select") for i in items(role, 9, words=["amber", "birch"])]
    shop = shelf(found, base=base.text)
    shop.attempt(1, with_clauses("Read the message slowly.", base=base.text))

    said = await race(shop.state(candidates=[1]), shop.services)

    best = next(a for a in shop.attempts() if a.number == said["best"])
    assert best.strategy == "retracted"
    assert leave_out("birch") not in best.content.text
    assert said["scores"][str(best.number)] == 1
