"""Each part of a loss is found in traffic that has only this one, and in healthy traffic none is."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from library.traces import Trace, TraceError
from policies.causes.calls import Call, Sides, call_of, same_answer
from policies.causes.likeness import Likeness
from policies.causes.novelty import new_terms, surely_commoner
from policies.causes.parts import Loss
from policies.causes.revisions import revision_changes

START = datetime(2026, 5, 4, tzinfo=UTC)
TOPICS = {
    "rent": ("the rent for flat {n} is too high", "when is rent {n} due", "rent receipt {n} please"),
    "repair": ("the heating in {n} is broken", "a window leaks in {n}", "the lift stops at floor {n}"),
    "keys": ("i lost the key for door {n}", "a second key for {n}", "lock {n} is stuck"),
}
NEW = ("the charger for my car at {n} hums", "car charger {n} rejects my chip", "can a charger be put at place {n}")


def call(n, topic, rng, right=0.92, wording=None):
    meant = topic if rng.random() < right else rng.choice([t for t in TOPICS if t != topic])
    text = rng.choice(wording or TOPICS[topic]).format(n=rng.randint(1, 999))
    return Call(
        id=f"c-{n}", ts=START + timedelta(minutes=n), version=1, model="m-1", segment="web", text=text, output=meant,
        expected=topic, lost=float(meant != topic),
    )  # fmt: skip


def calls(count, seed, first=0, **kwargs):
    rng = random.Random(seed)
    return [call(first + n, rng.choice(sorted(TOPICS)), rng, **kwargs) for n in range(count)]


BEFORE = tuple(calls(600, 1))


def loss_of(change, count=300, seed=2):
    """The parts of the loss when every call after the onset is changed."""
    rng = random.Random(seed + 100)
    after = [change(c, rng) for c in calls(count, seed, first=1000)]
    return Loss(Sides(before=BEFORE, after=tuple(after)))


def found(loss):
    parts = ("failed", "cut", "new", "rescored", "relabelled", "mix", "rest")
    return {name for name in parts if getattr(loss, name).z > 3 and getattr(loss, name).size > 0.03}


def sometimes(share, change):
    return lambda c, rng: change(c, rng) if rng.random() < share else c


def fails(c, rng):
    return replace(c, output="", error="timeout", lost=1.0)


def ends_early(c, rng):
    return replace(c, output=c.output[:2], cut=True, lost=1.0)


def is_new(c, rng):
    return replace(call(0, "keys", rng, right=0.1, wording=NEW), id=c.id, ts=c.ts)


def is_judged_harshly(c, rng):
    return replace(c, lost=1.0)


def is_labelled_wrongly(c, rng):
    wrong = rng.choice([t for t in TOPICS if t != c.expected])
    return replace(c, expected=wrong, lost=float(wrong != c.output))


def is_renamed(c, rng):
    return replace(c, expected="Keys", lost=1.0) if c.expected == "keys" else c


def is_worse(c, rng):
    wrong = rng.choice([t for t in TOPICS if t != c.expected])
    return replace(c, output=wrong, lost=1.0)


@pytest.mark.parametrize(
    ("share", "change", "part"),
    [
        (0.2, fails, "failed"),
        (0.2, ends_early, "cut"),
        (0.3, is_new, "new"),
        (0.25, is_judged_harshly, "rescored"),
        (0.25, is_labelled_wrongly, "relabelled"),
        (1.0, is_renamed, "relabelled"),
        (0.25, is_worse, "rest"),
    ],
)
def test_a_change_is_found_as_what_it_is_and_as_nothing_else(share, change, part):
    assert found(loss_of(sometimes(share, change))) == {part}


@pytest.mark.parametrize("seed", range(6))
def test_healthy_traffic_has_no_part(seed):
    assert found(loss_of(lambda c, rng: c, seed=10 + seed)) == set()


def test_the_parts_say_how_much_was_lost():
    loss = loss_of(sometimes(0.25, is_worse), count=1500)

    assert loss.total.size == pytest.approx(0.25 * 0.92, abs=0.05)
    assert loss.rest.size == pytest.approx(loss.total.size, abs=0.04)


def test_a_kind_that_was_always_weak_and_comes_more_often_is_the_mix():
    rng = random.Random(5)

    def drawn(count, keys, first):
        return tuple(
            call(first + n, t, rng, right=0.3 if t == "keys" else 0.97)
            for n, t in enumerate(rng.choices(sorted(TOPICS), (keys, 1, 1), k=count))
        )

    loss = Loss(Sides(before=drawn(900, 0.2, 0), after=drawn(500, 2.0, 2000)))

    assert found(loss) == {"mix"}
    assert loss.mix.size == pytest.approx(loss.total.size, rel=0.3)


def test_a_judge_is_not_blamed_where_equal_answers_always_got_mixed_scores():
    def unlabelled(c, rng, right):
        return replace(c, expected=None, output="fine", lost=float(rng.random() > right))

    rng = random.Random(3)
    before = tuple(unlabelled(c, rng, 0.9) for c in calls(600, 1))
    after = tuple(unlabelled(c, rng, 0.6) for c in calls(300, 2, first=1000))

    assert found(Loss(Sides(before=before, after=after))) == {"rest"}


def test_a_witness_convicts_a_judge_whose_texts_never_repeat():
    rng = random.Random(4)

    def unique(n, harsh):
        good = rng.random() < 0.9
        words = [
            f"{rng.choice('bcdfg')}{rng.choice('aeiou')}{rng.choice('lmnrst')}{rng.choice('aeiou')}" for _ in range(9)
        ]
        return Call(
            id=f"u-{n}", ts=START + timedelta(minutes=n), version=1, model="m", segment="web", text=" ".join(words),
            output=" ".join(reversed(words)), expected=None, lost=float(not good or rng.random() < harsh),
            witness=float(good),
        )  # fmt: skip

    loss = Loss(
        Sides(before=tuple(unique(n, 0.0) for n in range(400)), after=tuple(unique(1000 + n, 0.3) for n in range(300)))
    )

    assert "rescored" in found(loss)
    assert loss.rescored.size > 0.7 * loss.total.size


def test_failed_and_cut_calls_are_read_from_traces():
    trace = Trace(id="t", ts=START, prompt="p", version=1, output="ok", finish_reason="stop")

    assert (call_of(trace, None).error, call_of(trace, None).cut) == (None, False)
    assert call_of(replace(trace, finish_reason="length"), None).cut
    assert call_of(replace(trace, output='{"a": 1'), None).cut
    assert call_of(replace(trace, output=" "), None).cut
    assert call_of(replace(trace, finish_reason="timeout"), None).error == "timeout"
    failed = call_of(replace(trace, output=None, error=TraceError(type="rate_limit", message="")), None)
    assert (failed.error, failed.cut, failed.lost) == ("rate_limit", False, 1.0)


def test_answers_are_the_same_whatever_their_case_and_the_order_of_their_fields():
    assert same_answer("Rent ", "rent")
    assert same_answer('{"a": 1, "b": [2]}', '{"b": [2], "a": 1}')
    assert not same_answer('{"a": 1}', '{"a": 2}')
    assert not same_answer("rent", "rents")


def test_a_message_finds_its_twins_whatever_its_number():
    others = [f"{greeting}, my card was stolen" for greeting in ("hello", "hi", "good day")] * 9
    like = Likeness(["order 0 is late", "hi, order 0 is late", *others], ["hello, order 0 is late"])

    assert {i for i, cosine in like.of_later[0] if cosine > 0.7} == {0, 1}
    assert like.of_earlier[0][0][0] == 1  # never itself


def test_new_terms_are_words_and_pairs_that_hardly_came_before():
    before = [f"password reset fails for user {n}" for n in range(300)]
    after = before[:100] + ["loyalty card reset fails"] * 12

    assert {"loyalty", "loyalty card"} <= set(new_terms(after, before))
    assert "reset" not in new_terms(after, before)
    assert new_terms(after, []) == ()


def test_a_term_that_never_came_before_is_surer_the_oftener_it_comes():
    assert surely_commoner(3, 400, 0, 900) < 4 < surely_commoner(12, 400, 0, 900)
    assert surely_commoner(1, 400, 10, 900) == 0.0


def test_a_change_of_revision_is_dated_by_the_first_judgement_of_the_new_one():
    day = [START + timedelta(days=n) for n in range(6)]
    judged = [("judge", "2", day[3]), ("judge", "1", day[0]), ("judge", "2", day[2]), ("judge", "1", day[4])]

    found = revision_changes([*judged, ("person", "", day[0]), ("judge", "3", day[5])])

    assert [(c.evaluator, c.before, c.after, c.at) for c in found] == [
        ("judge", "1", "2", day[2]),
        ("judge", "2", "3", day[5]),
    ]
    assert "revision 2 judges since 2026-05-06 00:00" in found[0].sentence
    assert "not compared" in found[0].sentence
