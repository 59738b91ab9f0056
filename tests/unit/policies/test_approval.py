"""Default deny: a candidate goes into the queue only when everything has been shown."""

import itertools

import pytest

from policies.acceptance import Pair, compare
from policies.approval import admit
from policies.protected_metrics import protected_metrics
from policies.rulebook import read_rulebook
from policies.verdict import Verdict

RULES = read_rulebook(None, "test").acceptance


def verdict(decision):
    return Verdict(
        decision=decision, findings=(), checked=(), policy_digest="p", current_digest="a", candidate_digest="b"
    )


def pairs(fixed, broken=0):
    return [
        Pair(
            item_id=f"i-{n}",
            segment=None,
            baseline=0.0 if n < fixed else 1.0,
            candidate=0.0 if 100 - n <= broken else 1.0,
        )
        for n in range(100)
    ]


def comparison(fixed, goal="gain"):
    return compare(pairs(fixed), RULES, seed=1, goal=goal)


def protected(broken):
    return protected_metrics({"safety": pairs(0), "tone": pairs(0, broken)}, RULES, seed=1)


GOOD = {"verdict": verdict("allow"), "comparison": comparison(15), "broken_anchors": (), "golden_loss": None}
GOOD |= {"protected": protected(0), "goal": "gain"}
BAD = {
    "verdict": (None, verdict("block")),
    "comparison": (None, comparison(2), comparison(15, "non_inferior")),
    "broken_anchors": (("i-1",),),
    "golden_loss": ("golden score falls by 0.1",),
    "protected": (protected(10), protected(5)),
    "goal": ("non_inferior",),
}


@pytest.mark.parametrize("decision", ["allow", "flag"])
def test_all_shown_and_nothing_objects(decision):
    admission = admit(**GOOD | {"verdict": verdict(decision)})

    assert admission.admitted
    assert "gain" in admission.reason


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_one_objection_is_enough(name, value):
    admission = admit(**GOOD | {name: value})

    assert not admission.admitted
    assert admission.reason


def test_only_one_of_all_combinations_is_admitted_for_each_goal():
    options = {name: (GOOD[name], *BAD[name]) for name in GOOD}

    admitted = [
        chosen
        for chosen in (dict(zip(options, values, strict=True)) for values in itertools.product(*options.values()))
        if admit(**chosen).admitted
    ]

    # The pairs of the third comparison show that nothing is lost, which is the other goal.
    same = {"goal": "non_inferior", "comparison": BAD["comparison"][2]}
    assert admitted == [GOOD, GOOD | same]
