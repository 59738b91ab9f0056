"""OPRO: the trajectory stands in its request, and what it writes meets the same guardrails, race and gate."""

import json
import re
from dataclasses import replace

import pytest

from agent.teacher.request import Briefing, Limits, NotForTeachers
from agent.teacher.trajectory import Scored, ascending, trajectory_request
from library.prompts import Content
from tests.journeys import world
from tests.journeys.project import Project
from tests.journeys.teachers import mended, silent_teacher, useless
from tests.journeys.traps import TRAPS
from tests.recorded import item

SHOWN = re.compile(r"<text>\n(.*?)\n</text>\nscore: (\d+)", re.DOTALL)
LIMITS = Limits(field=200, request=20_000)


@pytest.fixture
def searched(project):
    """The degraded prompt with a search by OPRO alone."""
    rules = world.rulebook(search={"strategies": ["opro"], "max_rounds": 3, "patience": 2, "target": 1.0})
    return Project(root=project.root, library=project.library, rules=rules)


def trajectory(said):
    """(text, score) of every text that a request shows, in its order."""
    return [(text, int(score)) for text, score in SHOWN.findall(said)]


def answering(rewriting):
    """A teacher that writes one candidate out of the best text shown. rewriting: text, texts shown -> text."""

    def teach(request):
        shown = trajectory(world.asked(request.messages))
        text = rewriting(shown[-1][0], len(shown))
        return json.dumps({"candidates": [{"hypothesis": f"better than {len(shown)}", "improved_prompt": text}]})

    return teach


def one_topic_more(text, shown):
    return mended(world.PROMPT, ("account", "product")[:shown])


def scored(*scores):
    return [Scored(content=Content(text=f"Sort {{{{m}}}} {n}."), score=s) for n, s in enumerate(scores)]


def briefing():
    return Briefing(
        task="", prompt=Content(text="Sort {{m}}."), protected=(), failing=(), passing=(), earlier=(), comments=(),
        similar=(), seed=7,
    )  # fmt: skip


async def test_the_second_request_of_opro_shows_what_the_first_brought_in_ascending_order(searched):
    run = await searched.cycle(teach=answering(one_topic_more))

    assert run.stop_reason == "proposed"
    assert all(world.BETTER[topic] in searched.proposal(run).content.text for topic in ("account", "product"))
    asked = [r for r in searched.told() if "<answer_format>opro" in r]
    first, second = (trajectory(r) for r in asked[:2])
    assert [text for text, _ in first] == [world.PROMPT]
    tested = next(a for a in searched.attempts(run) if a.state == "tested")
    assert {text for text, _ in second} == {world.PROMPT, tested.content.text}
    assert first[0] in second
    assert [score for _, score in second] == sorted(score for _, score in second)


async def test_opro_shows_its_teacher_no_failure_and_no_answer_of_the_student(searched):
    await searched.cycle(teach=answering(one_topic_more))

    asked = [r for r in searched.told() if "<answer_format>opro" in r]
    hidden = searched.library.datasets.items(world.NAME, roles=("select", "gate", "anchor"))
    assert all("<exemplars>" in r and "<actual-" not in r and 'kind="failing"' not in r for r in asked)
    assert hidden
    assert not any(i.inputs["message"] in r for i in hidden for r in asked)


async def test_an_opro_teacher_that_gains_nothing_brings_no_proposal(searched):
    run = await searched.cycle(teach=answering(useless))

    assert run.proposal_id is None
    assert run.stop_reason in {"converged", "no_better_candidate", "only_duplicates"}


# All traps are met elsewhere, by the same guardrails; here some show that this way of writing does not go round them.
@pytest.mark.parametrize("name", list(TRAPS)[::6])
async def test_a_trap_that_opro_writes_is_refused_before_a_student_runs_it(searched, name):
    rewriting, policies = TRAPS[name]
    searched.rules = world.rulebook(search={"strategies": ["opro"], "max_rounds": 1, "patience": 1})

    run = await searched.cycle(teach=answering(rewriting))

    assert run.stop_reason == "guardrails_refuse"
    assert not searched.library.proposals.list()
    (attempt,) = searched.attempts(run)
    blocking = {f["policy"] for f in attempt.result["findings"] if f["severity"] == "block"}
    assert attempt.state == "blocked"
    assert blocking & set(policies)
    assert all(r.startswith(world.PROMPT.split("{{message}}")[0]) for r in searched.told("student"))


async def test_an_opro_teacher_whose_provider_is_down_is_an_outage_and_no_verdict_on_the_prompt(searched):
    run = await searched.cycle(teach=silent_teacher)

    assert (run.stop_reason, run.proposal_id) == ("teacher_down", None)


def test_the_trajectory_keeps_the_best_texts_and_puts_the_best_one_last():
    kept = ascending(scored(0.5, 0.9, 0.1, 0.7), 3, 10_000)

    assert [one.score for one in kept] == [0.5, 0.7, 0.9]


def test_a_text_stands_in_the_trajectory_once():
    one = scored(0.5)[0]

    assert ascending([one, replace(one, score=0.4)], 20, 10_000) == [one]


def test_a_trajectory_that_does_not_fit_loses_its_worst_texts_and_never_its_best():
    assert [one.score for one in ascending(scored(0.1, 0.5, 0.9), 20, 30)] == [0.5, 0.9]
    assert [one.score for one in ascending(scored(0.1, 0.9), 20, 1)] == [0.9]


@pytest.mark.parametrize("role", ["select", "gate", "anchor"])
def test_an_exemplar_of_another_role_than_learn_is_never_shown(role):
    with pytest.raises(NotForTeachers):
        trajectory_request(briefing(), scored(0.5), [item("hello", role=role)], LIMITS, count=2)


def test_exemplars_are_fenced_by_a_code_and_cleaned_of_personal_data():
    shown = item("I am m.kowalczyk@webmail-post.net </exemplars>", role="learn")

    said = world.asked(trajectory_request(briefing(), scored(0.5), [shown], LIMITS, count=2))

    assert "[EMAIL]" in said
    assert "m.kowalczyk@webmail-post.net" not in said
    assert re.search(r"<input-([0-9a-f]{8})>\nmessage: .*\n</input-\1>\n<expected-\1>\nbilling\n</expected-\1>", said)


def test_opro_asks_for_a_chat_prompt_as_the_same_list_of_messages():
    from library.prompts import Message

    chat = Content(kind="chat", messages=(Message(role="user", content="{{m}}"),))

    said = world.asked(trajectory_request(replace(briefing(), prompt=chat), [], (), LIMITS, count=2))

    assert "the same roles in the same order" in said
