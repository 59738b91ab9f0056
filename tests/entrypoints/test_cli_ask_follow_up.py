"""A conversation: a follow-up goes on about the prompt that was spoken of before."""

import json


def test_a_follow_up_keeps_its_context(promptkeeper, triage, process):
    triage.write("other.md", "Say hello to {{who}}.")
    assert triage("prompts", "add", "a/other", "other.md", "--label", "production").code == 0
    alone = process("ask", "since when?")
    assert alone.code == 2
    talk = process(
        "ask",
        "--json",
        stdin=b"How is support/triage doing?\nsince when?\nAnd what did we try for a/other?\nhow bad?\n",
    )
    assert talk.code == 0, talk
    answers = json.loads(talk.out)
    assert [a["prompts"] for a in answers] == [["support/triage"], ["support/triage"], ["a/other"], ["a/other"]]


def test_a_declined_question_does_not_lose_the_thread(triage, process):
    talk = process("ask", "--json", stdin=b"How is support/triage doing?\nwill it rain tomorrow?\nsince when?\n")
    assert [a["declined"] for a in json.loads(talk.out)] == [False, True, False]
    assert json.loads(talk.out)[2]["prompts"] == ["support/triage"]
