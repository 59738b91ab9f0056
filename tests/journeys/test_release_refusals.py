"""A version that begins to decline goes back, though nobody asked for its refusals to be counted."""

from datetime import timedelta

import pytest

from agent.release.advancing import advance_all
from agent.release.deeds import start
from agent.sampling.scoring import score_new
from library.prompts import Content
from library.traces import Trace
from tests.journeys import world
from tests.journeys.project import opened

DECLINED = "I'm sorry, but I can't help with that."


def under_release(library):
    """Version 2 under way, and calls of both arms that nobody has scored yet."""
    world.add_prompt(library)
    rules = world.rulebook(release={"steps": [50, 100], "min_scores": 50}).release
    version = library.prompts.add_version(
        world.NAME, Content(text="Sort it: {{message}}"), actor=world.REVIEWER, now=world.NOW
    )
    canary = start(library, rules, version, label="production", actor=world.REVIEWER, now=world.NOW)
    traces = []
    for n in range(400):
        arm = canary.arm(f"user-{n}")
        declines = arm.name == "canary" and n % 2 == 0
        traces.append(
            Trace(
                id=f"c-{n}",
                ts=world.NOW + timedelta(minutes=n),
                prompt=world.NAME,
                version=2 if arm.name == "canary" else 1,
                arm=str(arm),
                inputs={"message": "where is my parcel"},
                output=DECLINED if declines else "parcel",
            )
        )
    library.traces.add(traces)


@pytest.fixture
def released(tmp_path):
    project = opened(tmp_path, under_release, world.rulebook(release={"steps": [50, 100], "min_scores": 50}))
    project.clock.at = world.NOW + timedelta(hours=7)
    yield project
    project.library.db.close()


async def test_refusals_of_the_new_version_take_it_back(released):
    rules = released.rules.release
    (held,) = advance_all(released.library, rules, now=released.clock())
    assert held.deed == "held"
    async with released.services() as services:
        counted = await score_new(services)
    assert counted.scores["answered"] == 400
    (gone,) = advance_all(released.library, rules, now=released.clock())
    assert gone.deed == "rolled_back"
    assert "answered is" in gone.canary.reason
