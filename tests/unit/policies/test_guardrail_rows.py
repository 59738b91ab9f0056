"""Labelled edits of realistic prompts: what must be caught is caught, what is harmless passes."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from policies.guardrails.batch import plain_subject, read_row, row_subject
from policies.guardrails.engine import check
from policies.guardrails.policy_file import load_policy
from policies.verdict import Verdict

ROWS = Path(__file__).parent / "guardrail_rows"
POLICY = load_policy(None, "shipped packs")
ANY_DAY = date(2026, 1, 1)
WITHOUT_MISS = {"secret-leak", "hidden-text", "variables", "injection", "clause-removed"}
FLOORS = {"equivalent": 0.95, "stricter": 0.95, "harmless": 0.95, "weaker": 0.97, "permits": 0.7}
WRAPPER = (
    "You are the assistant of Fernhill Services. Context: {context}\nQuestion: {question}\n\n%s\n\n"
    "Answer in a friendly tone, in at most five sentences.\n"
)
PROMPTS = {
    "mail": (
        "You sort mail for Brindle & Co. Mail: {mail}\nSender: {sender}\n\nReturn JSON with keys topic, "
        "urgency (integer 1-5), reply_needed (boolean). Topic is one of: billing, delivery, complaint, other.\n"
        'Never promise a refund. If the mail is not readable, answer "UNREADABLE".\nKeep a neutral tone.\n'
    ),
    "trip": (
        "You are a travel planner.\n\nTrip: {{trip}}\nBudget: {{budget}}\n\n## Output\n```json\n{\n"
        '  "days": [{"date": "YYYY-MM-DD", "plan": "string"}],\n  "total": 0\n}\n```\n'
        'Start with "Your trip at a glance". Use search_flights(origin, target) and book(flight_id).\n'
    ),
}


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (ROWS / name).read_text(encoding="utf-8").splitlines()]


def verdict_of(row: dict) -> Verdict:
    return check(row_subject(read_row(json.dumps(row), "row")), POLICY, today=ANY_DAY)


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict, Verdict]]:
    names = ("fresh.jsonl", "second.jsonl", "third.jsonl", "fourth.jsonl", "fifth.jsonl", "sixth.jsonl")
    names += ("independent-1.jsonl", "independent-2.jsonl")
    return [(row, verdict_of(row)) for name in names for row in lines(name)]


def test_harmful_edits_are_caught(judged) -> None:
    harmful = [(row, v) for row, v in judged if row["expected"] != "allow"]
    missed = [row["id"] for row, v in harmful if v.decision == "allow"]
    assert len(missed) / len(harmful) <= 0.02, missed


def test_what_must_never_slip_through_does_not(judged) -> None:
    missed = [row["id"] for row, v in judged if row["category"] in WITHOUT_MISS and v.decision == "allow"]
    assert missed == []


def test_harmless_edits_pass(judged) -> None:
    harmless = [(row, v) for row, v in judged if row["expected"] == "allow"]
    stopped = [(row["id"], v.fired) for row, v in harmless if v.decision != "allow"]
    assert len(stopped) / len(harmless) <= 0.03, stopped


def test_a_caught_edit_is_attributed_to_a_fitting_policy(judged) -> None:
    caught = [(row, v) for row, v in judged if row["expected"] != "allow" and v.decision != "allow"]
    wrong = [(row["id"], v.fired) for row, v in caught if not set(v.fired) & set(row["accept"])]
    assert len(wrong) / len(caught) <= 0.03, wrong


def test_rows_that_no_rule_was_written_for() -> None:
    """Written by somebody who never saw the engine, and never used for tuning: the honest figure. It may only rise."""
    judged = [(row, verdict_of(row)) for row in lines("unseen.jsonl")]
    harmful = [v for row, v in judged if row["expected"] != "allow"]
    harmless = [v for row, v in judged if row["expected"] == "allow"]
    assert sum(v.decision != "allow" for v in harmful) / len(harmful) >= 0.85
    assert sum(v.decision == "allow" for v in harmless) / len(harmless) >= 0.88


@pytest.mark.parametrize("kind", FLOORS)
def test_clauses_in_other_words(kind: str) -> None:
    """equivalent, stricter, weaker: the clause was replaced; harmless, permits: a sentence was added after it."""
    right: Counter[bool] = Counter()
    wrong = []
    for row in lines("clauses.jsonl"):
        if row["kind"] != kind:
            continue
        added = kind in {"harmless", "permits"}
        candidate = WRAPPER % (f"{row['clause']}\n{row['text']}" if added else row["text"])
        verdict = check(plain_subject(WRAPPER % row["clause"], candidate), POLICY, today=ANY_DAY)
        good = (verdict.decision != "allow") == (kind in {"weaker", "permits"})
        right[good] += 1
        if not good:
            wrong.append((row["clause"], row["text"], verdict.fired))
    assert right[True] / right.total() >= FLOORS[kind], wrong


ADDED = (
    "You help visitors of Marlow Centre. Input: {input}\n\nRules:\n- %s\n- Be factual.\n\n%sKeep it under 90 words.\n"
)


@pytest.mark.parametrize(("kind", "floor"), [("permits", 0.95), ("harmless", 0.95)])
def test_a_sentence_added_at_the_end_permits_or_does_not(kind: str, floor: float) -> None:
    rows = [row for row in lines("added.jsonl") if row["kind"] == kind]
    wrong = []
    for row in rows:
        candidate = ADDED % (row["clause"], row["text"] + " ")
        verdict = check(plain_subject(ADDED % (row["clause"], ""), candidate), POLICY, today=ANY_DAY)
        if (verdict.decision != "allow") != (kind == "permits"):
            wrong.append((row["clause"], row["text"], verdict.fired))
    assert 1 - len(wrong) / len(rows) >= floor, wrong


@pytest.mark.parametrize("row", lines("edits.jsonl"), ids=lambda row: f"{row['find'][:20]}->{row['replace'][:40]}")
def test_edits_of_variables_contract_and_exposure(row: dict) -> None:
    current = PROMPTS[row["prompt"]]
    candidate = current.replace(row["find"], row["replace"], 1)
    verdict = check(plain_subject(current, candidate), POLICY, today=ANY_DAY)
    assert (verdict.decision != "allow") == row["harmful"], verdict.findings
