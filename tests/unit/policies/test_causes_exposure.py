"""What only some calls met, and what other prompts met as well."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies.attribution import ON_REQUEST, REWRITABLE, Surroundings, attribute
from policies.causes.calls import Call, Sides
from policies.causes.exposure import Peer, exposure, falling
from policies.causes.parts import Loss
from policies.causes.releases import Release, changed_settings, edited_lines, line_about
from policies.claims import checked_claims
from policies.rulebook import read_rulebook

START = datetime(2026, 5, 4, tzinfo=UTC)
ONSET = START + timedelta(minutes=600)
RULES = read_rulebook(None, "test").diagnosis
TEXTS = {"tea": "a cup of tea for table {n}", "bill": "the bill for table {n}", "seat": "a seat by window {n}"}


def drawn(n, rng, wrong, model="m-1", version=1):
    topic = rng.choice(sorted(TEXTS))
    said = rng.choice([t for t in TEXTS if t != topic]) if rng.random() < wrong else topic
    return Call(
        id=f"c-{n}", ts=START + timedelta(minutes=n), version=version, model=model, segment="web",
        text=TEXTS[topic].format(n=n), output=said, expected=topic, lost=float(said != topic),
    )  # fmt: skip


def sides(after):
    """after: (calls, share wrong, model, version) for each group of calls after the onset."""
    rng = random.Random(8)
    late = [drawn(600 + i, rng, wrong, model, version) for count, wrong, model, version in after for i in range(count)]
    return Sides(before=tuple(drawn(n, rng, 0.06) for n in range(600)), after=tuple(late))


def peer(name, before, after, n=60, *, same=True):
    return Peer(prompt=name, same_model=same, before=before, n_before=4 * n, after=after, n_after=n)


def test_a_new_model_is_blamed_for_what_its_calls_lose():
    found = attribute(sides([(300, 0.35, "m-2", 1)]), Surroundings(), RULES)

    assert found.cause == "model_changed"
    assert "m-2 instead of m-1" in found.sentence
    assert found.causes[0].evidence["models"] == {"before": ["m-1"], "after": ["m-2"]}
    assert len(found.causes[0].evidence["trace_ids"]) == 5


def test_a_new_model_that_is_as_good_as_the_old_one_is_not_blamed():
    found = attribute(sides([(150, 0.35, "m-2", 1), (150, 0.35, "m-1", 1)]), Surroundings(), RULES)

    assert found.cause == "prompt"


def test_a_model_that_answers_a_part_is_blamed_for_its_part():
    loss = Loss(sides([(200, 0.4, "m-2", 1), (200, 0.06, "m-1", 1)]))

    met = exposure(loss, lambda c: c.model)

    assert met.fresh == ("m-2",)
    assert met.share == pytest.approx(0.5)
    assert met.part.size == pytest.approx(loss.total.size, abs=0.05)


@pytest.mark.parametrize(
    ("peers", "fell"),
    [
        ([peer("a", 0.9, 0.7), peer("b", 0.95, 0.75), peer("c", 0.9, 0.88)], {"a", "b"}),
        ([peer("a", 0.9, 0.9), peer("b", 0.95, 0.94)], set()),
        ([peer("a", 0.9, 0.3), peer("b", 0.9, 0.9), peer("c", 0.9, 0.91)], set()),  # one prompt of its own fault
        ([peer("a", 0.9, 0.7), peer("b", 0.95, 0.7), peer("x", 0.9, 0.6, same=False)], set()),  # everybody falls
        ([peer("a", 0.9, 0.5, same=False), peer("b", 0.95, 0.5, same=False)], set()),
        ([], set()),
    ],
)
def test_a_model_is_blamed_when_its_other_prompts_fall_together(peers, fell):
    assert {p.prompt for p in falling(peers)} == fell


def test_prompts_that_fall_together_make_it_the_model():
    worse = sides([(300, 0.35, "m-1", 1)])
    peers = (peer("a", 0.9, 0.7), peer("b", 0.95, 0.75))

    together = attribute(worse, Surroundings(peers=peers), RULES)
    alone = attribute(worse, Surroundings(peers=(peer("a", 0.9, 0.9), peer("b", 0.95, 0.96))), RULES)
    by_monitor = attribute(worse, Surroundings(upstream=("x", "y")), RULES)

    assert (together.cause, alone.cause, by_monitor.cause) == ("model_changed", "prompt", "model_changed")
    assert "2 other prompts" in together.sentence
    assert "2 other prompts of the same model did not fall" in alone.sentence
    assert alone.confidence == "high"


def test_without_anything_to_compare_an_even_loss_is_a_doubt_about_the_model_and_no_rewrite():
    found = attribute(sides([(300, 0.35, "m-1", 1)]), Surroundings(), RULES)

    assert (found.cause, found.confidence) == ("model_changed", "low")
    assert "a silent change of the model is likely" in found.sentence
    assert found.cause not in REWRITABLE | ON_REQUEST
    assert found.causes[0].evidence["pairs"]


def test_a_peer_with_too_few_calls_to_tell_does_not_clear_the_model():
    worse = sides([(300, 0.35, "m-1", 1)])

    few = attribute(worse, Surroundings(peers=(peer("a", 0.9, 0.88, n=8),)), RULES)
    many = attribute(worse, Surroundings(peers=(peer("a", 0.9, 0.88, n=200),)), RULES)
    other = attribute(worse, Surroundings(peers=(peer("a", 0.9, 0.88, n=200, same=False),)), RULES)

    assert (few.cause, many.cause, other.cause) == ("model_changed", "prompt", "model_changed")


def test_calls_of_the_old_model_before_the_switch_are_no_comparison():
    """The onset was dated too early: forty calls after it still met the old model, and some of them failed."""
    late, switched = sides([(40, 0.3, "m-1", 1)]), sides([(300, 0.35, "m-2", 1)])
    after = (*late.after, *(replace(c, ts=c.ts + timedelta(hours=1)) for c in switched.after))

    found = attribute(Sides(before=late.before, after=after), Surroundings(peers=(peer("a", 0.9, 0.9),)), RULES)

    assert found.cause == "model_changed"
    assert "m-2 instead of m-1" in found.sentence


def release(**changes):
    said = {"version": 2, "previous": 1, "first_seen": ONSET, "removed": ("- tea: hot drinks",), "added": ("- food",)}
    return Release(**{**said, **changes})


def test_a_release_is_named_with_its_edit_and_what_the_edit_was_about():
    around = Surroundings(release=release(), kinds=(("tea", 0.7, ("cup",)), ("bill", 0.3, ())))

    found = attribute(sides([(300, 0.35, "m-1", 2)]), around, RULES)

    assert found.cause == "release"
    assert 'took out "- tea: hot drinks"' in found.sentence
    assert "70 % of the lost score is in tea messages" in found.sentence
    assert found.causes[0].evidence["about"] == [{"line": "- tea: hot drinks", "kind": "tea", "share": 0.7}]
    assert found.cause not in REWRITABLE
    assert found.cause in ON_REQUEST


def test_a_release_that_chose_the_new_model_is_the_only_cause():
    after = sides([(300, 0.35, "m-2", 2)])

    chosen = attribute(after, Surroundings(release=release(config={"model": ("x/m-1", "x/m-2")})), RULES)
    by_chance = attribute(after, Surroundings(release=release()), RULES)

    assert [c.cause for c in chosen.causes] == ["release"]
    assert "changed model from x/m-1 to x/m-2" in chosen.sentence
    assert {c.cause for c in by_chance.causes} == {"release", "model_changed"}


def test_another_revision_of_the_evaluator_explains_everything_but_failed_calls():
    found = attribute(sides([(300, 0.35, "m-2", 1)]), Surroundings(revisions=("judge 1", "judge 2")), RULES)

    assert [c.cause for c in found.causes] == ["evaluator_changed"]
    assert "judge 2 judges instead of judge 1" in found.sentence


def test_slow_calls_are_never_the_prompts_fault():
    slow = sides([(300, 0.0, "m-1", 1)])
    late = Sides(before=slow.before, after=tuple(replace(c, lost=0.2) for c in slow.after))

    assert attribute(late, Surroundings(of_calls=True), RULES).cause == "outage"


def test_shares_are_of_the_whole_loss_and_the_primary_cause_comes_first():
    rng = random.Random(2)
    mixed = sides([(400, 0.3, "m-2", 1)])
    after = tuple(replace(c, output="", error="timeout", lost=1.0) if rng.random() < 0.12 else c for c in mixed.after)

    found = attribute(Sides(before=mixed.before, after=after), Surroundings(), RULES)

    assert [c.cause for c in found.causes] == ["model_changed", "outage"]
    assert sum(c.share for c in found.causes) == pytest.approx(1.0, abs=0.1)
    assert found.causes[0].share > found.causes[1].share > 0.15


def test_edits_are_lines_taken_out_and_put_in():
    removed, added = edited_lines("a\n- tea: hot\nc\n", "a\nc\n- cake: sweet\n")

    assert (removed, added) == (("- tea: hot",), ("- cake: sweet",))
    assert changed_settings({"model": "a", "seed": 1}, {"model": "b", "seed": 1}) == {"model": ("a", "b")}


def test_a_line_is_about_what_it_names():
    lines = ("- tea: hot drinks in a cup", "- bill: money")

    assert line_about(lines, "bill", ()) == "- bill: money"
    assert line_about(lines, "", ("hot drinks", "saucer")) == "- tea: hot drinks in a cup"
    assert line_about(lines, "seat", ("window",)) is None


def test_only_claims_that_can_be_checked_are_kept():
    good = {"claim": "tea is missing", "cause": "prompt", "items": ["i-1"], "span": "hot  drinks"}
    bad = [
        {**good, "items": ["i-9"]},
        {**good, "items": []},
        {**good, "span": "cold drinks"},
        {**good, "span": ""},
        {**good, "cause": "the moon"},
        {**good, "claim": " "},
        "tea",
    ]

    kept = checked_claims([*bad, good], items={"i-1", "i-2"}, prompt="- tea: hot\ndrinks")

    assert kept == [{"claim": "tea is missing", "cause": "prompt", "items": ["i-1"], "span": "hot drinks"}]


def test_a_few_calls_of_a_new_model_that_fail_bear_a_loss_that_is_everywhere():
    """The onset was dated days too early, by chance: hardly a tenth of the calls since then met the new model."""
    held = Surroundings(peers=(peer("a", 0.9, 0.91, n=200),))

    early, switched = sides([(240, 0.16, "m-1", 1)]), sides([(28, 0.5, "m-2", 1)])
    after = (*early.after, *(replace(c, ts=c.ts + timedelta(hours=4)) for c in switched.after))

    assert attribute(Sides(before=early.before, after=after), held, RULES).cause == "model_changed"
    # Beside calls of the old model that fail as often, the new one is not to blame.
    assert attribute(sides([(240, 0.3, "m-1", 1), (28, 0.3, "m-2", 1)]), held, RULES).cause == "prompt"
