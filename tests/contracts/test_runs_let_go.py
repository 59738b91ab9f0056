"""A run that is let go of half-way, on both databases: its claim is free at once, and it is found by who looks."""

from datetime import timedelta

import pytest

from library.errors import ClaimLost


@pytest.fixture
def taken(library, triage, claim_run):
    return claim_run()


def test_a_released_run_goes_on_at_once_under_a_higher_number(library, taken, now):
    library.runs.release(taken, now=now)

    again, run, resumed = library.runs.claim(
        taken.prompt, owner="worker-2", trigger="incident", incident_id=None, base_version=1, seed=8,
        lease=timedelta(minutes=5), now=now,
    )  # fmt: skip

    assert (run.id, resumed, again.fence) == (taken.run_id, True, taken.fence + 1)
    assert run.seed == 7


def test_who_lost_a_run_cannot_release_it(library, taken, now, claim_run):
    later = now + timedelta(minutes=10)
    holder = claim_run(owner="worker-2", now=later)

    with pytest.raises(ClaimLost):
        library.runs.release(taken, now=later)

    assert library.runs.holder(taken.prompt) == holder


def test_a_run_is_abandoned_when_its_lease_has_ended_and_it_has_not(library, taken, now):
    assert library.runs.abandoned(now=now) == ()
    assert [run.id for run in library.runs.abandoned(now=taken.lease_until)] == [taken.run_id]

    library.runs.release(taken, now=now)
    assert [run.id for run in library.runs.abandoned(now=now)] == [taken.run_id]

    library.runs.finish(taken, state="finished", stop_reason="healthy", detail="", now=now)
    assert library.runs.abandoned(now=now + timedelta(days=1)) == ()
