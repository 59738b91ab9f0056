"""Failing cases are told apart by what they say, and named by words that mean something."""

import math
import random

from policies.clusters import clusters_of
from policies.kinds import Case, failure_kinds
from policies.phrases import spread_words, telling_words

RNG = random.Random(6)


def vector(angle, noise=0.15):
    at = math.radians(angle) + RNG.gauss(0, noise)
    return (math.cos(at), math.sin(at), RNG.gauss(0, 0.05))


def case(id, text, expected="card", actual="cash", lost=1.0, segment="web", reason=""):
    return Case(id=id, text=text, expected=expected, actual=actual, segment=segment, lost=lost, reason=reason)


def test_two_bundles_are_two_clusters_and_one_bundle_stays_one():
    vectors = {f"a{n}": vector(0) for n in range(30)} | {f"b{n}": vector(80) for n in range(20)}

    two = clusters_of(list(vectors), vectors)

    assert sorted(len(c.ids) for c in two) == [20, 30]
    assert all(len({id[0] for id in c.ids}) == 1 for c in two)
    assert len(clusters_of([f"a{n}" for n in range(30)], vectors)) == 1
    assert len(clusters_of(list(vectors), None)) == 1


def test_a_few_outliers_are_no_cluster():
    vectors = {f"a{n}": vector(0) for n in range(40)} | {f"b{n}": vector(90) for n in range(3)}

    assert len(clusters_of(list(vectors), vectors)) == 1


def test_kinds_of_one_answer_are_told_apart_by_what_they_say():
    failing = [case(f"a{n}", f"my card number {n} expired") for n in range(20)]
    failing += [case(f"b{n}", f"apple pay refuses {n}") for n in range(15)]
    working = [case(f"w{n}", f"please send a new card {n}", lost=0.0) for n in range(60)]
    vectors = {c.id: vector({"a": 0, "b": 85, "w": 40}[c.id[0]]) for c in (*failing, *working)}

    kinds = failure_kinds(failing, working, max_kinds=8, min_share=0.03, vectors=vectors)

    assert [k.count for k in kinds] == [20, 15]
    assert {"card number", "expired"} == set(kinds[0].words)
    assert kinds[1].words[0] == "apple pay"
    assert kinds[1].name == "card messages about apple pay, refuses answered as cash"


def test_a_kind_is_compared_with_what_was_like_it_before():
    failing = [case(f"a{n}", f"card {n} expired") for n in range(20)]
    earlier = [case(f"ae{n}", f"card {n} expired", lost=float(n < 5)) for n in range(10)]
    earlier += [case(f"be{n}", f"card {n} arrives", lost=0.0) for n in range(90)]
    vectors = {c.id: vector(0 if c.id.startswith("a") else 85, 0.02) for c in (*failing, *earlier)}

    (kind,) = failure_kinds(failing, [], max_kinds=8, min_share=0.03, earlier=earlier, vectors=vectors)

    assert kind.failing_share == 1.0
    assert kind.earlier_share is not None
    assert 0.4 <= kind.earlier_share <= 0.6
    assert kind.earlier_calls_share is not None
    assert kind.earlier_calls_share <= 0.1


def test_without_right_answers_the_judges_reasons_tell_kinds_apart():
    failing = [case(f"r{n}", f"ticket {n}", expected=None, reason=("too long", "rude")[n % 2]) for n in range(20)]

    kinds = failure_kinds(failing, [], max_kinds=8, min_share=0.03)

    assert {k.name for k in kinds} == {"wrong answers in web (too long)", "wrong answers in web (rude)"}


def test_names_hold_pairs_of_words_and_no_words_of_the_language():
    texts = [f"more than only one loyalty card was charged in store {n}" for n in range(30)]
    others = [f"the password was changed in store {n}" for n in range(60)]

    words = telling_words(texts, others, 4)

    assert "loyalty card" in words
    assert not {"more", "than", "only", "loyalty", "card"} & set(words)


def test_words_spread_over_all_kinds_of_traffic_are_known_in_any_language():
    rng = random.Random(9)
    topics = {"karte": "bankkarte", "geld": "überweisung", "konto": "passwort"}
    rows = [(t, f"{rng.choice(('bitte', 'hallo'))} wegen {topics[t]} gleich") for t in sorted(topics) * 40]

    spread = spread_words([text for _, text in rows], [t for t, _ in rows])

    assert {"wegen", "gleich"} <= spread
    assert not spread & set(topics.values())
    assert spread_words(["a b"], ["x"]) == frozenset()
