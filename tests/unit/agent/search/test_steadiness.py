"""Failures by chance are told from those that the wording is to blame for."""

from dataclasses import replace

import pytest

from agent.search.steadiness import lasting_score, respaced, steady
from library.prompts import Content, Message
from tests.journeys.teachers import LedgerModel
from tests.journeys.world import NAME, asked
from tests.unit.agent.search.shelf import BASE, items, obedient

LIVE = Content(text=BASE)
AMBER = items("select", 20, words=["amber"])


def moody(*messages):
    """A student that gets these messages wrong under one spacing of the prompt and right under any other."""

    def answer(request):
        said = asked(request.messages)
        wrong = not said.endswith("\n") and any(m in said for m in messages)
        return "unknown" if wrong else obedient(request)

    return answer


def with_student(shop, answer):
    student = LedgerModel("student", answer, ledger=shop.ledger, now=shop.services.now)
    return replace(shop.services, student=student)


def test_respacing_keeps_every_word_and_changes_the_text():
    chat = Content(
        kind="chat", messages=(Message(role="system", content="One.\nTwo."), Message(role="user", content="x"))
    )

    assert respaced(LIVE) != LIVE
    assert respaced(LIVE).text.split() == BASE.split()
    assert respaced(Content(text="One line.")).text == "One line.\n"
    assert [m.content for m in respaced(chat).messages] == ["One.\nTwo.", "x\n"]


async def test_what_fails_under_any_spacing_lasts_and_the_rest_is_chance(shelf):
    found = [*items("select", 2, words=["amber"]), *items("select", 2, words=["birch"])]
    services = with_student(shelf(found), moody("amber select 1"))

    lasting = await steady(services, NAME, LIVE, [found[1], *found[2:]])

    assert lasting == found[2:]


@pytest.mark.parametrize(("wrong", "score"), [(2, 1.0), (4, 0.8)])
async def test_chance_is_forgiven_where_few_fail_and_not_looked_for_where_many_do(shelf, wrong, score):
    shop = shelf(AMBER)
    services = with_student(shop, moody(*(f"amber select {n}" for n in range(wrong))))
    scores = {i.id: 0.0 if n < wrong else 1.0 for n, i in enumerate(AMBER)}

    assert await lasting_score(services, NAME, LIVE, AMBER, scores) == pytest.approx(score)


async def test_what_lasts_is_not_forgiven_and_what_was_lost_does_not_count(shelf):
    found = [*AMBER[:9], *items("select", 1, words=["birch"]), AMBER[10]]
    scores = {i.id: 0.0 if "birch" in i.inputs["message"] else 1.0 for i in found} | {AMBER[10].id: None}

    assert await lasting_score(shelf(found).services, NAME, LIVE, found, scores) == pytest.approx(0.9)
