"""Checkpoints in PostgreSQL: made once by processes that start together, and an outage is said as one."""

import asyncio
import operator
from typing import Annotated, TypedDict

import pytest
import sqlalchemy as sa
from langgraph.graph import END, START, StateGraph

from agent.checkpoints import on_postgres
from library.errors import Outage
from library.store.engine import Database
from tests.scaled import schema

pytestmark = pytest.mark.postgres
THREAD = {"configurable": {"thread_id": "run-1"}}


class State(TypedDict):
    """Which steps were taken."""

    path: Annotated[list[str], operator.add]


class Stop(Exception):
    """What stops a walk in the middle."""


@pytest.fixture
def url():
    with schema() as address:
        yield address


def graph(saver, *, broken):
    """Two steps, the second of which may break."""

    async def first(state):
        return {"path": ["first"]}

    async def second(state):
        if broken:
            raise Stop
        return {"path": ["second"]}

    made = StateGraph(State)
    made.add_node("one", first)
    made.add_node("two", second)
    made.add_edge(START, "one")
    made.add_edge("one", "two")
    made.add_edge("two", END)
    return made.compile(checkpointer=saver)


async def test_processes_that_start_together_make_the_tables_once(url):
    async def start():
        async with on_postgres(url) as saver:
            return await saver.aget_tuple(THREAD)

    assert await asyncio.gather(*(start() for _ in range(5))) == [None] * 5


async def test_another_process_goes_on_from_the_last_step_and_nothing_stays(url):
    async with on_postgres(url) as saver:
        with pytest.raises(Stop):
            await graph(saver, broken=True).ainvoke({"path": []}, THREAD, durability="sync")
    async with on_postgres(url) as other:
        ended = await graph(other, broken=False).ainvoke(None, THREAD, durability="sync")
        assert ended == {"path": ["first", "second"]}
        await other.adelete_thread("run-1")
    db = Database(url)
    with db.read() as connection:
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == 0
    db.close()


async def test_a_connection_that_was_cut_is_replaced(url):
    marked = url + "%20-capplication_name%3Dcut-checkpoints"
    db = Database(url)
    async with on_postgres(marked) as saver:
        with db.write() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut-checkpoints'"
            assert connection.execute(sa.text(cut)).all()
        assert await saver.aget_tuple(THREAD) is None
    db.close()


async def test_a_database_that_does_not_answer_is_an_outage():
    with pytest.raises(Outage, match="the checkpoints do not answer"):
        async with on_postgres("postgresql+psycopg://nobody@127.0.0.1:9/none", wait_s=0.5):
            pass
