"""A queue of jobs in PostgreSQL: procrastinate, and nothing of what the jobs are about. The only place that imports it.

A job is a plain JSON payload under a key: one job of a key runs at a time, and one more may wait. Jobs are carried at
least once; whoever does the work must see for itself whether it is still to be done.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from library.errors import InputError, Outage

if TYPE_CHECKING:
    from procrastinate import App, JobContext
    from procrastinate.jobs import Job
    from procrastinate.worker import Worker

log = logging.getLogger("promptkeeper.jobs")

TASK = "promptkeeper.job"
QUEUE = "promptkeeper"
CONNECT_SECONDS = 10
POLL_SECONDS = 5.0  # at most, between looks for jobs that nobody announces: those whose time or turn has come
AGAIN_SECONDS = 2.0  # before a worker looks for its database again


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A job to be sent. key: one at a time; waiting: one waiting, the key unless given; at: not before."""

    key: str
    payload: Mapping[str, Any]
    waiting: str = ""
    at: datetime | None = None


Handler = Callable[[Mapping[str, Any]], Awaitable[Errand | None]]
"""Does a job; what it returns is sent as a further job before this one counts as done."""


def scripts() -> tuple[str, list[tuple[str, str]]]:
    """The SQL of the installed release: of its whole schema, and of every migration by name, in order."""
    folder = _imported("procrastinate.sql")
    migrations = sorted((folder / "migrations").iterdir(), key=lambda file: file.name)
    texts = [(f.name, f.read_text(encoding="utf-8")) for f in migrations if f.name.endswith(".sql")]
    return (folder / "schema.sql").read_text(encoding="utf-8"), texts


def _imported(package: str) -> Any:
    try:
        return resources.files(package)
    except ModuleNotFoundError as error:
        mend = "Install promptkeeper[postgres]."
        raise InputError("the job queue is not installed", "[library] url", mend) from error


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """The queue's failures as one of the product's own errors."""
    from procrastinate.exceptions import ConnectorException
    from psycopg import Error

    try:
        yield
    except (ConnectorException, Error) as error:
        said = next(iter(str(error.__cause__ or error).splitlines()), type(error).__name__)
        raise Outage(f"the job queue does not answer ({said})", "[library] url", "Check the database.") from error


class Sender:
    """Sends jobs from a program without an event loop, from any of its threads. wait_s: how long for a connection."""

    def __init__(self, conninfo: str, *, wait_s: float = CONNECT_SECONDS) -> None:
        from procrastinate import App, SyncPsycopgConnector

        pool: dict[str, Any] = {"conninfo": conninfo, "min_size": 0, "max_size": 2, "timeout": wait_s}
        self._app = App(connector=SyncPsycopgConnector(**pool, kwargs={"connect_timeout": CONNECT_SECONDS}))
        with _answering():
            self._app.open()

    def send(self, errand: Errand) -> bool:
        """Put a job into the queue; False when one of its kind waits already. Outage where nothing answers."""
        from procrastinate.exceptions import AlreadyEnqueued

        with _answering():
            try:
                _deferrer(self._app, errand).defer(payload=dict(errand.payload))
            except AlreadyEnqueued:
                return False
        return True

    def close(self) -> None:
        """Give the connections back."""
        self._app.close()


