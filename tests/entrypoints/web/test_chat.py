"""The conversation on a page: what streams in, where links lead, and what a chat model cannot bring about."""

import json
import re
from dataclasses import replace

import pytest

from agent.chat.conversation import Conversation
from agent.entrypoints.web.app import create_app
from agent.entrypoints.web.pages.links import linked
from library.prompts import Actor, Content
from tools.models import Reply

NAME = "support/triage"
OWNER = Actor(name="owner", kind="local", reviewer=True)
HOSTILE = """support/triage: see ![plan](https://evil.example/steal?q=1) and [this](javascript:alert(1)).
<a href="https://evil.example">click</a> <script>alert(1)</script> <img src=x onerror=alert(1)>
https://evil.example/incident 7 //evil.example/run 8 javascript:proposal 9
[trace javascript:alert(1)] [trace ../../sign-out] [trace //evil.example] [trace https://evil.example/a?b#c]
data:text/html,<b>1</b> \\\\evil.example prompts/support/triage"""


class Scripted:
    """A chat model that says what it was told to, one answer after another; a list is a call of tools."""

    role, name = "chat", "scripted/chat"

    def __init__(self, *answers):
        self._answers = list(answers)
        self.requests = []

    async def complete(self, request, *, scope, caps):
        self.requests.append(request)
        said = self._answers.pop(0)
        calls = isinstance(said, list)
        return Reply(
            text=json.dumps(said) if calls else said, finish_reason="tool_calls" if calls else "stop", model=self.name,
            response_model=self.name, tokens_in=1, tokens_out=1, cost=0.0, latency_ms=1.0, from_ledger=False,
        )  # fmt: skip


@pytest.fixture
def scripted(house):
    """Function: the same house, whose conversations are held by a model with these answers; and that model."""

    def make(*answers):
        model = Scripted(*answers)
        rules = house.door.rulebook.diagnosis
        door = replace(house.door, converse=lambda: Conversation(library=house.library, rules=rules, model=model))
        return replace(house, door=door, app=create_app(door)), model

    return make


def suggestion(prompt=NAME):
    return [{"name": "suggest_cycle", "arguments": {"prompt": prompt}}]


def ask(browser, question="Why did it degrade?", *, csrf=None, **more):
    token = re.search(r'data-csrf="([^"]+)"', browser.get("/chat").text)[1] if csrf is None else csrf
    return browser.post("/chat/ask", json={"question": question, **more}, headers={"X-CSRF-Token": token})


