"""What tells a model that changed behind its name from a prompt that some messages are not served by."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies.attribution import Surroundings, attribute
from policies.causes.again import Again
from policies.causes.breadth import between, between_alike, concentrated
from policies.causes.calls import Call, Sides
from policies.causes.exposure import Peer, steady
from policies.causes.manner import manner
from policies.causes.parts import Loss
from policies.rulebook import read_rulebook

START = datetime(2026, 4, 6, tzinfo=UTC)
RULES = read_rulebook(None, "test").diagnosis
TOPICS = {
    "oven": ("the oven door of kitchen {n} squeaks", "oven {n} does not heat"),
    "tap": ("water drips from tap {n}", "the tap handle in {n} is loose"),
    "lamp": ("bulb {n} in the hall is dead", "the lamp at desk {n} flickers"),
    "lock": ("door lock {n} jams", "my key for lock {n} broke"),
}
REPLIES = {t: f"Dear guest, we send somebody who looks after the {t}." for t in TOPICS}


def calls(count, seed, wrong=lambda topic: 0.08, *, late=False, judged=False, manner="", took=400.0):
    """Calls five minutes apart; judged: letters that a judge sees, without an expected answer."""
    rng = random.Random(seed)
    found = []
    for n in range(count):
        topic = rng.choice(sorted(TOPICS))
        said = rng.choice([t for t in TOPICS if t != topic]) if rng.random() < wrong(topic) else topic
        number, pace = rng.randint(1, 999), rng.uniform(0.8, 1.2)
        letter = f"{manner}{REPLIES[said]} Number {rng.choice('abcdefgh')}{rng.choice('abcdefghij')}."
        found.append(
            Call(
                id=f"{'b' if late else 'a'}-{n}", ts=START + timedelta(days=10 * late, minutes=5 * n), version=1,
                model="m-1", segment=rng.choice(("web", "mail")), text=rng.choice(TOPICS[topic]).format(n=number),
                output=letter if judged else said, expected=None if judged else topic, lost=float(said != topic),
                took=took * pace,
            )
        )  # fmt: skip
    return tuple(found)


def loss_of(wrong, *, judged=False, count=400, **late):
    before = calls(700, 1, judged=judged)
    return Loss(Sides(before=before, after=calls(count, 2, wrong, late=True, judged=judged, **late)))


def everywhere(topic):
    return 0.35


def in_one(topic):
    return 0.85 if topic == "tap" else 0.08


def unequally(topic):
    return {"oven": 0.28, "tap": 0.35, "lamp": 0.42, "lock": 0.5}[topic]


@pytest.mark.parametrize("judged", [False, True])
@pytest.mark.parametrize("count", [80, 400])
@pytest.mark.parametrize(("wrong", "sits"), [(everywhere, False), (unequally, False), (in_one, True)])
def test_a_loss_in_one_kind_of_message_is_told_from_one_that_is_everywhere(wrong, sits, count, judged):
    assert concentrated(loss_of(wrong, count=count, judged=judged)) is sits


def test_the_measure_is_that_of_the_share_that_bears_the_loss():
    even, quarter = loss_of(everywhere, count=1_500), loss_of(in_one, count=1_500)

    for loss, expected in ((even, 0.0), (quarter, 3.0)):
        by_class = between(loss.ground.before, loss.known, lambda c: c.expected)
        by_text = between_alike(loss)
        assert by_class.value == pytest.approx(expected, abs=0.4)
        assert by_text.value == pytest.approx(expected, abs=0.6)
        assert by_class.error < 0.1 and by_text.error < 0.2


def test_a_loss_in_the_segment_that_is_blamed_alone_is_concentrated():
    before, after = calls(700, 1), calls(400, 2, everywhere, late=True)
    well = tuple(replace(c, segment="app") for c in calls(400, 3, late=True))
    usual = tuple(replace(c, segment="app") for c in calls(700, 4))

    assert not concentrated(Loss(Sides(before=before, after=after)))
    assert concentrated(Loss(Sides(before=before, after=after, elsewhere=usual, beside=well)))


@pytest.mark.parametrize(
    ("late", "seen"),
    [
        ({}, (False, False, False)),
        ({"manner": "Certainly! Here is what I can say about it. "}, (True, True, False)),
        ({"manner": "## "}, (False, True, False)),
        ({"took": 800.0}, (False, False, True)),
        ({"took": 420.0}, (False, False, False)),
    ],
)
def test_good_answers_that_look_otherwise_are_noticed(late, seen):
    changed = manner(loss_of(in_one, judged=True, **late))

    assert (changed.longer is not None, changed.new is not None, changed.slower is not None) == seen
    assert changed.style is (seen[0] or seen[1])


def test_another_manner_of_good_answers_is_the_models_even_where_one_kind_fails_and_others_hold():
    held = Surroundings(peers=(Peer(prompt="x", same_model=True, before=0.9, n_before=400, after=0.9, n_after=400),))
    same = loss_of(in_one, judged=True)
    other = loss_of(in_one, judged=True, manner="Certainly! Here is what I can say about it. ")

    assert attribute(same.sides, held, RULES).cause == "prompt"
    found = attribute(other.sides, held, RULES)
    assert (found.cause, found.confidence) == ("model_changed", "high")
    assert "times as long" in found.sentence
    assert found.causes[0].evidence["manner"]["new"] > 0.9


def test_another_pace_is_the_models_only_where_everything_fell():
    paces = {"took": 900.0}

    assert attribute(loss_of(everywhere, **paces).sides, Surroundings(), RULES).confidence == "high"
    assert attribute(loss_of(in_one, **paces).sides, Surroundings(), RULES).cause == "prompt"


def test_a_loss_in_one_kind_of_message_is_the_prompts_without_any_other_prompt():
    found = attribute(loss_of(in_one, judged=True).sides, Surroundings(), RULES)

    assert (found.cause, found.confidence) == ("prompt", "high")


def test_other_prompts_clear_the_model_only_when_they_had_the_calls_to_show_a_loss():
    def peer(after, n, same=True):
        return Peer(prompt="x", same_model=same, before=0.9, n_before=n, after=after, n_after=n)

    assert steady([peer(0.9, 400)], 0.25)
    assert not steady([peer(0.9, 15)], 0.25)
    assert not steady([peer(0.75, 400)], 0.25)
    assert not steady([peer(0.9, 400, same=False)], 0.25)
    assert not steady([], 0.25)


@pytest.mark.parametrize(
    ("well", "failed", "verdict"),
    [
        ((24, 24.0), (24, 2.0), "reproduced"),
        ((24, 22.0), (24, 23.0), "vanished"),
        ((24, 14.0), (24, 6.0), "changed"),
        ((24, 20.0), (24, 6.0), "unclear"),
        ((3, 3.0), (24, 6.0), "unclear"),
        ((24, 24.0), (0, 0.0), "unclear"),
        ((0, 0.0), (0, 0.0), "unclear"),
    ],
)
def test_asking_again_tells_the_model_from_the_messages(well, failed, verdict):
    assert Again(usual=0.92, fallen=0.68, well=well, failed=failed).verdict == verdict


def test_without_a_loss_asking_again_says_nothing():
    assert Again(usual=0.8, fallen=0.8, well=(24, 0.0), failed=(24, 0.0)).verdict == "unclear"


def test_messages_unlike_any_before_that_fail_are_a_kind_of_their_own():
    before, after = calls(700, 1, judged=True), calls(300, 2, late=True, judged=True)
    strange = tuple(
        replace(c, id=f"s-{n}", text=f"parrot {n} repeats what guests whisper", lost=float(n % 5 > 0))
        for n, c in enumerate(calls(80, 5, late=True, judged=True))
    )
    loss = Loss(Sides(before=before, after=(*after, *strange)))
    loss.ground.is_new[:] = [False] * len(loss.ground.after)  # as if their words were known ones

    assert between_alike(loss).sure
