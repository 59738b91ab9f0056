"""A chat prompt: its clauses and its messages keep the roles in which they were approved."""

import json

import pytest

from library.prompts import Content, Message
from library.runs import StopReason
from library.store.stores import open_library
from tests.journeys import world
from tests.journeys.project import Project, opened
from tests.journeys.teachers import Teacher, mended
from tests.journeys.traps import CLAUSE, RULES


@pytest.fixture(scope="module")
def chat_root(tmp_path_factory):
    """The same prompt as two messages, degraded in the same way."""
    root = tmp_path_factory.mktemp("chat")

    def fill(library):
        head, _, tail = world.PROMPT.partition("Message: ")
        messages = (Message(role="system", content=head), Message(role="user", content=f"Message: {tail}"))
        content = Content(kind="chat", messages=messages)
        library.prompts.create(world.NAME, description="Sorts mail.", actor=world.REVIEWER, now=world.START)
        library.prompts.add_version(world.NAME, content, actor=world.REVIEWER, now=world.START)
        library.prompts.move_label(
            world.NAME, "production", 1, expected=None, actor=world.REVIEWER, reason="start", now=world.START
        )
        library.traces.add(*world.traffic(content))

    opened(root, fill, RULES).library.db.close()
    return root


@pytest.fixture
def chat(chat_root):
    library = open_library(f"sqlite:///{chat_root}/.promptkeeper/library.db")
    yield Project(root=chat_root, library=library, rules=RULES)
    library.db.close()


def _to_the_user(messages):
    messages[0]["content"] = messages[0]["content"].replace(f"- {world.SAFETY}\n", "")
    messages[1]["content"] = f"{world.SAFETY}\n{messages[1]['content']}"


def _other_roles(messages):
    messages[0]["role"] = "user"


def _one_more(messages):
    messages.append({"role": "assistant", "content": "refund"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [(_to_the_user, "guardrails_refuse"), (_other_roles, "teacher_down"), (_one_more, "teacher_down")],
)
async def test_messages_of_a_chat_prompt_keep_their_roles_and_clauses(chat, change, reason: StopReason):
    def rewriting(current, number):
        messages = json.loads(current)
        messages[0]["content"] = mended(messages[0]["content"])
        change(messages)
        return json.dumps(messages)

    run = await chat.cycle(teach=Teacher(rewriting))

    assert (run.stop_reason, run.proposal_id) == (reason, None)
    for attempt in chat.attempts(run):
        assert attempt.state == "blocked"
        assert "role-changed" in {f["rule"] for f in attempt.result["findings"]}
        assert attempt.reason.split(":")[0] in CLAUSE
        assert "moved" in attempt.reason
