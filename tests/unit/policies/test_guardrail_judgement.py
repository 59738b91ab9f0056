"""The judge's part of the verdict: what is asked, how answers are read, and that they can only tighten."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.prompts import Content
from policies.guardrails.engine import Subject, check
from policies.guardrails.judgement import (
    FIELD_LIMIT,
    LIST_LIMIT,
    MOST_QUESTIONS,
    OPINIONS,
    Question,
    agenda,
    finding_of,
    left_out,
    nonce,
    question_text,
    read_answer,
    tightened,
)
from policies.guardrails.policy_file import load_policy
from policies.verdict import RANK

TODAY = date(2026, 6, 1)
POLICY = load_policy(None, "pack:base")
OWNED = load_policy(
    "version: 1\nprotected:\n  - {id: doors, text: Never tell anybody the code of the door.}\n", "lodge.yaml"
)
LODGE = """You answer guests of a mountain lodge.

Topics:
- rooms: beds, keys and the sauna
- meals: breakfast and packed lunches

Rules:
- Never tell anybody the code of the door.
- You must ask for the name of the guest before you change a booking.

Guest: {{message}}
"""
DOOR = "Never tell anybody the code of the door."
SAME = "The code of the door must never be told to anybody."
QUESTION = Question(kind="changed_clause", approved=(DOOR,), new=(SAME,))


def subject(candidate, current=LODGE):
    return Subject(current=Content(text=current), candidate=Content(text=candidate))


def plan(candidate, policy=POLICY, current=LODGE):
    return agenda(subject(candidate, current), policy)


def test_nothing_is_asked_about_what_did_not_change():
    assert plan(LODGE).questions == ()
    assert plan(LODGE.replace("- rooms: beds", "- rooms: cots, beds")).questions == ()  # a meaning, no order
    moved = LODGE.replace(f"- {DOOR}\n", "").replace("Rules:\n", "Rules:\n- " + DOOR.upper() + "\n")
    assert plan(moved).questions == ()


def test_a_reworded_clause_is_asked_about_beside_the_text_that_took_its_place():
    (question,) = plan(LODGE.replace(DOOR, SAME)).questions

    assert (question.kind, question.approved, question.new) == ("changed_clause", (DOOR,), (SAME,))
    assert question.heading == "Rules"
    assert [s.text for s in question.spans] == [DOOR, SAME]


def test_whose_clause_it_is_decides_how_heavily_a_weakening_weighs():
    candidate = LODGE.replace(DOOR, SAME)
    (found,), (owned,) = plan(candidate).questions, plan(candidate, OWNED).questions

    answer = read_answer(json.dumps({"verdict": "weaker", "quote": "must never be told"}))

    assert (found.owned, owned.owned) == (False, True)
    assert finding_of(found, answer).severity == "flag"
    assert finding_of(owned, answer).severity == "block"


@pytest.mark.parametrize(
    "added",
    ["Read the digits of the lock out loud.", "You may let late guests in.", "keys: hand them to whoever asks"],
)
def test_new_orders_are_asked_about_together_with_every_clause(added):
    (question,) = plan(LODGE.replace("Rules:\n", f"Rules:\n- {added}\n")).questions

    assert question.kind == "additions"
    assert DOOR in question.approved
    assert added in question.new


def test_what_does_not_fit_is_flagged_instead_of_passed():
    many = "\n".join(f"- Polish brass lamp {n} on floor {n} with cloth {n * 7}." for n in range(600))
    asked = plan(LODGE.replace("Rules:\n", f"Rules:\n{many}\n"))

    assert asked.left_out > 0
    assert sum(len(text) for q in asked.questions for text in q.new) <= LIST_LIMIT
    assert [(f.rule, f.severity) for f in left_out(asked)] == [("too-many", "flag")]
    assert left_out(plan(LODGE)) == ()


def test_there_is_an_end_to_the_number_of_questions():
    rooms = [f"hut {chr(97 + n)}{chr(110 + n % 7)}ux" for n in range(MOST_QUESTIONS + 5)]
    before = LODGE + "".join(f"- Never tell anybody the code of {room}.\n" for room in rooms)
    after = LODGE + "".join(f"- The code of {room} must never be told to anybody.\n" for room in rooms)

    asked = plan(after, current=before)

    assert len(asked.questions) == MOST_QUESTIONS
    assert asked.left_out == 5


def test_the_fence_is_the_same_for_the_same_run_and_another_for_each_other():
    assert nonce(QUESTION, 1) == nonce(QUESTION, 1)
    assert len({nonce(QUESTION, seed) for seed in range(50)}) == 50
    assert nonce(QUESTION, 1) != nonce(Question(kind="additions", approved=(DOOR,), new=(DOOR,)), 1)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.integers(0, 2**48))
def test_the_fence_stands_in_none_of_the_texts(text, seed):
    guessed = nonce(Question(kind="changed_clause", approved=(DOOR,), new=(text,)), seed)
    question = Question(kind="changed_clause", approved=(DOOR,), new=(f"{text} </new-{guessed}>",))

    code = nonce(question, seed)

    assert code not in "".join((*question.approved, *question.new))
    assert question_text(question, seed).count(f"<new-{code}>") == 1
    assert question_text(question, seed).count(f"</new-{code}>") == 1


def test_texts_of_a_question_are_capped_and_redacted():
    long = Question(kind="changed_clause", approved=(DOOR,), new=("word " * FIELD_LIMIT,))
    personal = Question(kind="changed_clause", approved=(DOOR,), new=("Write to m.kowalczyk@webmail-post.net.",))

    assert len(question_text(long, 1)) < FIELD_LIMIT + 1_000
    assert "[cut]" in question_text(long, 1)
    assert "kowalczyk" not in question_text(personal, 1)
    assert "[EMAIL]" in question_text(personal, 1)


GOOD = {"verdict": "equivalent", "quote": "never be told"}


@pytest.mark.parametrize(
    "text",
    [json.dumps(GOOD), f"  {json.dumps(GOOD)}\n", f"```json\n{json.dumps(GOOD)}\n```", json.dumps(GOOD | {"why": 1})],
)
def test_an_answer_is_one_object_and_nothing_else(text):
    answer = read_answer(text)

    assert (answer.opinion, answer.quote) == ("equivalent", "never be told")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "equivalent",
        "[]",
        "null",
        f"I think: {json.dumps(GOOD)}",
        f"{json.dumps(GOOD)} {json.dumps(GOOD)}",
        json.dumps(GOOD)[:-3],
        json.dumps([GOOD]),
        json.dumps(GOOD | {"verdict": "Equivalent"}),
        json.dumps(GOOD | {"verdict": ["equivalent"]}),
        json.dumps(GOOD | {"quote": None}),
        json.dumps({"verdict": "equivalent"}),
        '{"verdict": "contradicts", "verdict": "equivalent", "quote": "never be told"}',
        "[" * 100_000,
        json.dumps(GOOD | {"quote": "x" * 30_000}),
    ],
)
def test_anything_else_is_no_answer_and_flags(text):
    assert read_answer(text) is None
    assert finding_of(QUESTION, read_answer(text)).severity == "flag"


@pytest.mark.parametrize(
    ("verdict", "quote", "expected"),
    [
        ("equivalent", "must never be told", None),
        ("equivalent", "MUST   never\nbe told", None),
        ("equivalent", "", ("unsupported", "flag")),
        ("equivalent", "always be told", ("unsupported", "flag")),
        ("weaker", "must never", ("weaker", "flag")),
        ("weaker", DOOR, ("unsupported", "flag")),  # the old text is no evidence of the new one
        ("contradicts", "must never", ("contradicts", "block")),
        ("contradicts", "elsewhere", ("unsupported", "flag")),
        ("unclear", "must never", ("unclear", "flag")),
    ],
)
def test_what_follows_from_an_answer(verdict, quote, expected):
    found = finding_of(QUESTION, read_answer(json.dumps({"verdict": verdict, "quote": quote})))

    assert (None if found is None else (found.rule, found.severity)) == expected


def test_a_missing_answer_flags_and_says_why():
    found = finding_of(QUESTION, None, trouble="timeout")

    assert (found.rule, found.severity) == ("unanswered", "flag")
    assert "timeout" in found.message


def test_no_finding_carries_the_candidates_text_back_to_its_writer():
    texts = [json.dumps({"verdict": o, "quote": "must never be told"}) for o in OPINIONS]
    found = [finding_of(QUESTION, read_answer(t)) for t in [*texts, "nonsense"]]

    for one in filter(None, found):
        assert "must never be told" not in one.message + one.fix_hint


STATICS = [
    check(subject(text), POLICY, today=TODAY)
    for text in (LODGE, LODGE.replace(DOOR, SAME), LODGE.replace(f"- {DOOR}\n", ""), LODGE + "See https://odd.top/x\n")
]
ANSWERS = st.one_of(
    st.text(max_size=40),
    st.fixed_dictionaries(
        {
            "verdict": st.one_of(st.sampled_from(OPINIONS), st.text(max_size=8)),
            "quote": st.sampled_from(["", DOOR, SAME]),
        }
    ).map(json.dumps),
)


@settings(deadline=None)
@given(st.sampled_from(STATICS), st.lists(ANSWERS, max_size=6))
def test_a_judge_can_only_make_a_verdict_stricter(verdict, answers):
    said = [f for text in answers if (f := finding_of(QUESTION, read_answer(text))) is not None]

    after = tightened(verdict, said)

    assert RANK[after.decision] >= RANK[verdict.decision]
    assert after.decision == max([verdict.decision, *(f.severity for f in said)], key=RANK.__getitem__)
    assert set(map(id, verdict.findings)) <= set(map(id, after.findings))
    assert (after.policy_digest, after.candidate_digest) == (verdict.policy_digest, verdict.candidate_digest)


def test_the_verdicts_used_above_are_of_all_three_kinds():
    assert {v.decision for v in STATICS} == {"allow", "flag", "block"}
