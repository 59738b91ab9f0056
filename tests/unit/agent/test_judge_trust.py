"""A judge that grades the same answers twice and disagrees with itself must not steer a search."""

import hashlib
import json
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.bootstrap import opened_services
from agent.evidence import measure
from agent.judge_trust import failures_last, judge_agreement, not_worth_it, too_noisy
from agent.settings import Settings
from library.errors import Outage
from library.prompts import Content
from library.store.stores import open_library
from policies.noise import Worth
from tests.journeys.project import Clock
from tests.journeys.teachers import LedgerModel
from tests.journeys.world import NAME, REVIEWER, START, asked, golden
from tools.errors import ProviderError
from tools.ledger import Ledger

CODE = re.compile(r"^<code>([0-9a-f]{16})</code>$", re.MULTILINE)
CONTENT = Content(text="Answer: {{message}}")
ITEMS = golden(each=8)
JUDGED = {"name": "judge", "rubric": "The reply is polite.", "grades": 2}
MATCHED = {"name": "exact_match"}


def chance(*said):
    """A number in [0, 1) that hangs on what was said and nothing else."""
    return int.from_bytes(hashlib.sha256(repr(said).encode()).digest()[:4], "big") / 2**32


def graded(request, grade):
    return json.dumps({"code": CODE.search(asked(request.messages))[1], "reason": "As I see it.", "grade": grade})


def steady(request):
    return graded(request, int(chance(asked(request.messages)) < 0.6))


def dice(request):
    return graded(request, int(chance(asked(request.messages), request.repeat) < 0.5))


def down(request):
    raise ProviderError("connection", "no connection", "scripted/judge")


@pytest.fixture
def shop(tmp_path):
    """Function: services of a running cycle over a prompt with this metric, and the judge that answers so."""
    library = open_library(f"sqlite:///{tmp_path}/.promptkeeper/library.db")
    clock = Clock(at=START + timedelta(days=1))

    @asynccontextmanager
    async def make(metric, judging, answering=lambda r: asked(r.messages)[8:]):
        library.prompts.create(NAME, metrics=[metric], actor=REVIEWER, now=START)
        library.prompts.add_version(NAME, CONTENT, actor=REVIEWER, now=START)
        claim, _, _ = library.runs.claim(
            NAME, owner="test", trigger="force", incident_id=None, base_version=1, seed=1, lease=timedelta(days=1),
            now=clock(),
        )  # fmt: skip
        ledger = Ledger(library.calls)
        student = LedgerModel("student", answering, ledger=ledger, now=clock)
        judge = LedgerModel("judge", judging, ledger=ledger, now=clock) if judging else None
        async with opened_services(Settings(root=tmp_path), library, now=clock) as services:
            yield replace(services, student=student, judge=judge, claim=claim), student, judge
        await ledger.close()

    yield make
    library.db.close()


async def test_a_steady_judge_is_trusted_and_twenty_answers_are_graded_once_more(shop):
    async with shop(JUDGED, steady) as (services, student, judge):
        await measure(services, NAME, CONTENT, ITEMS, "before")
        answered, graded_before = len(student.requests), len(judge.requests)

        found = await judge_agreement(services, NAME, CONTENT, ITEMS)

        assert found.trusted
        assert too_noisy(found) is None
        assert len(student.requests) == answered  # every answer came from the ledger
        assert len(judge.requests) - graded_before == services.rulebook.acceptance.asked_again == 20


async def test_a_judge_that_throws_dice_ends_the_run_and_is_named_as_the_problem(shop):
    async with shop(JUDGED, dice) as (services, _, judge):
        found = await judge_agreement(services, NAME, CONTENT, ITEMS)
        asked_so_far = len(judge.requests)

        stop = too_noisy(found)

        assert stop["reason"] == "judge_too_noisy"
        assert "the judge is the problem, not the prompt" in stop["detail"]
        assert judge.name in stop["detail"]
        assert await judge_agreement(services, NAME, CONTENT, ITEMS) == found
        assert len(judge.requests) == asked_so_far  # asked again after a crash, it costs nothing


async def test_failing_and_passing_answers_are_read_again_in_equal_parts(shop):
    def seldom(request):
        return graded(request, int("login" not in asked(request.messages)))

    async with shop(JUDGED, seldom) as (services, _, judge):
        await measure(services, NAME, CONTENT, ITEMS, "before")
        before = len(judge.requests)
        await judge_agreement(services, NAME, CONTENT, ITEMS)

        failing = sum("login" in i.inputs["message"] for i in ITEMS)
        again = [asked(r.messages) for r in judge.requests[before:]]
        assert 0 < failing < 10
        assert sum("login" in text for text in again) == failing


@pytest.mark.parametrize("judging", [steady, None], ids=["a judge nobody asks", "no judge"])
async def test_a_metric_without_a_judge_needs_no_trust(shop, judging):
    async with shop(MATCHED, judging) as (services, _, judge):
        assert await judge_agreement(services, NAME, CONTENT, ITEMS) is None
        assert too_noisy(None) is None
        assert judge is None or judge.requests == []


async def test_of_a_few_answers_nothing_is_asked_again(shop):
    async with shop(JUDGED, dice) as (services, _, judge):
        few = ITEMS[: services.rulebook.acceptance.least_asked_again - 1]

        assert await judge_agreement(services, NAME, CONTENT, few) is None
        assert len(judge.requests) == len(few)


async def test_a_judge_that_cannot_be_reached_is_an_outage_and_not_noise(shop):
    async with shop(JUDGED, down) as (services, _, _):
        with pytest.raises(Outage):
            await judge_agreement(services, NAME, CONTENT, ITEMS)


def wanted(request):
    """The right answer to a request."""
    text = asked(request.messages)[8:]
    return next(i.expected for i in ITEMS if i.inputs["message"] == text)


def slipping(request):
    """Right, but for one answer in ten, another one each time."""
    return "?" if chance(asked(request.messages), request.repeat) < 0.1 else wanted(request)


def blind(request):
    """Wrong whenever a login is meant, however often it is asked."""
    return "?" if "login" in asked(request.messages) else wanted(request)


async def test_what_failed_is_asked_once_more_and_nothing_else(shop):
    async with shop(MATCHED, None, slipping) as (services, student, _):
        await measure(services, NAME, CONTENT, ITEMS, "before")
        before = len(student.requests)

        found = await failures_last(services, NAME, CONTENT, ITEMS)

        failed = sum(slipping(r) == "?" for r in student.requests[:before])
        assert len(student.requests) - before == failed > 0
        assert "fail again when they are asked again" in found.sentence
        assert (not_worth_it(found) is None) == found.worthwhile


async def test_failures_that_come_back_are_worth_one(shop):
    async with shop(MATCHED, None, blind) as (services, _, _):
        found = await failures_last(services, NAME, CONTENT, ITEMS)

        assert found.worthwhile
        assert not_worth_it(found) is None


def test_a_search_that_is_not_worth_it_ends_with_a_sentence():
    stop = not_worth_it(Worth(worthwhile=False, sentence="the failures are chance"))

    assert stop == {"reason": "not_the_prompt", "detail": "the failures are chance"}
