"""The queue carries jobs: one of a key runs, one waits, and none is lost with its worker."""

import asyncio
import uuid
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa

from library.errors import Outage
from library.store.engine import Database
from library.store.queue_tables import QueueTables, install, live_workers
from tests.scaled import schema
from tools.jobs import Errand, JobWorker, Pace, Sender, scripts

pytestmark = pytest.mark.postgres
PATIENCE = 60


class Handler:
    """Notes what it is given; each job waits until it may go on."""

    def __init__(self):
        self.begun, self.ended, self.cut = [], [], []
        self.most, self._now = 0, 0
        self.go, self.news = asyncio.Event(), asyncio.Condition()
        self.further = []

    async def __call__(self, payload):
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await self._note(self.begun, payload["n"])
            await self.go.wait()
        except asyncio.CancelledError:
            await self._note(self.cut, payload["n"])
            return Errand(key="a", payload={"n": payload["n"] + 100})
        finally:
            self._now -= 1
        await self._note(self.ended, payload["n"])
        return self.further.pop() if self.further else None

    async def _note(self, where, number):
        async with self.news:
            where.append(number)
            self.news.notify_all()

    async def until(self, holds):
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(holds)


@pytest.fixture
def db():
    with schema() as url:
        database = Database(url)
        whole, migrations = scripts()
        install(database, QueueTables(whole=whole, migrations=migrations))
        yield database
        database.close()


@pytest.fixture
def sender(db):
    opened = Sender(db.conninfo)
    yield opened
    opened.close()


@asynccontextmanager
async def working(db, handler, **pace):
    worker = JobWorker(db.conninfo, handler, Pace(heartbeat_s=0.2, **pace), name="w")
    running = asyncio.create_task(worker.run())
    yield worker
    worker.stop()
    await asyncio.wait_for(running, PATIENCE)


def rows(db, query="SELECT id, status::text, args -> 'payload' ->> 'n' AS n FROM procrastinate_jobs ORDER BY id"):
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def held_by_nobody(db, n, key="a"):
    """A job whose worker is gone, as a kill leaves it."""
    with db.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status) VALUES"
                " ('promptkeeper', 'promptkeeper.job', :key, :key, jsonb_build_object('payload',"
                " jsonb_build_object('n', cast(:n AS int))), 'doing')"
            ),
            {"key": key, "n": n},
        )


async def empty(db):
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(rows, db):
            await asyncio.sleep(0.05)


async def test_one_job_of_a_key_waits_and_others_are_told_so(db, sender):
    assert sender.send(Errand(key="a", payload={"n": 1}))
    assert not sender.send(Errand(key="a", payload={"n": 2}))
    assert sender.send(Errand(key="b", payload={"n": 3}))
    assert sender.send(Errand(key="a", waiting="other", payload={"n": 4}))
    assert [n for _, _, n in rows(db)] == ["1", "3", "4"]


async def test_jobs_of_one_key_run_one_after_the_other_and_of_two_keys_together(db, sender):
    handler = Handler()
    async with working(db, handler, concurrency=4):
        await asyncio.to_thread(sender.send, Errand(key="a", payload={"n": 1}))
        await handler.until(lambda: handler.begun == [1])
        await asyncio.to_thread(sender.send, Errand(key="a", payload={"n": 2}))
        await asyncio.to_thread(sender.send, Errand(key="b", payload={"n": 3}))
        await handler.until(lambda: handler.begun == [1, 3])
        handler.go.set()
        await handler.until(lambda: sorted(handler.ended) == [1, 2, 3])
        await empty(db)
    assert handler.most == 2


async def test_what_a_job_leaves_over_is_a_job_again(db, sender):
    handler = Handler()
    handler.go.set()
    handler.further = [Errand(key="a", payload={"n": 2})]
    sender.send(Errand(key="a", payload={"n": 1}))
    async with working(db, handler):
        await handler.until(lambda: handler.ended == [1, 2])
        await empty(db)


async def test_a_job_whose_worker_is_gone_is_done_by_another(db):
    held_by_nobody(db, 1)
    handler = Handler()
    handler.go.set()
    async with working(db, handler):
        await handler.until(lambda: handler.ended == [1])
        await empty(db)


async def test_a_job_that_was_left_behind_does_not_block_the_one_that_waits_for_its_place(db, sender):
    held_by_nobody(db, 1)
    assert sender.send(Errand(key="a", payload={"n": 2}))
    handler = Handler()
    handler.go.set()
    async with working(db, handler):
        await handler.until(lambda: handler.ended == [2])
        await empty(db)
    assert handler.begun == [2]


async def test_a_job_that_a_living_worker_holds_and_does_not_run_is_given_back(db):
    handler = Handler()
    handler.go.set()
    async with working(db, handler):
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(live_workers, db, within_seconds=30):
                await asyncio.sleep(0.05)
        held_by_nobody(db, 1)
        with db.write() as connection:
            connection.execute(
                sa.text("UPDATE procrastinate_jobs SET worker_id = (SELECT max(id) FROM procrastinate_workers)")
            )
        await handler.until(lambda: handler.ended == [1])
        await empty(db)


async def test_a_worker_that_stops_lets_jobs_end_within_its_grace(db, sender):
    handler = Handler()
    sender.send(Errand(key="a", payload={"n": 1}))
    async with working(db, handler, grace_s=30) as worker:
        await handler.until(lambda: handler.begun == [1])
        worker.stop()
        handler.go.set()
    assert (handler.ended, handler.cut) == ([1], [])
    assert rows(db) == []
    assert live_workers(db, within_seconds=30) == 0


async def test_a_job_that_outlasts_the_grace_is_cut_and_what_it_leaves_waits_for_another_worker(db, sender):
    handler = Handler()
    sender.send(Errand(key="a", payload={"n": 1}))
    async with working(db, handler, grace_s=0.2):
        await handler.until(lambda: handler.begun == [1])
    assert (handler.ended, handler.cut) == ([], [1])
    assert [(status, n) for _, status, n in rows(db)] == [("todo", "101")]


async def test_a_worker_whose_connections_are_cut_and_whose_place_is_gone_goes_on(db, sender):
    handler, mine = Handler(), f"cut-{uuid.uuid4().hex}"
    handler.go.set()
    worker = JobWorker(f"{db.conninfo} application_name={mine}", handler, Pace(heartbeat_s=0.2), name="w")
    running = asyncio.create_task(worker.run())
    await asyncio.to_thread(sender.send, Errand(key="a", payload={"n": 1}))
    await handler.until(lambda: handler.ended == [1])
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :mine"
    with db.write() as connection:
        assert connection.execute(sa.text(cut), {"mine": mine}).all()
        # As another worker does that believes it to be gone.
        connection.execute(sa.text("DELETE FROM procrastinate_workers"))

    await asyncio.to_thread(sender.send, Errand(key="a", payload={"n": 2}))

    await handler.until(lambda: handler.ended == [1, 2])
    worker.stop()
    await asyncio.wait_for(running, PATIENCE)


def test_a_database_that_does_not_answer_is_one_line():
    with pytest.raises(Outage, match="the job queue does not answer"):
        Sender("host=127.0.0.1 port=9 dbname=none", wait_s=0.5).send(Errand(key="a", payload={}))
