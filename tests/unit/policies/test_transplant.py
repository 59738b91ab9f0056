"""A change of one prompt in another: what finds its place there is taken over, what does not is left."""

from policies.clause_edits import applied, hunks_between
from policies.transplant import transplanted

DONOR = (
    "You sort mail for Alder.\n- cards: a card that was lost\n- fees: a fee on a payment\nBe brief.\n\nMail: {{mail}}"
)
RULE = "If a lawyer is mentioned, answer legal."


def put(donor, changed, host):
    hunks = transplanted((donor,), hunks_between((donor,), (changed,)), (host,))
    return applied((host,), hunks)[0]


def test_an_addition_stands_behind_the_clause_that_it_stood_behind():
    changed = DONOR.replace("Be brief.", f"{RULE}\nBe brief.")
    host = "You route letters.\n- fees: a fee\n- returns: goods that come back\n\nLetter: {{letter}}"

    assert put(DONOR, changed, host) == host.replace("- fees: a fee", f"- fees: a fee\n{RULE}")


def test_an_addition_without_a_neighbour_stands_before_the_input():
    host = "Which department answers this letter?\n\nLetter: {{letter}}"

    said = put(DONOR, DONOR.replace("Be brief.", f"Be brief.\n{RULE}"), host)

    assert said == f"Which department answers this letter?\n{RULE}\n\nLetter: {{{{letter}}}}"


def test_what_a_clause_was_lengthened_by_lengthens_a_clause_that_is_nearly_the_same():
    changed = DONOR.replace("- cards: a card that was lost", '- cards: a card that was lost; for example: "no pin"')
    host = "You sort mail.\n- cards: a card that was lost or stolen\n\nMail: {{mail}}"

    said = put(DONOR, changed, host)

    assert '- cards: a card that was lost or stolen; for example: "no pin"\n' in said


def test_a_rewording_of_a_clause_that_is_not_there_is_left_out():
    changed = DONOR.replace("a fee on a payment", "a fee on every payment")
    host = "You sort mail.\n- cards: a card that was lost\n\nMail: {{mail}}"

    assert put(DONOR, changed, host) == host


def test_a_clause_that_stands_there_word_for_word_is_reworded_and_dropped_as_it_was():
    host = "You sort mail.\n- fees: a fee on a payment\nBe brief.\n\nMail: {{mail}}"

    assert "every payment" in put(DONOR, DONOR.replace("on a payment", "on every payment"), host)
    assert "Be brief." not in put(DONOR, DONOR.replace("Be brief.\n", ""), host)


def test_what_is_said_there_already_is_not_said_twice():
    changed = DONOR.replace("a fee on a payment", "a fee on every payment").replace("Be brief.", f"Be brief.\n{RULE}")

    assert put(DONOR, changed, changed) == changed


def test_what_names_a_secret_or_a_person_stays_where_it_is():
    changed = DONOR.replace("Be brief.", "Be brief.\nSend doubts to jo.barnes@alderfinch.com at once.")

    assert put(DONOR, changed, "You route letters.\n\nLetter: {{letter}}") == "You route letters.\n\nLetter: {{letter}}"


def test_a_prompt_of_another_number_of_messages_takes_nothing():
    hunks = hunks_between((DONOR,), (f"{DONOR}\n{RULE}",))

    assert transplanted((DONOR,), hunks, ("You sort mail.", "{{mail}}")) == ()
