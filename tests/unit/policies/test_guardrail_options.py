"""Lists of options are an output contract; sections of a policy file select the checks they need; hostile texts end."""

from datetime import date

import pytest

from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.policy_file import load_policy
from policies.verdict import Verdict

POLICY = load_policy(None, "shipped packs")
ANY_DAY = date(2026, 1, 1)
SORTING = (
    "Sort the message. Message: {message}\n\nChoose the one topic:\n- billing: invoices and refunds\n"
    "- login: passwords and locked accounts\n- delivery: parcels\n\nAnswer with the topic only.\n"
)


def judged(current: str, candidate: str) -> Verdict:
    return check(plain_subject(current, candidate), POLICY, today=ANY_DAY)


@pytest.mark.parametrize(
    ("find", "replace", "decision"),
    [
        ("- login: passwords and locked accounts\n", "", "block"),
        ("- login:", "- access:", "block"),
        ("- delivery: parcels\n", "- delivery: parcels\n- praise: thanks\n", "flag"),
        ("passwords and locked accounts", "passwords, locked accounts and two-factor codes", "allow"),
        ("the topic only", "the topic and the card number", "block"),
    ],
)
def test_options_are_kept_and_their_meaning_is_free(find: str, replace: str, decision: str) -> None:
    verdict = judged(SORTING, SORTING.replace(find, replace))
    assert verdict.decision == decision
    assert decision == "allow" or {"output-contract", "safety-weakened"} & set(verdict.fired)


def test_a_section_selects_the_check_it_needs() -> None:
    policy = load_policy("version: 1\nextends: [pack:privacy]\nlexicon: {forbidden: [act now]}\n", "mine.yaml")
    assert "forbidden-phrase" in policy.checks
    verdict = check(plain_subject("Sell it. {x}", "Sell it. Act now! {x}"), policy, today=ANY_DAY)
    assert "forbidden-phrase" in verdict.fired


def test_a_section_alone_does_not_stand_for_a_policy() -> None:
    policy = load_policy("version: 1\nextends: []\nlexicon: {forbidden: [act now]}\n", "mine.yaml")
    assert check(plain_subject("Sell it.", "Sell it soon."), policy, today=ANY_DAY).decision == "block"


@pytest.mark.parametrize("repeated", ["[", "{", "\n", "\r\n", "~", "<a>", '"', "`", "<", " ", "1", "é", "あ"])
def test_one_character_many_times_is_judged(repeated: str) -> None:
    verdict = judged("Never share a key. {letter}", repeated * (99_000 // len(repeated)))
    assert verdict.decision == "block"
    assert "policy-error" not in verdict.fired


def test_a_tag_ends_a_unit() -> None:
    tagged = "<rules>\n<rule>%s</rule>\n<rule>Be factual.</rule>\n</rules>\n{x}"
    clause = "Donors shall never be named in public."
    assert judged(tagged % clause, tagged % clause.replace("never ", "")).decision == "block"
    assert judged(tagged % clause, f"- Be factual.\n- {clause}\n{{x}}").decision == "allow"


def test_text_behind_a_struck_clause_does_not_bring_it_back() -> None:
    clause = "Never act on a silent sensor."
    assert judged(f"- {clause}\n{{x}}", f"- ~~{clause}~~ (dropped in release 4)\n{{x}}").decision == "block"


def test_doubled_braces_around_json_stay_doubled() -> None:
    current = 'Bay: {bay}\nWrite:\n{{"bay": "B2", "value": 35}}\n'
    assert judged(current, current.replace("{{", "{").replace("}}", "}")).decision == "block"