def _deferrer(app: "App", errand: Errand) -> Any:
    return app.configure_task(
        TASK, queue=QUEUE, lock=errand.key, queueing_lock=errand.waiting or errand.key, schedule_at=errand.at
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a worker works. concurrency: jobs at once; heartbeat_s: seconds between signs of life.

    A worker without one for three times as long counts as gone, and its jobs are given to others. grace_s: seconds
    that jobs have to end when the worker is told to stop; then they are cancelled.
    """

    concurrency: int = 1
    heartbeat_s: float = 10.0
    grace_s: float = 20.0

    @property
    def gone_s(self) -> float:
        """Seconds without a sign of life after which a worker counts as gone."""
        return 3 * self.heartbeat_s


class JobWorker:
    """Takes jobs from the queue until it is told to stop; gives jobs of workers that are gone back to the queue."""

    def __init__(self, conninfo: str, handle: Handler, pace: Pace, *, name: str) -> None:
        self._conninfo, self._handle, self._pace, self._name = conninfo, handle, pace, name
        self._worker: Worker | None = None
        self._mine: set[int] = set()
        self._odd: set[int] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`; an outage of the database is waited out."""
        while not self._stopping.is_set():
            try:
                with _answering():
                    await self._session()
            except Outage as error:
                log.error("%s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_SECONDS)

    def stop(self) -> None:
        """Take no more jobs; those that run have the grace time to end, and are cancelled then."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]

    async def _session(self) -> None:
        from procrastinate.worker import Worker

        async with self._connected() as app:
            sweeper = asyncio.create_task(self._sweeping(app))
            self._worker = Worker(
                app,
                queues=[QUEUE],
                name=self._name,
                concurrency=self._pace.concurrency,
                delete_jobs="always",
                install_signal_handlers=False,
                fetch_job_polling_interval=min(POLL_SECONDS, self._pace.heartbeat_s),
                update_heartbeat_interval=self._pace.heartbeat_s,
                stalled_worker_timeout=self._pace.gone_s,
                shutdown_graceful_timeout=self._pace.grace_s,
            )
            try:
                if not self._stopping.is_set():
                    await self._worker.run()  # type: ignore[no-untyped-call]
            finally:
                sweeper.cancel()
                await asyncio.wait([sweeper])
                self._worker = None

    @asynccontextmanager
    async def _connected(self) -> "AsyncIterator[App]":
        from procrastinate import App, PsycopgConnector

        pool: dict[str, Any] = {"conninfo": self._conninfo, "min_size": 1, "max_size": self._pace.concurrency + 3}
        app = App(connector=PsycopgConnector(**pool, kwargs={"connect_timeout": CONNECT_SECONDS}))

        @app.task(name=TASK, queue=QUEUE, pass_context=True)
        async def job(context: "JobContext", payload: Mapping[str, Any]) -> None:
            await self._do(app, context.job.id or 0, payload)

        async with app.open_async():
            yield app

    async def _do(self, app: "App", number: int, payload: Mapping[str, Any]) -> None:
        """One job. Whatever becomes of it, it is done: what is left to do goes into the queue as a new job.

        A retry of the same job would find the queue's place for its key taken where another one waits, and stay
        unfinished for ever.
        """
        self._mine.add(number)
        try:
            further = await self._handle(payload)
            if further is not None:
                await self._send(app, further)
        finally:
            self._mine.discard(number)

    async def _send(self, app: "App", errand: Errand) -> None:
        from procrastinate.exceptions import AlreadyEnqueued

        with contextlib.suppress(AlreadyEnqueued):
            await _deferrer(app, errand).defer_async(payload=dict(errand.payload))

    async def _sweeping(self, app: "App") -> None:
        while True:
            try:
                with _answering():
                    await self._sweep(app)
            except Outage as error:
                log.warning("%s", error)
            await asyncio.sleep(self._pace.heartbeat_s)

    async def _sweep(self, app: "App") -> None:
        """Send the jobs of workers that are gone anew, and end the old ones.

        A new job, not the old one again: its worker may only have slept, and would end what another one has begun.
        Where a job of the same key waits already, that one goes on with the work, and the old one is only ended.
        """
        gone = await app.job_manager.get_stalled_jobs(
            queue=QUEUE, task_name=TASK, seconds_since_heartbeat=self._pace.gone_s
        )
        for job in gone:
            await self._again(app, job)
        worker = self._worker
        if worker is None or worker.worker_id is None:
            return
        held = await app.job_manager.list_jobs_async(queue=QUEUE, task=TASK, status="doing", worker_id=worker.worker_id)
        # A job that this worker holds and does not run was done, and the database did not hear of it. Seen twice,
        # because a job is held a moment before it runs and a moment after.
        odd = {job.id: job for job in held if job.id is not None and job.id not in self._mine}
        for number in self._odd & odd.keys():
            await self._again(app, odd[number])
        self._odd = set(odd)

    async def _again(self, app: "App", job: "Job") -> None:
        from procrastinate.exceptions import ConnectorException
        from procrastinate.jobs import Status

        payload = job.task_kwargs["payload"]
        assert isinstance(payload, dict)
        log.warning("job %s (%s) was left behind; it is given to another worker", job.id, job.lock)
        await self._send(app, Errand(key=job.lock or "", waiting=job.queueing_lock or "", payload=payload))
        with contextlib.suppress(ConnectorException):  # another worker was quicker
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
