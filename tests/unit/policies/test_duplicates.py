"""The same text in other clothes, and an idea that a reviewer has rejected."""

import pytest

from policies.duplicates import PastText, duplicate_of, folded

BASE = "Sort the message.\n- a: login\n- b: bills\nAnswer with one letter."
IDEA = BASE.replace("login", "login, loyalty card, bonus points, stamps, club and membership number")


def past(text, *, rejected=False, name="attempt 1", base=BASE):
    return PastText(name=name, text=text, base=base, rejected=rejected)


@pytest.mark.parametrize(
    "text", [IDEA, IDEA.upper(), IDEA.replace("\n", "\n\n"), IDEA.replace("- ", "* "), IDEA.replace(":", " =")]
)
def test_the_same_words_in_other_clothes_are_the_same_text(text):
    assert duplicate_of(text, BASE, [past(IDEA)], 0.9).name == "attempt 1"


def test_the_live_version_itself_is_no_new_idea():
    assert duplicate_of(BASE, BASE, [past(BASE, name="version 1")], 0.9).name == "version 1"


def test_a_near_copy_counts_against_a_rejected_idea_only():
    near = IDEA.replace("loyalty card", "lost loyalty card")

    assert duplicate_of(near, BASE, [past(IDEA, rejected=True)], 0.8).name == "attempt 1"
    assert duplicate_of(near, BASE, [past(IDEA)], 0.8) is None


def test_a_rejected_idea_stays_rejected_when_the_live_version_has_moved_on():
    moved = BASE.replace("bills", "bills and receipts, statements, invoices, reminders, dunning letters and refunds")
    again = moved.replace("login", "login, loyalty card, bonus points, stamps, club and membership number")

    assert duplicate_of(again, moved, [past(IDEA, rejected=True)], 0.8).name == "attempt 1"


def test_another_idea_is_welcome():
    other = BASE.replace("bills", "bills, receipts, tax documents")

    assert duplicate_of(other, BASE, [past(IDEA, rejected=True), past(BASE)], 0.9) is None


def test_the_first_match_names_the_earlier_text():
    found = duplicate_of(IDEA, BASE, [past(BASE, name="v"), past(IDEA, name="a"), past(IDEA, name="b")], 0.9)

    assert found.name == "a"


def test_folding_keeps_words_of_every_script():
    assert folded("Ärger — mit Größe!") == "ärger mit grösse"
    assert folded("退款, 请") == "退款 请"
