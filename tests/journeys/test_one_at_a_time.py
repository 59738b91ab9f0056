"""One cycle at a time works on a prompt; what was interrupted goes on where it stopped."""

import asyncio
from datetime import timedelta

import pytest

from library.errors import ClaimHeld, ClaimLost
from tests.journeys import world
from tests.journeys.teachers import student


class Watched:
    """A student that tells when it has answered a number of questions."""

    def __init__(self, after: int) -> None:
        self.reached = asyncio.Event()
        self._after, self._answered = after, 0

    def __call__(self, request):
        self._answered += 1
        if self._answered >= self._after:
            self.reached.set()
        return student(request)


async def interrupted(project, *, after=250, owner="other-host:1:1"):
    """A cycle that vanished in the middle; returns what had been sent by then."""
    watched = Watched(after)
    task = asyncio.create_task(project.cycle(learn=watched, owner=owner))
    await watched.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return [*project.told("student"), *project.told("teacher")]


async def test_a_second_cycle_on_the_same_prompt_is_refused_while_the_first_works(project):
    watched = Watched(50)
    first = asyncio.create_task(project.cycle(learn=watched))
    await watched.reached.wait()

    with pytest.raises(ClaimHeld, match="works on it"):
        await project.cycle(owner="other-host:1:1")

    assert (await first).stop_reason == "proposed"
    assert len(project.library.runs.list()) == 1


async def test_an_interrupted_cycle_goes_on_as_the_same_run_and_pays_nothing_twice(project):
    sent = await interrupted(project)
    paid = project.library.calls.spend("run:1").calls
    assert paid > 0
    project.clock.at += timedelta(minutes=10)  # the lease has ended

    run = await project.cycle()

    assert run.id == 1
    assert run.stop_reason == "proposed"
    again = [*project.told("student"), *project.told("teacher")]
    # What was in flight at the interruption may be asked again; nothing that had been answered is.
    assert len(sent) + len(again) <= project.library.calls.spend("run:1").calls + 16
    assert project.library.calls.spend("run:1").calls > paid
    assert run.path[:2] == ("monitor", "diagnose")
    assert run.path.count("diagnose") == 1


async def test_while_the_lease_of_an_interrupted_cycle_runs_nobody_takes_over(project):
    await interrupted(project)
    project.clock.at += timedelta(seconds=project.rules.runs.lease_seconds - 1)

    with pytest.raises(ClaimHeld):
        await project.cycle()


async def test_a_cycle_that_was_taken_over_can_write_nothing_more(project):
    watched = Watched(50)
    slow = asyncio.create_task(project.cycle(learn=watched, owner="other-host:1:1"))
    await watched.reached.wait()
    # Its host sleeps for longer than the lease; another process takes the run over.
    project.clock.at += timedelta(minutes=10)
    claim, run, resumed = project.library.runs.claim(
        world.NAME, owner="third-host:1:1", trigger="incident", incident_id=None, base_version=1, seed=1,
        lease=timedelta(minutes=5), now=project.clock(),
    )  # fmt: skip
    assert resumed

    with pytest.raises(ClaimLost):
        await slow

    assert project.library.runs.get(run.id).state == "running"
    assert project.library.runs.holder(world.NAME).fence == claim.fence
    assert project.library.proposals.list() == ()
