"""Failing calls grouped by what was wanted, named by what tells them apart."""

import random

import pytest

from policies.kinds import Case, failure_kinds, new_words, telling_words

FILLERS = ("please", "hello", "today", "order", "number", "thanks", "again", "still")


def case(n, text, expected="account", actual="product", segment="care", lost=1.0, reason=""):
    return Case(id=f"t-{n}", text=text, expected=expected, actual=actual, segment=segment, lost=lost, reason=reason)


def texts(word, count, seed=1):
    rng = random.Random(seed)
    return [f"{rng.choice(FILLERS)} {word} {rng.choice(FILLERS)}" for _ in range(count)]


def test_a_kind_is_named_by_what_was_wanted_what_was_answered_and_its_words():
    failing = [case(n, t) for n, t in enumerate(texts("voucher", 12))]
    working = [case(100 + n, t, lost=0.0) for n, t in enumerate(texts("password", 30))]

    (kind,) = failure_kinds(failing, working, max_kinds=8, min_share=0.03)

    assert kind.words[0] == "voucher"
    assert kind.name.startswith("account messages about voucher")
    assert kind.name.endswith("answered as product")
    assert (kind.count, kind.share, kind.segment) == (12, 1.0, "care")
    assert kind.case_ids == tuple(f"t-{n}" for n in range(12))


def test_kinds_are_told_largest_loss_first_and_small_ones_left_out():
    failing = [case(n, "a b c", expected="a") for n in range(40)]
    failing += [case(50 + n, "d e f", expected="b", lost=0.5) for n in range(40)]
    failing += [case(99, "g h i", expected="c")]

    kinds = failure_kinds(failing, [], max_kinds=8, min_share=0.03)

    assert [k.expected for k in kinds] == ["a", "b"]
    assert [k.share for k in kinds] == pytest.approx([40 / 61, 20 / 61])


def test_segments_are_kept_apart():
    failing = [case(n, "x y z", segment="ab"[n % 2]) for n in range(20)]

    assert {k.segment for k in failure_kinds(failing, [], max_kinds=8, min_share=0.03)} == {"a", "b"}


def test_free_text_answers_are_not_classes():
    failing = [case(n, "summarise this", expected=f"summary {n}", reason="no JSON") for n in range(60)]

    (kind,) = failure_kinds(failing, [], max_kinds=8, min_share=0.03)

    assert kind.expected is None
    assert kind.name.startswith("wrong answers in care")
    assert "no JSON" in kind.name


def test_nothing_failing_is_no_kind():
    assert failure_kinds([], [case(1, "a")], max_kinds=8, min_share=0.03) == ()
    assert failure_kinds([case(1, "a", lost=0.0)], [], max_kinds=8, min_share=0.03) == ()


def test_words_of_everybody_tell_nothing():
    inside = [f"please help with {w}" for w in ("voucher",) * 20]
    outside = [f"please help with {w}" for w in ("password",) * 20]

    assert telling_words(inside, outside, 6) == ("voucher",)
    assert telling_words(inside, inside, 6) == ()


def test_new_words_hardly_occurred_before():
    before = [*texts("password", 200), "please voucher today"]
    after = texts("voucher", 20) + texts("firmware", 20, seed=2)

    assert set(new_words(after, before)) == {"voucher", "firmware"}
    assert new_words(after, before + ["my voucher"] * 20) == ("firmware",)
    assert new_words(after, []) == ()
