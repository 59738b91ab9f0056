"""Free candidates: what was dropped unawares put back, what was refused picked over, and the good of several in one."""

from agent.search.drafting import check_drafts, ground_of
from agent.search.siblings import EVERYTHING, MERGED, offers_of, restored, unions
from agent.strategies.strategy import Draft
from agent.teacher.request import Example
from tests.unit.agent.search.shelf import KNOWN, LESSONS, SAFETY, items, rule, with_clauses

BIRCH, CEDAR = rule("birch"), rule("cedar")


def draft(content, hypothesis="A word is missing.", **more):
    return Draft(content=content, hypothesis=hypothesis, predicted_fixed=(), predicted_risks="", **more)


def dropping(clause, *added):
    content = with_clauses(*added)
    return content.with_text((content.text.replace(f"{clause}\n", ""),))


async def offered(shop, *drafts):
    state, (learn, *_) = shop.state(), items("learn")
    # The words of the task: an addition that shares none of them would be doubtful.
    failing = [Example(item=learn, actual="", score=0.0, reason=text) for text in LESSONS.values()]
    ground = await ground_of(shop.services, state, failing)
    checked = await check_drafts(shop.services, state, ground, [("several", d) for d in drafts])
    return ground, await offers_of(shop.services, ground, checked)


async def test_a_clause_that_was_dropped_unawares_is_put_back(shelf):
    shop = shelf()

    ground, offers = await offered(shop, draft(dropping(KNOWN, BIRCH)), draft(with_clauses(CEDAR)))

    ((sibling, done, place),) = restored(ground, offers)
    assert (done, place) == ("restored 1 clause", 0)
    assert sibling.content == with_clauses(BIRCH)
    assert sibling.explicit


async def test_a_clause_that_the_hypothesis_speaks_of_was_dropped_on_purpose(shelf):
    shop = shelf()
    aware = draft(dropping(KNOWN, BIRCH), hypothesis="Golden resin of pines is no longer written code-amber.")

    ground, offers = await offered(shop, aware, draft(with_clauses(CEDAR)))

    assert restored(ground, offers) == []
    assert offers[0].whole


async def test_a_change_that_was_named_by_an_edit_is_no_oversight(shelf):
    shop = shelf()

    ground, offers = await offered(shop, draft(dropping(KNOWN, BIRCH), explicit=True), draft(with_clauses(CEDAR)))

    assert restored(ground, offers) == []


async def test_of_a_refused_draft_what_is_harmless_is_kept(shelf):
    shop = shelf()

    ground, offers = await offered(shop, draft(dropping(SAFETY, BIRCH)), draft(with_clauses(CEDAR)))

    assert offers[0].checked.verdict.decision == "block"
    ((sibling, done, _),) = restored(ground, offers)
    assert sibling.content == with_clauses(BIRCH)
    assert done == "restored 1 clause"


async def test_a_writer_that_could_mend_its_refused_draft_is_not_picked_over(shelf):
    shop = shelf()

    ground, offers = await offered(shop, draft(dropping(SAFETY, BIRCH)))

    assert restored(ground, offers) == []
    assert await unions(shop.services, ground, offers) == []


async def test_the_union_holds_every_addition_once_and_says_whose_they_are(shelf):
    shop = shelf()
    alone, both = draft(with_clauses(BIRCH)), draft(with_clauses(BIRCH, CEDAR), hypothesis="Two words are missing.")

    ground, offers = await offered(shop, alone, both, draft(dropping(SAFETY, rule("delta"))))
    merged = next(u for u in await unions(shop.services, ground, offers) if u.strategy == MERGED)

    assert merged.draft.content == with_clauses(BIRCH, CEDAR, rule("delta"))
    assert merged.parts == (0, 1, 2)
    assert merged.draft.hypothesis == "A word is missing. Two words are missing."
    assert SAFETY in merged.draft.content.text


async def test_advice_that_has_nothing_to_do_with_the_task_is_left_to_the_union_of_everything(shelf):
    shop = shelf()
    advice = "Excellence comes from patience and lifelong curiosity."

    ground, offers = await offered(shop, draft(with_clauses(BIRCH)), draft(with_clauses(CEDAR, advice)))
    careful, everything = await unions(shop.services, ground, offers)

    assert careful.draft.content == with_clauses(BIRCH, CEDAR)
    assert everything.strategy == EVERYTHING
    assert advice in everything.draft.content.text
