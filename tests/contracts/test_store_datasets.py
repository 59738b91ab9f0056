"""Datasets, on both databases."""

from dataclasses import replace

import pytest

from library.errors import NotFound
from library.store.datasets import DatasetSummary
from tests.recorded import item


@pytest.fixture
def prompts(library, reviewer, now):
    for name in ("support/triage", "support/reply"):
        library.prompts.create(name, actor=reviewer, now=now)


@pytest.mark.usefixtures("prompts")
class TestDatasets:
    def test_an_item_comes_back_as_it_was_given(self, library):
        given = item(
            "Where is my card? 💳",
            dataset="harvest",
            role="learn",
            expected=None,
            segment="cards",
            tags=("new", "de"),
            source="harvest",
            trusted=False,
            trace_id="t-1",
            incident_id=3,
            baseline_score=0.25,
        )
        assert library.datasets.add([given, item("My card is lost")]) == 2
        assert library.datasets.items("support/triage", dataset="harvest") == (given,)

    def test_an_item_that_is_there_stays_as_it_is(self, library):
        first = item("My card is lost", expected="cards")
        library.datasets.add([first])

        again = [replace(first, expected="billing", role="gate"), item("Too expensive"), item("Too expensive")]
        assert library.datasets.add(again) == 1

        assert library.datasets.items("support/triage", dataset="golden")[0:2] == tuple(
            sorted([first, item("Too expensive")], key=lambda i: i.id)
        )

    def test_items_are_filtered_and_ordered_by_id(self, library):
        given = [
            item(f"message {i}", role=role, dataset=dataset, incident_id=incident)
            for i, (role, dataset, incident) in enumerate(
                [("learn", "golden", None), ("gate", "golden", None), ("gate", "harvest", 1), ("anchor", "harvest", 2)]
            )
        ]
        library.datasets.add([*given, item("message 0", prompt="support/reply")])

        def found(**filters):
            return {i.inputs["message"] for i in library.datasets.items("support/triage", **filters)}

        assert found() == {"message 0", "message 1", "message 2", "message 3"}
        assert found(dataset="golden") == {"message 0", "message 1"}
        assert found(roles=["gate", "anchor"]) == {"message 1", "message 2", "message 3"}
        assert found(roles=[]) == set()
        assert found(roles=("gate",), dataset="harvest") == {"message 2"}
        assert found(incident_id=2) == {"message 3"}
        ordered = [i.id for i in library.datasets.items("support/triage")]
        assert ordered == sorted(ordered)
        assert [i.id for i in library.datasets.items("support/triage", limit=2)] == ordered[:2]

    def test_the_summary_counts_roles_per_dataset(self, library):
        library.datasets.add([item(f"m{i}", role="learn" if i < 3 else "gate") for i in range(5)])
        library.datasets.add([item("h", dataset="harvest", role="select")])
        assert library.datasets.summary("support/triage") == (
            DatasetSummary(dataset="golden", roles={"gate": 2, "learn": 3}),
            DatasetSummary(dataset="harvest", roles={"select": 1}),
        )
        assert library.datasets.summary("support/reply") == ()

    def test_groups_tell_the_role_of_related_items(self, library):
        library.datasets.add(
            [
                item("first", group="talk-1", role="learn"),
                item("second", group="talk-1", role="learn"),
                item("third", group="talk-2", role="gate", dataset="harvest"),
            ]
        )
        assert library.datasets.groups("support/triage") == {"talk-1": "learn", "talk-2": "gate"}
        assert library.datasets.groups("support/reply") == {}

    def test_thousands_of_items_at_once(self, library):
        many = [item(f"message {i}") for i in range(3000)]
        assert library.datasets.add(many) == 3000
        assert library.datasets.add(many) == 0
        assert len(library.datasets.items("support/triage")) == 3000

    def test_an_item_of_an_unknown_prompt_stores_nothing(self, library):
        with pytest.raises(NotFound, match="there is no prompt 'support/none'"):
            library.datasets.add([item("kept out"), item("x", prompt="support/none")])
        assert library.datasets.items("support/triage") == ()
