"""Pruning: what nothing depends on goes, what something depends on stays, be it rare or said twice."""

from agent.search.pruning import ENOUGH, NEEDLESS, prune
from tests.journeys.world import rulebook
from tests.unit.agent.search.shelf import WORDS, items, rule, with_clauses

FILLER = "Excellence comes from patience, dedication and lifelong curiosity."
RULES = rulebook(search={"race_items": 40, "select_items": 80, "ablation_calls": 60})
LESSONS = [rule(w) for w in WORDS[1:]]


EVERY = 1.01  # a bar under which every addition is looked at


async def pruned(shop, content, raced=None, bar=NEEDLESS):
    shop.attempt(1, content, state="tested", reason="better")
    race = [i.id for i in (items("select", 6) if raced is None else raced)]
    number = await prune(shop.state(best=1, race=race), shop.services, bar)
    return next(a for a in shop.attempts() if a.number == number)


async def test_filler_goes_and_the_attempt_says_so(shelf):
    shop = shelf(items("select", 6), rules=RULES)

    left = await pruned(shop, with_clauses(*LESSONS, FILLER))

    assert left.content == with_clauses(*LESSONS)
    assert (left.strategy, left.result["of"]) == ("pruned", 1)
    assert left.reason == "attempt 1 without 1 addition that nothing depends on"
    assert sum(row["items"] for row in left.result["ablation"]) >= ENOUGH


async def test_a_clause_that_an_item_needs_stays_however_odd_its_words(shelf):
    shop = shelf(items("select", 6), rules=RULES)

    left = await pruned(shop, with_clauses(*LESSONS, FILLER), bar=EVERY)

    kept = left.content.full_text
    assert all(lesson in kept for lesson in LESSONS)


async def test_of_two_clauses_that_say_the_same_one_stays(shelf):
    shop = shelf(items("select", 6), rules=RULES)
    twice = f"{rule('birch')} Really, dear assistant."

    left = await pruned(shop, with_clauses(*LESSONS, twice), bar=EVERY)

    assert rule("birch") in left.content.full_text
    assert shop.library.runs.attempts(run_id=left.run_id)


async def test_what_few_items_do_without_is_not_taken_out(shelf):
    shop = shelf(items("select", 6), rules=RULES)

    left = await pruned(shop, with_clauses(*LESSONS, FILLER), raced=items("select", 6)[: ENOUGH - 1])

    assert left.number == 1
    assert [a.strategy for a in shop.attempts()] == ["several"]


async def test_no_more_is_spent_than_the_rulebook_allows(shelf):
    rules = rulebook(search={"race_items": 40, "select_items": 80, "ablation_calls": 25})
    shop = shelf(items("select", 6), rules=rules)
    content, race = with_clauses(*LESSONS, FILLER), items("select", 6)

    await pruned(shop, content, bar=EVERY)

    # The race itself would have paid for the winner and the live version on these items.
    assert len(shop.student.requests) - 2 * len(race) <= 25
