"""What an optimisation refuses before anything is paid for: one line with the thing, the place and the mend."""

from dataclasses import replace

import pytest

from agent.cycle import under
from agent.optimize import check_order
from agent.services import Services
from library.calls import Caps
from library.errors import InputError, NotFound
from library.runs import RunOptions
from library.store.stores import open_library
from tests.journeys import world


@pytest.fixture
def library(tmp_path):
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    world.add_prompt(opened)
    opened.datasets.add(world.golden(roles=("learn", "select", "gate")))
    yield opened
    opened.db.close()


def check(library, **options):
    check_order(library, world.NAME, RunOptions(**{"dataset": "golden", **options}), label="production")


def test_a_dataset_with_all_three_roles_is_fine(library):
    check(library, rounds=1, usd=0.5, calls=10, strategy="surgical")


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"rounds": 0}, "--rounds"),
        ({"calls": 0}, "--budget-calls"),
        ({"usd": 0.0}, "--budget-usd"),
        ({"usd": float("nan")}, "--budget-usd"),
        ({"usd": float("inf")}, "--budget-usd"),
        ({"strategy": "magic"}, "--strategy"),
    ],
)
def test_limits_that_allow_nothing_and_unknown_strategies_name_the_option(library, options, place):
    with pytest.raises(InputError) as refused:
        check(library, **options)
    assert refused.value.place == place
    assert refused.value.mend


def test_an_unknown_dataset_is_answered_with_those_that_exist(library):
    with pytest.raises(NotFound, match="golden"):
        check(library, dataset="gold")


def test_a_prompt_without_a_live_version_is_refused(library):
    with pytest.raises(NotFound):
        check_order(library, world.NAME, RunOptions(dataset="golden"), label="staging")


@pytest.mark.parametrize("missing", ["learn", "select", "gate"])
def test_a_role_without_items_is_named_with_the_command_that_adds_them(library, missing):
    roles = tuple(r for r in ("learn", "select", "gate") if r != missing)
    items = [replace(i, id=f"x-{i.id}", dataset="partial") for i in world.golden(roles=roles)]
    library.datasets.add(items)

    with pytest.raises(InputError, match=f"no {missing} items") as refused:
        check(library, dataset="partial")
    assert f"--role {missing}" in refused.value.mend


def test_own_caps_and_the_own_strategy_take_the_place_of_the_settings():
    plain = Services(
        library=None, student=None, teacher=None, open_memory=None, rulebook=world.rulebook(), policy_for=None,
        caps=Caps(usd_per_scope=1.0, calls_per_scope=100, usd_per_day=9.0), now=None,
    )  # fmt: skip

    own = under(plain, RunOptions(calls=7, usd=0.25, strategy="surgical"))
    assert own.caps == Caps(usd_per_scope=0.25, calls_per_scope=7, usd_per_day=9.0)
    assert own.rulebook.search.strategies == ("surgical",)
    assert under(plain, RunOptions(dataset="golden")) == plain
