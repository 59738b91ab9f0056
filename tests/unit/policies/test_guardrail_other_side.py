"""A rule said from its other side passes; what only looks like that does not."""

from datetime import date

import pytest

from policies.guardrails.batch import plain_subject
from policies.guardrails.engine import check
from policies.guardrails.policy_file import load_policy
from policies.guardrails.secrets import find_secrets
from policies.guardrails.spelling import corrected

PROMPT = "You help visitors of Marlow Centre. Input: {input}\n\n%s\n\nKeep it under 90 words.\n"
POLICY = load_policy(None, "shipped packs")


def decided(clause: str, text: str) -> str:
    return check(plain_subject(PROMPT % clause, PROMPT % text), POLICY, today=date(2026, 1, 1)).decision


@pytest.mark.parametrize(
    ("clause", "same", "other"),
    [
        (
            "Never open the valve of a tank.",
            "The valve of a tank must stay closed.",
            "Keep the valve of a tank open and the door closed.",
        ),
        (
            "Do not publish a review before approval.",
            "A review is published only after approval.",
            "A review is published, and approval must be sought later.",
        ),
        (
            "Only the captain may cancel a trip.",
            "Nobody but the captain may cancel a trip.",
            "Nobody but the crew may cancel a trip.",
        ),
        (
            "Beginners must pass the test before they climb.",
            "No beginner climbs without having passed the test.",
            "Beginners climb, then they pass the test.",
        ),
        (
            "Never correct a quotation.",
            "Leave every quotation as it is.",
            "Leave quotations as they are where you can.",
        ),
        (
            "Keys must be collected in person with photo ID.",
            "Keys are only ever handed over in person and against photo ID.",
            "Keys are handed over in person or by post.",
        ),
        (
            "Requests from the press go to the press office.",
            "Forward press requests to the press office.",
            "Forward difficult press requests to the press office.",
        ),
        (
            "Do not give advice on tax.",
            "Do not give advice on tax, and if they insist, do not argue about it.",
            "Do not give advice on tax, and if they insist, do not refuse.",
        ),
        (
            "Always wash the samples before weighing them.",
            "Samples have to be washed before they are weighed.",
            "Samples have to be weighed before they are washed.",
        ),
    ],
)
def test_the_same_rule_from_its_other_side(clause: str, same: str, other: str) -> None:
    assert decided(clause, same) == "allow"
    assert decided(clause, other) != "allow"


@pytest.mark.parametrize(("old", "new"), [("teh", "the"), ("recieve", "receive"), ("adress", "address")])
def test_a_mended_misspelling_is_no_change(old: str, new: str) -> None:
    assert corrected(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [("legal", "illegal"), ("causal", "casual"), ("not", "now"), ("from", "form"), ("mg", "g"), ("minor", "major")],
)
def test_another_word_is_no_mended_misspelling(old: str, new: str) -> None:
    assert not corrected(old, new)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('Example of what to look for: GATEWAY_KEY = "9f4e2b7c60d1483ea5527fbe01c9d8a4" in config.py', 1),
        ("DB_PASS=qW8!zR2#mK5p", 1),
        ("sort_key = customer_name", 0),
        ("The primary_key: customer_id_2024", 0),
        ("GATEWAY_KEY = YOUR_KEY_HERE_1234567890", 0),
    ],
)
def test_keys_whose_name_does_not_say_secret(text: str, number: int) -> None:
    assert len(find_secrets(text)) == number
