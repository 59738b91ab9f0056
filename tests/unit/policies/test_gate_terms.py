"""Before the gate is paid for: the bar, the wear of the items and what they can show, from what attempts remember."""

import json
from datetime import UTC, datetime, timedelta

from policies.acceptance import Pair, compare, to_json
from policies.gate_terms import gate_terms
from policies.gate_wear import sample_of
from policies.rulebook import read_rulebook

RULES = read_rulebook(None, "test").acceptance
AT = datetime(2026, 1, 1, tzinfo=UTC)
ITEMS = [(f"g-{n}", "") for n in range(100)]


def pairs(fixed, same, broken=0):
    scores = [(0.0, 1.0)] * fixed + [(1.0, 0.0)] * broken + [(1.0, 1.0)] * same
    return [Pair(item_id=f"s-{n}", segment=None, baseline=a, candidate=b) for n, (a, b) in enumerate(scores)]


def attempt(day, gate=None, items=ITEMS):
    result = {"decision": "allow"}
    if gate is not None:
        result |= {"gate": to_json(compare(gate, RULES, seed=1)), "gate_sample": list(sample_of(i for i, _ in items))}
    return AT + timedelta(days=day), result


def terms(earlier=(), *, items=ITEMS, select=None, goal="gain"):
    return gate_terms(earlier, items=items, select=pairs(8, 32) if select is None else select, rules=RULES, goal=goal)


def test_the_first_look_is_granted_everything_and_says_what_its_items_can_show():
    said = terms()

    assert (said.grant.look, said.wear.looks) == (1, 0)
    assert said.power.n == 100
    assert said.power.alpha == said.grant.alpha
    assert said.sentences[0].startswith("first look at the gate of this prompt")
    assert said.sentences[1].startswith(
        "if the gain seen so far is the true one, 100 items confirm a gain of 20 points"
    )


def test_earlier_looks_are_read_from_attempts_and_others_are_not_looks():
    earlier = [attempt(0), attempt(1, pairs(2, 98)), attempt(2), attempt(3, pairs(20, 80)), attempt(4, pairs(1, 99))]
    said = terms(earlier)

    assert (said.grant.look, said.grant.confirmed, said.wear.looks) == (4, 1, 3)


def test_looks_at_other_items_raise_the_bar_but_do_not_wear_these():
    others = [(f"h-{n}", "") for n in range(100)]
    said = terms([attempt(n, pairs(2, 98), others) for n in range(25)])

    assert said.grant.alpha < RULES.alpha / 50
    assert (said.wear.looks, said.wear.worn) == (0, False)
    assert terms([attempt(n, pairs(2, 98)) for n in range(25)]).wear.worn


def test_related_items_count_as_one():
    assert terms(items=[(f"g-{n}", f"talk-{n // 5}") for n in range(100)]).power.n == 20


def test_without_pairs_or_gain_nothing_is_promised():
    assert terms(select=[]).power.chance <= terms().grant.alpha
    assert terms(select=[]).power.needed is None
    assert terms(select=pairs(0, 30, broken=3)).power.gain == 0


def test_a_change_that_need_not_gain_is_told_what_it_can_rule_out():
    assert "rule out a loss of 3 points" in terms(select=pairs(0, 40), goal="non_inferior").sentences[1]


def test_terms_are_plain_json():
    said = terms([attempt(1, pairs(2, 98))]).to_json()

    assert json.loads(json.dumps(said)) == said
    assert {"alpha", "look", "confirmed", "looks_at_these_items", "looks_limit", "power", "sentences"} == set(said)


def test_the_cautious_chance_does_not_take_a_lucky_winner_at_its_word():
    chances = [terms(items=ITEMS[:40], select=pairs(fixed, 18 - fixed)) for fixed in (3, 6, 12)]

    assert all(t.cautious < t.power.chance for t in chances[:2])
    assert [t.cautious for t in chances] == sorted(t.cautious for t in chances)
    assert chances[0].cautious < 0.1
    assert chances[2].cautious > 0.95
    assert terms(select=pairs(0, 18)).cautious == 0
