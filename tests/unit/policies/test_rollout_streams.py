"""Whole releases, look by look: a small version of `python -m benchmarks.canary`."""

from statistics import median

import pytest

from benchmarks.canary import BEYOND, PROMISED, lives

WORLDS = {world.name: world for world, _ in (*PROMISED, *BEYOND)}


@pytest.mark.parametrize(
    ("name", "calls", "harmed"),
    [("5 points worse", 4000, 800), ("10 points worse", 1500, 260), ("20 points worse", 600, 120)],
)
def test_a_worse_version_goes_back_soon(name, calls, harmed):
    found = lives(WORLDS[name], runs=12, calls=calls, seed=11, processes=1)
    assert all(one.at is not None for one in found)
    assert all(one.passed is None for one in found)
    assert median(one.at for one in found) <= harmed


@pytest.mark.parametrize("name", ["equal", "equal, mix and level drift", "equal, graded", "equal, long tails"])
def test_an_equal_version_passes_every_step(name):
    found = lives(WORLDS[name], runs=3, calls=6800, seed=12, processes=1)
    assert [one.at for one in found] == [None] * 3
    assert all(one.passed is not None for one in found)


def test_one_harmed_segment_is_enough():
    found = lives(WORLDS["billing (10 %) 40 worse"], runs=6, calls=2000, seed=13, processes=1)
    assert all(one.at is not None for one in found)