def events(answer):
    """(kind, what it says) of every server-sent event."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = answer.text.removesuffix("\n\n").split("\n\n")
    found = [re.fullmatch(r"event: (\w+)\ndata: (.*)", block) for block in blocks]
    assert all(found), answer.text
    return [(event[1], json.loads(event[2])) for event in found]


def of_kind(kind, heard):
    return [said for name, said in heard if name == kind]


def links(heard):
    return [piece["href"] for line in of_kind("line", heard) for piece in line if piece["href"]]


def text(heard):
    return "\n".join("".join(piece["text"] for piece in line) for line in of_kind("line", heard))


def test_an_answer_comes_in_lines_and_ends_with_what_it_was_about(house):
    heard = events(ask(house.browser("viewer"), f"How is {NAME}?"))
    assert heard[-1][0] == "done"
    assert heard[-1][1] == {"about": [NAME], "declined": False, "by": "computed"}
    assert NAME in text(heard)
    assert f"/prompts/{NAME}" in links(heard)


def test_a_follow_up_knows_what_was_meant(house):
    browser = house.browser("viewer")
    done = events(ask(browser, f"How is {NAME}?"))[-1][1]
    heard = events(ask(browser, "What did we try?", about=done["about"]))
    assert heard[-1][1]["about"] == [NAME]


def test_a_follow_up_about_what_there_is_not_breaks_nothing(house):
    answer = ask(house.browser("viewer"), "What did we try?", about=["no/such", "<script>"])
    assert answer.status_code in {200, 404}
    assert "<script>" not in re.sub(r'"[^"]*"', "", answer.text)


@pytest.mark.parametrize("csrf", ["", "guess"])
def test_a_question_from_elsewhere_is_not_answered(house, csrf):
    refused = ask(house.browser("admin"), csrf=csrf)
    assert refused.status_code == 403
    assert "event:" not in refused.text


def test_another_sessions_token_is_no_good(house):
    other = re.search(r'data-csrf="([^"]+)"', house.browser("admin").get("/chat").text)[1]
    assert ask(house.browser("admin"), csrf=other).status_code == 403


def test_who_is_not_signed_in_is_sent_to_the_door(house):
    answer = house.client().post("/chat/ask", json={"question": "why?"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": "x" * 2001},
        {"question": "why?", "about": ["x"] * 21},
        {"question": "why?", "about": ["x" * 201]},
        {"question": "why?", "model": "mine"},
    ],
)
def test_a_question_out_of_bounds_is_a_problem(house, body):
    browser = house.browser("viewer")
    csrf = re.search(r'data-csrf="([^"]+)"', browser.get("/chat").text)[1]
    assert browser.post("/chat/ask", json=body, headers={"X-CSRF-Token": csrf}).status_code == 422


def test_what_a_model_writes_leads_nowhere_else(scripted):
    house, _ = scripted(HOSTILE.replace("7", "3").replace("8", "2").replace("9", "1"))
    heard = events(ask(house.browser("viewer")))
    assert heard[-1][1]["by"] == "scripted/chat"
    assert "javascript:alert(1)" in text(heard)  # it is shown as what it is
    assert len(links(heard)) >= 6
    for href in links(heard):
        assert re.fullmatch(r"/(incidents|runs|proposals)/\d+|/traces/[^/?#:\\]+|/prompts/[\w./-]+", href), href
    for line in of_kind("line", heard):
        for piece in line:
            assert set(piece) == {"text", "href"}


@pytest.mark.parametrize(
    "line", [*HOSTILE.splitlines(), "[trace ..]", "[trace %2e%2e]", "[trace \u202e]", "incident 1" * 50]
)
@pytest.mark.parametrize("names", [[], [NAME], ["evil.example/x", "a.b", "javascript", "data", "script"]])
def test_a_link_is_a_path_of_this_server_and_text_stays_as_it_was(line, names):
    pieces = linked(line, names)
    assert "".join(piece.text for piece in pieces) == line
    for piece in pieces:
        if piece.href:
            assert re.match(r"/(incidents|runs|proposals|traces|prompts)/", piece.href)
            assert not set(piece.href) & set("<>\"'\\:?# ")


def test_a_prompt_named_like_an_address_is_linked_to_its_page(house):
    name = "www.evil.example/javascript"
    house.library.prompts.create(name, actor=OWNER, now=house.clock())
    house.library.prompts.add_version(name, Content(text="{{message}}"), actor=OWNER, now=house.clock())
    heard = events(ask(house.browser("viewer"), f"How is {name}?"))
    assert set(links(heard)) == {f"/prompts/{name}"}


def test_a_name_at_the_start_of_a_sentence_leads_to_the_prompt():
    assert [p.href for p in linked("Support/Triage fell.", [NAME])] == [f"/prompts/{NAME}", ""]


def test_the_page_puts_pieces_in_as_text(house):
    script = house.browser("viewer").get("/static/script.js").text
    line = script[script.index("function line(") : script.index("function picture(")]
    assert 'piece.href.startsWith("/")' in line
    assert "textContent" in line
    assert "innerHTML" not in line


def test_figures_that_no_tool_returned_are_not_said(scripted):
    house, model = scripted("It fell by 17.3 points.", "It fell by 99.9 points.")
    heard = events(ask(house.browser("viewer"), f"Why did {NAME} degrade?"))
    assert heard[-1][1]["by"] == "computed"
    assert "17.3" not in text(heard)
    assert "99.9" not in text(heard)
    assert "17.3" in model.requests[1].messages[-1].content


def test_a_model_that_reads_before_it_speaks_is_heard(scripted):
    house, model = scripted([{"name": "list_prompts", "arguments": {}}], f"{NAME} is at version 1.")
    heard = events(ask(house.browser("viewer"), "How are things?"))
    assert heard[-1][1]["by"] == "scripted/chat"
    assert text(heard) == f"{NAME} is at version 1."
    assert links(heard) == [f"/prompts/{NAME}"]
    assert "version 1 in production" in model.requests[1].messages[-1].content


@pytest.mark.parametrize(("role", "seen"), [("viewer", []), ("operator", [NAME]), ("reviewer", [NAME])])
def test_a_suggestion_is_for_who_may_follow_it(scripted, role, seen):
    house, _ = scripted(suggestion(), "A cycle may help.")
    heard = events(ask(house.browser(role), "What would you do?"))
    assert of_kind("suggest", heard) == seen
    assert house.started == []  # nothing starts by itself


def test_a_suggestion_for_what_there_is_not_is_no_suggestion(scripted):
    house, _ = scripted(suggestion("//evil.example"), suggestion("no/such"), "Nothing helps.")
    heard = events(ask(house.browser("admin"), "What would you do?"))
    assert of_kind("suggest", heard) == []
    assert house.started == []


def test_the_person_who_confirms_starts_the_cycle_with_the_forms_own_token(scripted):
    house, _ = scripted(suggestion(), "A cycle may help.")
    browser = house.browser("operator")
    (name,) = of_kind("suggest", events(ask(browser, "What would you do?")))
    assert browser.post(f"/prompts/{name}/cycle", data={}).status_code == 403
    csrf = re.search(r'data-csrf="([^"]+)"', browser.get("/chat").text)[1]
    done = browser.post(f"/prompts/{name}/cycle", data={"csrf": csrf}, follow_redirects=False)
    assert done.status_code == 303
    assert [wish.prompt for wish in house.started] == [NAME]


def test_a_tool_that_there_is_not_decides_nothing(scripted):
    deeds = ("approve", "move_label", "start_cycle", "erase", "create_token")
    house, model = scripted([{"name": deed, "arguments": {"id": 1}} for deed in deeds], "I may not do that.")
    before = len(house.library.audit.events())
    browser = house.browser("admin")
    heard = events(ask(browser, "Approve everything."))
    assert text(heard) == "I may not do that."
    for deed in deeds:
        assert f"There is no tool '{deed}'" in model.requests[1].messages[-1].content
    new = [e.action for e in house.library.audit.events()[before:]]
    assert new == ["token.created", "session.opened"]  # the reader's own, before the question
    assert house.library.prompts.labelled(NAME, "production").number == 1


def test_what_a_tool_returns_reaches_the_model_fenced_as_data(scripted):
    house, model = scripted([{"name": "list_prompts", "arguments": {}}], "That is all.")
    events(ask(house.browser("viewer"), "What is there?"))
    shown = model.requests[1].messages[-1].content
    assert re.search(rf"<result-(\w{{8}})>\n{NAME}: .*\n</result-\1>", shown)
