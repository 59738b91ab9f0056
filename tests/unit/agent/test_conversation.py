"""A chat model may phrase, but not count, not decide and not start anything."""

import json

import pytest

from agent.chat.conversation import Conversation
from agent.chat.figures import strange_figures
from library.errors import Outage
from library.prompts import Actor, Content
from library.store.stores import open_library
from policies.rulebook import read_rulebook
from tests.recorded import START
from tools.models import Reply

NAME = "support/triage"
OWNER = Actor(name="owner", kind="local", reviewer=True)


class Scripted:
    """A chat model that says what it was told to, one answer after another; a list is a call of tools."""

    role, name = "chat", "scripted/chat"

    def __init__(self, *answers):
        self._answers = list(answers)
        self.requests = []

    async def complete(self, request, *, scope, caps):
        self.requests.append(request)
        said = self._answers.pop(0)
        if isinstance(said, Exception):
            raise said
        calls = isinstance(said, list)
        return Reply(
            text=json.dumps(said) if calls else said, finish_reason="tool_calls" if calls else "stop", model=self.name,
            response_model=self.name, tokens_in=1, tokens_out=1, cost=0.0, latency_ms=1.0, from_ledger=False,
        )  # fmt: skip


@pytest.fixture
def library(tmp_path):
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    opened.prompts.create(NAME, actor=OWNER, now=START)
    opened.prompts.add_version(NAME, Content(text="Name it: {{message}}"), actor=OWNER, now=START)
    opened.prompts.move_label(NAME, "production", 1, expected=None, actor=OWNER, reason="first", now=START)
    yield opened
    opened.db.close()


def conversation(library, *answers):
    model = Scripted(*answers)
    return Conversation(library=library, rules=read_rulebook(None, "test").diagnosis, model=model), model


def call(name, **arguments):
    return [{"name": name, "arguments": arguments}]


async def test_without_a_model_answers_are_computed(library):
    talk = Conversation(library=library, rules=read_rulebook(None, "test").diagnosis)
    turn = await talk.answer("what is waiting for me?")
    assert turn.by == "computed"
    assert "Nothing waits" in turn.answer.text


async def test_the_model_reads_through_tools_and_phrases_the_answer(library):
    talk, model = conversation(library, call("list_prompts"), "support/triage is at version 1 and nothing waits.")
    turn = await talk.answer("how are things?", prompt=NAME)
    assert turn.by == "scripted/chat"
    assert turn.answer.text == "support/triage is at version 1 and nothing waits."
    assert "version 1 in production" in model.requests[1].messages[-1].content


async def test_a_figure_that_no_tool_returned_is_objected_to_and_then_not_said(library):
    talk, model = conversation(library, "It fell by 17.3 points.", "It fell by 17.4 points.")
    turn = await talk.answer("why did support/triage degrade?")
    assert "17.3" in model.requests[1].messages[-1].content
    assert turn.by == "computed"
    assert "17" not in turn.answer.text


async def test_a_model_that_corrects_itself_is_heard(library):
    talk, _ = conversation(library, "It fell by 17.3 points.", "I do not know by how much.")
    assert (await talk.answer("why did support/triage degrade?")).answer.text == "I do not know by how much."


async def test_a_suggested_cycle_waits_for_the_person_and_no_tool_decides(library):
    talk, model = conversation(library, call("suggest_cycle", prompt=NAME), "A cycle may help; please confirm.")
    turn = await talk.answer("what would you do about support/triage?")
    assert turn.wishes == (NAME,)
    assert library.runs.list() == ()
    names = [tool["function"]["name"] for tool in model.requests[0].config["tools"]]
    assert names == ["list_prompts", "about", "suggest_cycle"]


@pytest.mark.parametrize(
    "wrong",
    [
        call("approve_proposal", id=1),
        call("about", prompt="no/such", topic="why"),
        call("about", prompt=NAME, topic="salaries"),
        call("about"),
        [{"name": None}],
        ["x"],
    ],
)
async def test_a_wrong_use_of_tools_is_told_and_survived(library, wrong):
    talk, _ = conversation(library, wrong, "I cannot tell.")
    assert (await talk.answer("why did support/triage degrade?")).answer.text


async def test_a_model_that_never_answers_or_is_down_is_replaced_by_the_computed_answer(library):
    talk, _ = conversation(library, *[call("list_prompts")] * 20)
    assert (await talk.answer("what is waiting for me?")).by == "computed"
    talk, _ = conversation(library, Outage("the provider is down", "", ""))
    assert (await talk.answer("what is waiting for me?")).by == "computed"


def test_figures_are_compared_by_value():
    assert strange_figures("−3.50 points, 1,200 calls, 2 kinds", ["3.5 and 1200"]) == []
    assert strange_figures("version 12, 0.87", ["version 1, 0.8"]) == ["12", "0.87"]
