"""The background's round closes proposals by itself: those nobody decided in time, and those whose base has moved."""

from datetime import timedelta

import pytest

from agent.entrypoints.scheduler import Ran, tick
from library.store.stores import open_library
from policies.rulebook import read_rulebook
from tests.journeys.post_office import ADA, NAME, Office

RULES = read_rulebook(None, "shipped").health


@pytest.fixture
def office(tmp_path):
    library = open_library(f"sqlite:///{tmp_path}/library.db")
    office = Office(library)
    office.prompt()
    office.webhook("ops", "https://hooks.example.org/")
    office.collect()
    yield office
    library.db.close()


def round_of(office):
    """One round; the prompts that it wished a cycle for."""
    wished = []

    def cycle(wish):
        wished.append(wish.prompt)
        return Ran(prompt=wish.prompt, ok=True, said="done")

    tick(office.library, RULES, cycle, now=office.at)
    office.collect()
    return wished


def events(office):
    return [n.telling.event for n in reversed(office.library.notices.list())]


def test_a_proposal_that_nobody_decided_expires_and_its_incident_is_worked_on_again(office):
    proposal = office.propose(incident_id=office.incident().id)
    office.later(days=13)
    assert round_of(office) == []
    office.at = proposal.expires_at + timedelta(seconds=1)
    assert round_of(office) == [NAME]
    assert office.library.proposals.get(proposal.id).state == "expired"
    assert events(office) == ["incident.opened", "proposal.created", "proposal.expired"]


def test_a_proposal_whose_base_has_moved_is_superseded_and_told(office):
    proposal = office.propose()
    round_of(office)
    office.library.prompts.move_label(NAME, "production", 2, expected=1, actor=ADA, reason="by hand", now=office.at)
    round_of(office)
    assert office.library.proposals.get(proposal.id).state == "superseded"
    assert events(office) == ["proposal.created", "proposal.superseded"]
