"""How the test of a round ends without a winner: each reason where it is the true one."""

import pytest

from agent.steps.trial import trial
from tests.journeys.world import rulebook
from tests.unit.agent.search.shelf import BASE, LESSONS, WORDS, items, rule, with_clauses

IDLE = [f"Read the message {n} times." for n in range(2, 6)]
PATIENT = rulebook(search={"patience": 2, "max_rounds": 4})


async def rounds(shop, *texts):
    """The last answer of so many rounds, each with one candidate that says this; None: nothing was written."""
    carried = {}
    for turn, text in enumerate(texts, start=1):
        if text is not None:
            shop.attempt(turn, with_clauses(text), round=turn)
        numbers = [turn] if text is not None else []
        carried |= await trial(shop.state(**carried, round=turn, candidates=numbers), shop.services)
    return carried


async def test_two_rounds_of_tested_ideas_that_gain_nothing_have_converged(shelf):
    said = await rounds(shelf(rules=PATIENT), *IDLE[:2])

    assert said["stop"]["reason"] == "converged"
    assert said["stop"]["detail"] == "in 2 rounds none of 2 tested candidates was better on the select items"


async def test_a_round_in_which_nothing_was_written_shows_no_convergence(shelf):
    said = await rounds(shelf(rules=PATIENT), IDLE[0], None)

    assert said["stop"]["reason"] == "no_better_candidate"


async def test_one_round_says_too_little(shelf):
    said = await rounds(shelf(rules=rulebook(search={"patience": 1})), IDLE[0])

    assert said["stop"]["reason"] == "no_better_candidate"


async def test_a_live_version_that_fails_no_more_than_chance_may_has_converged(shelf):
    known = with_clauses(*(rule(w) for w in WORDS[1:]))
    found = [*items("select", 10), *items("select", {"gravel": 1}, words=["gravel"])]
    shop = shelf(found, base=known.text, rules=PATIENT)
    shop.attempt(1, with_clauses(IDLE[0], base=known.text))

    said = await trial(shop.state(candidates=[1]), shop.services)

    assert said["stop"]["reason"] == "converged"
    assert said["stop"]["detail"].startswith("the live version is right on 98.4% of 61 select items")


async def test_what_select_items_flatter_is_asked_of_learn_items_before_the_search_ends(shelf):
    gravel = items("select", {"gravel": 1}, words=["gravel"])
    select = [*items("select", 10, words=WORDS[:4]), *gravel]
    best = with_clauses(*(rule(w) for w in WORDS[1:4]))
    for learn, goes_on in ((items("learn"), True), (items("learn", words=WORDS[:4]), False)):
        shop = shelf([*select, *learn, *items("gate", 6)], rules=PATIENT)
        shop.attempt(1, best)

        said = await trial(shop.state(candidates=[1]), shop.services)

        assert said["best"] == 1
        assert said["scores"]["1"] == pytest.approx(40 / 41)
        assert ("accepted" not in said) is goes_on


async def test_a_winner_opens_the_gate_and_is_accepted(shelf):
    shop = shelf([i for role in ("learn", "select", "gate") for i in items(role, 6)], rules=PATIENT)
    shop.attempt(1, with_clauses(*(rule(w) for w in WORDS[1:])))

    said = await trial(shop.state(candidates=[1]), shop.services)

    assert said["accepted"]
    assert said["best"] == 1
    (attempt,) = shop.attempts()
    assert attempt.result["gate"]["n"] == 36
    assert all(lesson in attempt.content.text for lesson in LESSONS.values())
    assert BASE not in attempt.content.text


@pytest.mark.parametrize(("state", "reason"), [("blocked", "guardrails_refuse"), ("duplicate", "only_duplicates")])
async def test_where_nothing_could_be_tested_the_reason_says_why(shelf, state, reason):
    shop = shelf(rules=rulebook(search={"patience": 1}))
    shop.attempt(1, with_clauses(IDLE[0]), state=state, reason="because")

    said = await trial(shop.state(), shop.services)

    assert said["stop"]["reason"] == reason


async def test_where_guardrails_kept_the_clause_that_most_wanted_to_change_a_person_is_told_which(shelf):
    shop = shelf(rules=rulebook(search={"patience": 1}))
    for number, word in enumerate(("became 'Say it.': turned round", "is missing"), start=2):
        reason = f"safety-weakened: the clause 'Never say it.' {word}"
        shop.attempt(number, with_clauses(IDLE[number - 2]), state="blocked", reason=reason)
    shop.attempt(4, with_clauses(IDLE[2]))

    said = await trial(shop.state(candidates=[4]), shop.services)

    assert said["stop"]["reason"] == "guardrails_refuse"
    assert "'Never say it.', which 2 of 3 candidates wanted to change" in said["stop"]["detail"]


async def test_the_learn_items_that_were_asked_are_remembered_as_seen(shelf):
    shop = shelf([i for role in ("learn", "select", "gate") for i in items(role, 6)], rules=PATIENT)
    shop.attempt(1, with_clauses(*(rule(w) for w in WORDS[1:])))
    look = {"best": 0, "failing": [], "passing": [], "seen": []}

    said = await trial(shop.state(candidates=[1], look=look), shop.services)

    assert len(said["look"]["seen"]) == 24
    assert set(said["look"]["seen"]) <= {i.id for i in items("learn", 6)}
