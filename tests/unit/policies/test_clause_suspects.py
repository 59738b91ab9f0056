"""Which clause is doubted first."""

from policies.clause_edits import applied, merged, opposes
from policies.clause_edits import hunks_between as between
from policies.clause_suspects import suspects

BASE = ("Sort the mail.\nInvoices from suppliers go to accounts.\nMail: {mail}",)
SAYS = "Invoices from suppliers go to accounts."
DENIES = "Do not send invoices from suppliers to accounts."


def test_clauses_that_speak_of_the_same_thing_come_before_those_that_stand_alone():
    texts = (f"Sort the mail.\n{SAYS}\nBe polite.\n{DENIES}\nMail: {{mail}}",)

    order = [h.old for h in suspects(texts, BASE)]

    assert set(order[:2]) == {SAYS, DENIES}
    assert set(order) == {"Sort the mail.", SAYS, "Be polite.", DENIES, "Mail: {mail}"}


def test_what_was_dropped_from_the_base_is_put_back_before_anything_is_taken_out():
    texts = ("Sort the mail.\nMail: {mail}",)

    first = suspects(texts, BASE)[0]

    assert (first.kind, first.new) == ("insert", SAYS)
    assert applied(texts, [first]) == BASE


def test_a_clause_that_denies_another_in_the_same_words_opposes_it():
    assert opposes(SAYS, DENIES)
    assert opposes(DENIES, SAYS)
    assert not opposes(SAYS, "All invoices from suppliers must go to accounts.")
    assert not opposes(DENIES, "Never send invoices from suppliers to accounts.")
    assert not opposes(SAYS, "Do not shout.")


def test_of_two_opposed_additions_neither_takes_the_place_of_the_other():
    parent = ("Sort the mail.\nMail: {mail}",)
    offers = [between(parent, (f"Sort the mail.\n{said}\nMail: {{mail}}",)) for said in (SAYS, DENIES)]

    assert [h.new for h in merged(offers, 0.6)] == [SAYS, DENIES]
