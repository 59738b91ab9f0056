"""Every write that a cycle makes carries its claim, and is refused when the cycle was taken over."""

from datetime import timedelta

import pytest

from library.datasets import Item, item_id
from library.errors import ClaimLost


def _item(prompt, now):
    inputs = {"message": "hello"}
    return Item(
        id=item_id(prompt, "harvest", inputs), prompt=prompt, dataset="harvest", role="learn", inputs=inputs,
        expected="x", created_at=now,
    )  # fmt: skip


def _claim(library, prompt, owner, now):
    return library.runs.claim(
        prompt, owner=owner, trigger="incident", incident_id=None, base_version=1, seed=7,
        lease=timedelta(minutes=1), now=now,
    )[0]  # fmt: skip


def test_a_cycle_that_was_taken_over_moves_no_incident_and_adds_no_item(library, incident, now):
    stale = _claim(library, incident.prompt, "worker-1", now)
    fresh = _claim(library, incident.prompt, "worker-2", now + timedelta(minutes=2))
    with pytest.raises(ClaimLost):
        library.incidents.move(incident.id, "diagnosing", actor="cycle", now=now, claim=stale)
    with pytest.raises(ClaimLost):
        library.datasets.add([_item(incident.prompt, now)], claim=stale)
    assert library.incidents.get(incident.id).state == "open"
    assert library.datasets.items(incident.prompt) == ()
    library.incidents.move(incident.id, "diagnosing", actor="cycle", now=now, claim=fresh)
    assert library.datasets.add([_item(incident.prompt, now)], claim=fresh) == 1
