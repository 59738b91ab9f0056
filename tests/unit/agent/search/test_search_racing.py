"""The race: who is run on what, who leads, and that the order of arrival decides nothing."""

from dataclasses import replace

from agent.search.racing import race
from tests.journeys.world import rulebook
from tests.unit.agent.search.shelf import WORDS, items, leave_out, rule, with_clauses

BETTER = with_clauses(rule("birch"), rule("cedar"))
BEST = with_clauses(*(rule(w) for w in WORDS[1:]))


def told(shelf):
    return [(a.number, a.strategy, a.state, a.reason, a.content_hash, a.result) for a in shelf.attempts()]


async def test_the_better_of_two_leads_and_every_decision_is_kept(shelf):
    shop = shelf()
    shop.attempt(1, BETTER)
    shop.attempt(2, BEST)

    said = await race(shop.state(candidates=[1, 2]), shop.services)

    assert said["best"] == 2
    assert said["flat_rounds"] == 0
    assert said["scores"]["2"] == 1
    assert [(a.state, a.result["against"]) for a in shop.attempts()] == [("tested", 0), ("tested", 1)]
    assert len(said["race"]) == 24  # a target is reached on all items or not at all


async def test_one_that_repairs_nothing_is_not_run_on_what_works(shelf):
    shop = shelf()
    idle = with_clauses("Read the message slowly.")
    shop.attempt(1, idle)

    said = await race(shop.state(candidates=[1]), shop.services)

    (attempt,) = shop.attempts()
    assert (said["best"], said["flat_rounds"]) == (0, 1)
    assert attempt.reason.startswith("stopped after")
    assert shop.calls_under(idle) == sum(not i.startswith("amber") for i in _raced(shop, said))


def _raced(shop, said):
    by_id = {i.id: i for i in items("select")}
    assert set(said["race"]) <= set(by_id)  # select items and no others
    return [by_id[i].inputs["message"] for i in said["race"]]


async def test_the_answers_may_come_in_any_order(shelf):
    logs = []
    for parallel in (1, 3, 64):
        shop = shelf()
        shop.attempt(1, BETTER)
        shop.attempt(2, with_clauses(rule("delta"), leave_out("amber")))
        shop.attempt(3, with_clauses(rule("ember")))
        said = await race(shop.state(candidates=[1, 2, 3]), shop.slow(parallel))
        logs.append((said, told(shop)))

    assert logs[0] == logs[1] == logs[2]


async def test_what_was_run_before_is_not_paid_for_again(shelf):
    shop = shelf()
    shop.attempt(1, BETTER)
    state = shop.state(candidates=[1])
    first = await race(state, shop.services)
    paid, log = len(shop.student.requests), told(shop)

    again = await race(state, shop.services)

    assert again == first
    assert told(shop) == log
    assert len(shop.student.requests) == paid


async def test_the_union_of_everything_is_run_only_where_nothing_else_gained(shelf):
    shop = shelf()
    careful, everything = BETTER, with_clauses(rule("birch"), rule("cedar"), "Work with care.")
    for number, (strategy, content) in enumerate((("merged", careful), ("everything", everything)), start=1):
        made = shop.attempt(number, content, strategy=strategy)
        result = {**made.result, "joins": []}
        shop.library.runs.save_attempt(shop.services.held(), replace(made, result=result))

    await race(shop.state(candidates=[1, 2]), shop.services)

    assert shop.calls_under(everything) == 0
    assert [a.state for a in shop.attempts()] == ["tested", "drafted"]
    assert shop.attempts()[1].reason == "not run by itself: a more careful union gained"


async def test_a_union_that_breaks_something_is_run_once_more_without_what_breaks_it(shelf):
    shop = shelf()
    union = with_clauses(rule("birch"), leave_out("amber"))
    made = shop.attempt(1, union, strategy="merged")
    result = {**made.result, "joins": [1]}
    shop.library.runs.save_attempt(shop.services.held(), replace(made, result=result))

    said = await race(shop.state(candidates=[1]), shop.services)

    mended = shop.attempts()[-1]
    assert mended.strategy == "mended"
    assert said["best"] == mended.number
    assert mended.result["taken_out"] == [leave_out("amber")]
    assert mended.content == with_clauses(rule("birch"))


async def test_a_race_opens_more_items_only_while_it_is_undecided(shelf):
    found = [*items("select", 12), *items("learn")]
    shop = shelf(found, rules=rulebook(search={"race_items": 12, "select_items": 80}))
    shop.attempt(1, with_clauses(rule("birch")))

    said = await race(shop.state(candidates=[1]), shop.services)

    assert said["best"] == 1
    assert len(said["race"]) == 12
