"""How an incident ends that was opened against the level of the version that was replaced."""

import pytest

from tests.unit.agent.test_monitor_sweep import Production


@pytest.fixture
def released(tmp_path):
    """A prompt whose second version is worse than the first: an incident against the level of that one."""
    made = Production(f"sqlite:///{tmp_path}/library.db")
    made.add()
    made.serve(900, 0.9)
    made.sweep()
    made.release("support/triage", 2, 1)
    made.serve(150, 0.6, version=2)
    made.sweep()
    yield made
    made.library.db.close()


def days(production, count, good, each=240):
    """Days with a few calls each, and a sweep at the end of every one."""
    for _ in range(count):
        for _ in range(each // 20):
            production.serve(20, good, version=2)
            production.minutes += 24 * 60 * 20 // each - 20
        production.sweep()


def test_it_is_resolved_when_the_version_reaches_that_level(released):
    assert [(i.state, i.degradation.floor) for i in released.incidents()] == [("open", True)]

    days(released, 3, 0.91)

    (incident,) = released.incidents()
    assert (incident.state, incident.note) == ("resolved", "the scores came back")
    days(released, 2, 0.91)
    assert len(released.incidents()) == 1


@pytest.mark.parametrize("good", [0.6, 0.8])
def test_it_stays_while_the_version_is_below_that_level(released, good):
    days(released, 4, good)

    assert [i.state for i in released.incidents()] == ["open"]


def test_it_stays_while_somebody_works_on_it(released):
    (incident,) = released.incidents()
    released.library.incidents.move(incident.id, "diagnosing", actor="cycle", now=released.now)

    days(released, 3, 0.91)

    assert [i.state for i in released.incidents()] == ["diagnosing"]


def test_the_same_failure_after_it_was_over_is_that_incident_again(released):
    days(released, 3, 0.91)
    days(released, 2, 0.5)

    assert [i.state for i in released.incidents()] == ["regressed"]
