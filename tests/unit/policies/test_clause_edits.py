"""Prompts as clauses: taking a rewrite apart and putting parts together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.clause_edits import (
    applied,
    bearing,
    clauses_of,
    hunks_between,
    loses,
    merged,
    named_in,
    numbered,
    read_edits,
    said_already,
    stems,
)

PARENT = "You sort mail. Answer with one label.\nLabels: a, b.\nNever repeat a password.\n\nMail: {mail}"
LINES = st.lists(st.sampled_from(["one", "two two", "three", "four x y", "five"]), max_size=7).map("\n".join)


def shape(text):
    return [clause.strip() for clause in clauses_of(text) if clause.strip()]


@given(st.text(alphabet="ab.!? \n{}A", max_size=60))
def test_the_clauses_of_a_text_are_the_text(text):
    assert "".join(clauses_of(text)) == text


@given(LINES, LINES)
def test_the_hunks_between_two_texts_turn_one_into_the_other(before, after):
    (made,) = applied([before], hunks_between([before], [after]))
    assert shape(made) == shape(after)


def test_what_is_added_dropped_and_reworded_is_told_apart():
    after = PARENT.replace("Never repeat a password.\n", "Mail about money is b.\n").replace("{mail}", "{mail_text}")
    hunks = hunks_between([PARENT], [after])
    assert [h.kind for h in hunks if "password" in h.old] == ["delete"]
    assert next(h.new for h in hunks if h.kind == "insert") == "Mail about money is b."
    kept = applied([PARENT], [h for h in hunks if h.new == "Mail about money is b."])
    assert "Never repeat a password." in kept[0]
    assert kept[0].endswith("Mail: {mail}")


def test_the_union_holds_every_change_once_and_of_like_additions_the_one_that_says_more():
    def added(line):
        return hunks_between([PARENT], [PARENT.replace("\n\nMail", f"\n{line}\n\nMail")])

    offers = [added("Bills go to b."), added("Bills and invoices always go to b."), added("Parcels go to a.")]
    union = merged(offers, 0.6)
    assert [h.new for h in union] == ["Bills and invoices always go to b.", "Parcels go to a."]


def test_of_two_changes_of_one_clause_the_first_holds():
    one = hunks_between([PARENT], [PARENT.replace("Labels: a, b.", "Labels: a, b and c.")])
    other = hunks_between([PARENT], [PARENT.replace("Labels: a, b.", "Labels: a, b or d.")])
    assert [h.new for h in merged([one, other], 0.6)] == ["Labels: a, b and c."]


def test_a_loss_is_a_dropped_clause_or_one_that_lacks_words_it_had():
    longer = hunks_between([PARENT], [PARENT.replace("Labels: a, b.", "Labels: a, b. Bills are b.")])
    assert not any(loses(h) for h in longer)
    shorter = hunks_between([PARENT], [PARENT.replace("Never repeat a password.\n", "")])
    assert [loses(h) for h in shorter] == [True]
    assert named_in(shorter[0], "The rule never to repeat a password is not needed.")
    assert not named_in(shorter[0], "Bills are not told from orders.")


def test_edits_name_clauses_by_number():
    known = [clause for _, _, clause in numbered([PARENT])]
    edits = [
        {"op": "insert", "clause": known.index("Labels: a, b.") + 1, "text": "Bills are b."},
        {"op": "delete", "clause": known.index("Never repeat a password.") + 1},
    ]
    (text,) = applied([PARENT], read_edits([PARENT], edits))
    assert text == "You sort mail. Answer with one label.\nLabels: a, b.\nBills are b.\n\nMail: {mail}"


@pytest.mark.parametrize(
    "edit",
    [
        {"op": "insert", "clause": 99, "text": "x"},
        {"op": "rewrite", "clause": 1, "text": "x"},
        {"op": "replace", "clause": 1, "text": " "},
        {"op": "delete", "clause": 0},
        {"op": "insert", "clause": None, "text": "x"},
        "insert",
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(edit):
    with pytest.raises(ValueError, match="edit"):
        read_edits([PARENT], [edit])


def test_advice_without_a_word_of_the_task_bears_on_nothing():
    task = stems(PARENT)
    (vague,) = hunks_between([PARENT], [PARENT + "\nWork with great care."])
    (useful,) = hunks_between([PARENT], [PARENT + "\nMail with a password goes to b."])
    assert bearing(vague, task) == 0
    assert bearing(useful, task) > 0.5
    assert not said_already(useful, [PARENT])
    assert said_already(useful, [PARENT + "\nmail with a password goes to B"])
