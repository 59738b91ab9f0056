"""Traces become test items: once each, with the role of their text, trusted only where the rulebook says so."""

from hypothesis import given
from hypothesis import strategies as st

from library.datasets import HARVEST, normalised, role_for
from library.traces import TraceError
from policies.harvest import evenly, harvest
from tests.recorded import START, score, trace


def judged(*messages, **more):
    said = {"expected": "billing", "expected_source": "import"} | more
    return [
        (trace(f"t-{n}", minutes=n, inputs={"message": m}, **said), score(f"t-{n}", float(n * n % 7 in (1, 2))))
        for n, m in enumerate(messages)
    ]


def harvested(pairs, *, limit=100, known=None):
    return harvest(
        pairs, prompt="support/triage", incident_id=7, limit=limit, trusted_sources=("import", "human"),
        known_groups=known or {}, created_at=START,
    )  # fmt: skip


def test_an_item_carries_where_it_came_from():
    (item,) = harvested(judged("Where is my bill?"))

    assert (item.dataset, item.source, item.trace_id, item.incident_id) == (HARVEST, "harvest", "t-0", 7)
    assert (item.expected, item.baseline_score, item.trusted) == ("billing", 0.0, True)
    assert item.role == role_for("support/triage", normalised({"message": "Where is my bill?"}))


def test_the_same_text_in_other_clothes_is_harvested_once():
    items = harvested(judged("Where is my bill?", "where is my BILL", "Where  is my bill!!"))

    assert [i.trace_id for i in items] == ["t-0"]


def test_a_text_that_a_dataset_holds_keeps_its_role_there():
    assert harvested(judged("Where is my bill?"), known={normalised({"message": "where is my bill"}): "gate"}) == ()


def test_errors_and_calls_without_a_known_answer_are_left_out():
    assert harvested(judged("a", expected=None)) == ()
    assert harvested(judged("b", error=TraceError(type="timeout", message=""))) == ()


def test_an_answer_of_unknown_origin_is_not_trusted():
    assert [i.trusted for i in harvested(judged("a b c", expected_source="model"))] == [False]
    assert [i.trusted for i in harvested(judged("a b c", expected_source=None))] == [False]


def test_failing_and_passing_calls_are_taken_alike():
    items = harvested(judged(*[f"message number {n}" for n in range(400)]), limit=100)

    assert len(items) == 100
    assert 40 <= sum(i.baseline_score for i in items) <= 74  # four of seven pass in the traffic
    assert {i.role for i in items} == {"learn", "select", "gate"}


def test_the_role_depends_on_nothing_but_prompt_and_text():
    first = {i.inputs["message"]: i.role for i in harvested(judged(*[f"message {n}" for n in range(60)]))}
    later = {i.inputs["message"]: i.role for i in harvested(judged(*[f"message {n}" for n in reversed(range(60))]))}

    assert first == later


@given(st.lists(st.integers(), max_size=60), st.integers(1, 80))
def test_thinning_keeps_order_first_and_spread(values, limit):
    kept = evenly(values, limit)

    assert len(kept) == min(len(values), limit)
    assert kept[:1] == values[:1]
    at = -1
    for value in kept:
        at = values.index(value, at + 1)
