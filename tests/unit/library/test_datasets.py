"""Items: one id for one input, one role for related items."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from library.datasets import ROLE_SHARES, item_id, normalised, role_for

INPUTS = st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=4)


def test_equal_inputs_have_one_id_in_whatever_order_they_are_given():
    one = item_id("support/triage", "golden", {"message": "hello", "language": "en"})
    assert one == item_id("support/triage", "golden", {"language": "en", "message": "hello"})
    assert re.fullmatch(r"i-[0-9a-f]{12}", one)


def test_another_prompt_dataset_or_input_is_another_item():
    inputs = {"message": "hello"}
    others = {
        item_id("support/triage", "golden", inputs),
        item_id("support/reply", "golden", inputs),
        item_id("support/triage", "harvest", inputs),
        item_id("support/triage", "golden", {"message": "hello "}),
        item_id("support/triage", "golden", {"text": "hello"}),
    }
    assert len(others) == 5


def test_case_spacing_punctuation_and_width_do_not_count_as_a_difference():
    assert normalised({"message": "  Where's  MY card?!\n"}) == "where s my card"
    assert normalised({"message": "Ｃａｒｄ"}) == normalised({"message": "card"})
    assert normalised({"message": "Straße"}) == normalised({"message": "STRASSE"})


def test_other_words_do_count():
    assert normalised({"message": "my card is lost"}) != normalised({"message": "my card is late"})


@given(INPUTS)
def test_normalising_twice_changes_nothing_more(inputs):
    once = normalised(inputs)
    assert normalised({"text": once}) == once


@given(INPUTS)
def test_the_order_of_inputs_does_not_matter(inputs):
    assert normalised(inputs) == normalised(dict(reversed(inputs.items())))


@given(st.text(), st.text())
def test_a_group_has_one_role_of_those_with_a_share(prompt, group):
    role = role_for(prompt, group)
    assert role == role_for(prompt, group)
    assert role in {name for name, _ in ROLE_SHARES}


def test_roles_fall_out_in_their_shares():
    counts = Counter(role_for("support/triage", f"group {i}") for i in range(10_000))
    for role, share in ROLE_SHARES:
        assert abs(counts[role] / 10_000 - share) < 0.02  # four standard errors
    assert sum(share for _, share in ROLE_SHARES) == 1.0


def test_prompts_deal_roles_independently():
    same = sum(role_for("support/triage", f"group {i}") == role_for("support/reply", f"group {i}") for i in range(5000))
    # 0.4 * 0.4 + 0.3 * 0.3 + 0.3 * 0.3 of the groups agree by chance.
    assert abs(same / 5000 - 0.34) < 0.03
