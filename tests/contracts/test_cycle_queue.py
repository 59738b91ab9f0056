"""Asking for cycles through the queue: who may, what travels, what nobody goes on with."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from agent.cycle import Edit, Wish
from agent.queue import Order, left_behind, open_queue, order_of
from library.errors import InputError
from library.prompts import Actor, Content
from library.store.stores import open_library
from tests.scaled import schema

NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)
RITA = Actor(name="rita", kind="local", reviewer=True)
EDIT = Edit(proposal=3, texts=("Sort {{mail}}.",), author="rita")


@pytest.fixture
def library():
    with schema() as url:
        opened = open_library(url)
        for name in ("a", "b"):
            opened.prompts.create(name, actor=RITA, now=NOW)
            opened.prompts.add_version(name, Content(text="Sort {{mail}}."), actor=RITA, now=NOW)
            opened.prompts.move_label(name, "production", 1, expected=None, actor=RITA, reason="first", now=NOW)
        yield opened
        opened.db.close()


@pytest.fixture
def queue(library):
    opened = open_queue(library, lambda: NOW)
    yield opened
    opened.close()


def claim(library, prompt, trigger="incident", owner="other-host:1:1"):
    return library.runs.claim(
        prompt, owner=owner, trigger=trigger, incident_id=None, base_version=1, seed=1, lease=timedelta(minutes=1),
        now=NOW, comment="shorter",
    )[0]  # fmt: skip


@pytest.mark.parametrize(
    "wish",
    [
        Wish(prompt="a", trigger="incident"),
        Wish(prompt="a", trigger="revision", comment="shorter"),
        Wish(prompt="a", trigger="edit", edit=EDIT),
    ],
)
def test_a_wish_arrives_as_it_was_sent(wish):
    order = Order(wish=wish, if_due=True)

    assert order_of(json.loads(json.dumps(order.errand().payload))) == order


def test_an_edit_waits_beside_a_cycle_and_never_runs_beside_one():
    cycle, edit = (Order(wish=Wish(prompt="a", trigger="edit", edit=e)).errand() for e in (None, EDIT))

    assert cycle.key == edit.key
    assert (cycle.waiting or cycle.key) != edit.waiting


@pytest.mark.postgres
def test_one_cycle_of_a_prompt_waits_at_a_time(queue):
    assert queue(Wish(prompt="a", trigger="incident"))
    assert not queue(Wish(prompt="a", trigger="force"))
    assert queue(Wish(prompt="b", trigger="force"))


@pytest.mark.postgres
def test_a_cycle_that_is_under_way_is_not_asked_for_again_unless_its_worker_is_gone(library, queue):
    held = claim(library, "a")
    assert not queue(Wish(prompt="a", trigger="incident"))

    library.runs.release(held, now=NOW)
    assert queue(Wish(prompt="a", trigger="incident"))


@pytest.mark.postgres
def test_runs_that_nobody_goes_on_with_are_found_but_not_those_begun_by_hand(library):
    for prompt, trigger in (("a", "revision"), ("b", "optimize")):
        library.runs.release(claim(library, prompt, trigger), now=NOW)

    assert left_behind(library, NOW) == (Wish(prompt="a", trigger="revision", comment="shorter"),)


def test_on_sqlite_there_is_no_queue(tmp_path):
    library = open_library(f"sqlite:///{tmp_path}/library.db")
    with pytest.raises(InputError, match="not in PostgreSQL"):
        open_queue(library, lambda: NOW)
    library.db.close()
