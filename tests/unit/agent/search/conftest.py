"""A shelf of words for every test of the search."""

import pytest

from tests.unit.agent.search.shelf import BASE, items, stocked


@pytest.fixture
async def shelf(tmp_path):
    """Function: a shelf with these items (four of every word in each role unless given), base prompt and rules."""
    made = []

    def make(found=None, base=BASE, rules=None):
        found = [i for role in ("learn", "select", "gate") for i in items(role)] if found is None else found
        made.append(stocked(tmp_path / str(len(made)), found, base, rules))
        return made[-1]

    yield make
    for one in made:
        await one.close()
