"""Redaction: typed placeholders for secrets and personal data, ordinary text untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.redaction import redact


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Write to t.wieczorek@postal-mail.net today.", "Write to [EMAIL] today."),
        ("Card 4539 5787 6362 1486 expires soon.", "Card [CARD] expires soon."),
        ("IBAN DE44 5001 0517 5407 3249 31.", "IBAN [IBAN]."),
        ("Call +44 7911 204518 now.", "Call [PHONE] now."),
        ("My SSN is 536-22-8471.", "My SSN is [SSN]."),
        ("From 93.184.216.34 at noon", "From [IP] at noon"),
        ("token ghp_a8Kd02mQz7Lr5Wv1Xc9Tn3Bf6Yh4Js0PqEuI", "token [SECRET]"),
        ("Das Passwort lautet Sommer#2023.", "Das Passwort lautet [SECRET]"),
        ("postgresql://reader:Vq7-kLm2x@db.internal/main", "[SECRET]/main"),
        ("AKIAQ3EGRN5L2K7PZD4W and sk-proj-Zk39dLqPw72mXcVb81nTyUio", "[SECRET] and [SECRET]"),
    ],
)
def test_what_is_replaced(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "My order 4711-0815-2233 of 12.05.2024 has not arrived.",
        "Write to jane.doe@example.com or call 555-0123.",
        "Commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b broke version 1.2.3.4.",
        "I forgot my password and my PIN.",
        "Set API_KEY=<your key> first.",
        "Test card 4111 1111 1111 1111, build 550e8400-e29b-41d4-a716-446655440000.",
        "Das kostet 1.234,56 EUR, also 20 % mehr.",
    ],
)
def test_what_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
