"""A learn item that holds a hidden item's text is not shown."""

from datetime import UTC, datetime

from library.datasets import Item, item_id
from policies.secrecy import tellable


def item(text: str, role: str) -> Item:
    inputs = {"message": text}
    return Item(
        id=item_id("p", role, inputs), prompt="p", dataset=role, role=role, inputs=inputs, expected="x",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def texts(items):
    return [i.inputs["message"] for i in items]


def test_a_learn_item_that_contains_a_hidden_text_is_left_out():
    learn = [item("Hello, my card was stolen today!", "learn"), item("Where is my card?", "learn")]
    for role in ("select", "gate", "anchor"):
        assert texts(tellable(learn, [item("my card was STOLEN", role)])) == ["Where is my card?"]


def test_words_are_compared_as_a_whole():
    learn = [item("the cardboard arrived late yesterday", "learn")]
    assert tellable(learn, [item("board arrived late", "gate")]) == learn


def test_a_text_too_short_to_mean_anything_hides_nothing():
    learn = [item("yes please send it", "learn")]
    assert tellable(learn, [item("yes", "gate")]) == learn
