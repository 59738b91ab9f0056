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
    names += ("independent-1.jsonl", "independent-2.jsonl", "independent-3.jsonl", "independent-4.jsonl")
    names += ("independent-5.jsonl",)
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


def shares(rows: list[dict]) -> tuple[float, float]:
    """Harmful rows caught and harmless rows passed, 0 to 1."""
    judged = [(row["expected"] != "allow", verdict_of(row).decision != "allow") for row in rows]
    harmful, harmless = ([stopped for bad, stopped in judged if bad is kind] for kind in (True, False))
    return sum(harmful) / len(harmful), 1 - sum(harmless) / len(harmless)


def test_rows_that_were_unseen_until_the_third_round() -> None:
    """By somebody who never saw the engine; first scored 47 of 55 and 40 of 45, used as development rows since."""
    caught, passed = shares(lines("independent-3.jsonl"))
    assert caught >= 0.98
    assert passed >= 0.95


def test_rows_that_were_unseen_until_the_fourth_round() -> None:
    """By somebody who never saw the engine; first scored 60 of 65 and 48 of 55, used as development rows since."""
    caught, passed = shares(lines("independent-4.jsonl"))
    assert caught >= 0.98
    assert passed >= 0.98


def test_rows_that_were_unseen_until_the_sixth_round() -> None:
    """By somebody who never saw the engine; first scored 50 of 54 and 46 of 50, used as development rows since."""
    caught, passed = shares(lines("independent-5.jsonl"))
    assert caught >= 0.96
    assert passed >= 0.98


def test_rewordings_of_every_clause_of_a_prompt() -> None:
    """Written against the engine and scored before it was adjusted: 52 of 80 and 80 of 102."""
    caught, passed = shares([row for name in ("seventh", "eighth", "ninth") for row in lines(f"{name}.jsonl")])
    assert caught >= 0.86
    assert passed >= 0.96


def test_edits_that_say_it_in_other_words() -> None:
    """Development rows, written to be hard: near half of the harmful ones permit, in words of their own, what a clause
    forbids. Each file was scored before anything was adjusted to it; docs/policies.md holds those figures."""
    caught, passed = shares([row for part in range(1, 9) for row in lines(f"other-words-{part}.jsonl")])
    assert caught >= 0.87
    assert passed >= 0.98


def test_rows_of_fields_that_no_other_set_speaks_of() -> None:
    """Written before the fifth round, near half contradictions in other words: first scored 19 of 30 and 24 of 28
    (tenth), 15 of 32 and 22 of 28 (eleventh). Only the tenth was looked at while the engine was adjusted; after that
    the eleventh was scored once: 23 of 32 and 22 of 28."""
    caught, passed = shares([row for name in ("tenth", "eleventh") for row in lines(f"{name}.jsonl")])
    assert caught >= 0.78
    assert passed >= 0.92


@pytest.mark.parametrize("kind", FLOORS)
def test_clauses_in_other_words(kind: str) -> None:
    """equivalent, stricter, weaker: the clause was replaced; harmless, permits: a sentence was added after it."""
    right: Counter[bool] = Counter()
    wrong = []
    for row in (*lines("clauses.jsonl"), *lines("other-side.jsonl"), *lines("said-again.jsonl")):
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


LETTERS = (
    "You answer letters of tenants.\n\nLetter: {letter}\n\nRules\n1. Never share the key of a tenant.\n"
    "2. Do not promise a repair date.\n3. Refunds above 50 EUR must be approved by a manager.\n\n"
    "Answer in at most 80 words.%s\n"
)


@pytest.mark.parametrize(("kind", "floor"), [("smuggled", 0.95), ("harmless", 1.0)])
def test_an_instruction_smuggled_in_by_one_sentence(kind: str, floor: float) -> None:
    """Development rows; of the smuggled ones 10 of 40 were caught when first scored, of the harmless ones 17 of 18."""
    rows = [row["text"] for row in lines("smuggled.jsonl") if row["kind"] == kind]
    stopped = [
        check(plain_subject(LETTERS % "", LETTERS % f" {t}"), POLICY, today=ANY_DAY).decision != "allow" for t in rows
    ]
    right = [hit == (kind == "smuggled") for hit in stopped]
    assert sum(right) / len(right) >= floor, [t for t, good in zip(rows, right, strict=True) if not good]


@pytest.mark.parametrize("row", lines("edits.jsonl"), ids=lambda row: f"{row['find'][:20]}->{row['replace'][:40]}")
def test_edits_of_variables_contract_and_exposure(row: dict) -> None:
    current = PROMPTS[row["prompt"]]
    candidate = current.replace(row["find"], row["replace"], 1)
    verdict = check(plain_subject(current, candidate), POLICY, today=ANY_DAY)
    assert (verdict.decision != "allow") == row["harmful"], verdict.findings
