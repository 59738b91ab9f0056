"""The opening of a round: what fails, and whether it is worth going on."""

import agent.steps.hypothesize as step
from policies.agreement import Trust
from tests.journeys.world import rulebook
from tests.unit.agent.search.shelf import WORDS, items, rule, with_clauses

PAID = rulebook(search={"strategies": ["several"]})
NOISY = Trust(trusted=False, agreement=None, sentence="The judge disagrees with itself.")


async def test_kinds_of_failure_are_computed_without_asking_the_teacher(shelf):
    shop = shelf(rules=PAID)

    said = await step.hypothesize(shop.state(round=0), shop.services)

    assert said["round"] == 1
    learn = {i.id: i.segment for i in items("learn")}
    assert {learn[i] for i in said["look"]["failing"]} == set(WORDS[1:])
    assert "stop" not in said
    assert shop.services.teacher.requests == []


async def test_where_no_learn_item_fails_the_search_ends(shelf):
    shop = shelf(base=with_clauses(*(rule(w) for w in WORDS[1:])).text, rules=PAID)

    said = await step.hypothesize(shop.state(round=0), shop.services)

    assert said["ended"] == "no learn item fails any more"


async def test_a_judge_that_disagrees_with_itself_ends_the_run_before_anything_is_written(shelf):
    shop, asked = shelf(rules=PAID), []

    async def noisy(services, prompt, content, found):
        asked.append([i.id for i in found])
        return NOISY

    said = await step.hypothesize(shop.state(round=0), shop.services, noisy)

    assert said["stop"] == {"reason": "judge_too_noisy", "detail": NOISY.sentence}
    assert sorted(asked[0]) == sorted([*said["look"]["failing"], *said["look"]["passing"]])
    assert shop.services.teacher.requests == []


async def test_a_judge_is_asked_in_the_first_round_only(shelf):
    shop = shelf(rules=PAID)

    async def noisy(services, prompt, content, found):
        return NOISY

    said = await step.hypothesize(shop.state(round=1), shop.services, noisy)

    assert said["round"] == 2
    assert "stop" not in said
