"""A cycle that a person asks for without an incident learns from the newest traffic that no dataset holds yet."""

import pytest

from agent.steps.diagnose import diagnose
from library.datasets import HARVEST
from library.scores import Score
from library.traces import Trace
from tests.journeys.world import NAME, NOW, rulebook
from tests.unit.agent.search.shelf import WORDS, items

PAID = rulebook(search={"strategies": ["several"]}, harvest={"max_items": 20})


def arrived(shop, count=60, expected=True):
    """Traffic of the live version, judged; every third text is one that a dataset holds."""
    known = [i.inputs["message"] for i in items("learn")]
    traces, scores = [], []
    for number in range(count):
        word = WORDS[number % len(WORDS)]
        text = known[number % len(known)] if number % 3 == 0 else f"{word} came as number {number}"
        trace = Trace(
            id=f"t-{number:03}", ts=NOW, prompt=NAME, version=1, inputs={"message": text}, output="unknown",
            expected=f"code-{text.split()[0]}" if expected else None, expected_source="import", segment=word, model="m",
            response_model="m",
        )  # fmt: skip
        traces.append(trace)
        scores.append(
            Score(
                trace_id=trace.id, name="exact_match", value=0.0, source="programmatic", evaluator="import",
                revision="1", ts=NOW,
            )
        )  # fmt: skip
    shop.library.traces.add(traces, scores)


def harvested(shop):
    return shop.library.datasets.items(NAME, dataset=HARVEST)


async def test_new_texts_become_items_of_every_role_and_known_ones_keep_theirs(shelf):
    shop = shelf(rules=PAID)
    arrived(shop)

    await diagnose(shop.state(round=0), shop.services)

    found = harvested(shop)
    assert len(found) == PAID.harvest.max_items
    assert {i.role for i in found} == {"learn", "select", "gate"}
    assert all("came as number" in i.inputs["message"] and i.incident_id is None and i.trusted for i in found)


async def test_a_step_that_is_run_again_harvests_nothing_more(shelf):
    shop = shelf(rules=PAID)
    arrived(shop)
    await diagnose(shop.state(round=0), shop.services)
    once = harvested(shop)

    await diagnose(shop.state(round=0), shop.services)

    assert harvested(shop) == once


@pytest.mark.parametrize("trigger", ["optimize", "revision"])
async def test_other_cycles_keep_to_what_the_datasets_hold(shelf, trigger):
    shop = shelf(rules=PAID)
    arrived(shop)

    await diagnose(shop.state(round=0, trigger=trigger), shop.services)

    assert harvested(shop) == ()


async def test_traffic_without_a_right_answer_gives_no_items(shelf):
    shop = shelf(rules=PAID)
    arrived(shop, expected=False)

    await diagnose(shop.state(round=0), shop.services)

    assert harvested(shop) == ()
