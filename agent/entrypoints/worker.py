"""A worker: takes cycles from the queue, runs them here, and hands over what it cannot end.

Told to stop (SIGTERM, SIGINT), it takes nothing more. For half of its grace time running cycles go on; then each stops
after the step that it is at; at the end of the time it is cut off at its last checkpoint. What is not finished goes
back into the queue, with its claim free. A second signal ends the process at once, as a crash would: no less is
recovered.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from agent.bootstrap import opened_checkpoints, opened_services, policies_of, rulebook_of, utc_now
from agent.cycle import Brake, Checkpoints, HandedOver, due, run_cycle
from agent.editing import edited_content, try_edit
from agent.queue import Order, order_of, prepare
from agent.review import Reviewing
from agent.services import in_thread
from agent.settings import Settings
from library.errors import ClaimHeld, ClaimLost, PromptkeeperError
from library.prompts import Actor
from library.runs import Run
from library.store.queue_tables import live_workers
from library.store.stores import Library
from tools.jobs import JobWorker, Pace

if TYPE_CHECKING:
    from tools.jobs import Errand

log = logging.getLogger("promptkeeper.worker")

KILLED = 137
AGAIN = timedelta(seconds=10)  # before a prompt that could not be claimed is looked at again


class Worker:
    """Does the orders that a queue hands to it."""

    def __init__(
        self, settings: Settings, library: Library, checkpoints: Checkpoints, pace: Pace, now: Callable[[], datetime]
    ) -> None:
        self._settings, self._library, self._checkpoints = settings, library, checkpoints
        self._pace, self._now = pace, now
        self._rules = rulebook_of(settings).runs
        self._brakes: set[Brake] = set()

    async def __call__(self, payload: Mapping[str, Any]) -> "Errand | None":
        """Do one order; what is left of it, to be sent again, or None."""
        order, brake = order_of(payload), Brake()
        prompt = order.wish.prompt
        self._brakes.add(brake)
        try:
            run = await self._run(order, brake)
            log.info("%s: %s", prompt, "nothing to do any more" if run is None else _said(run))
        except ClaimHeld as error:
            log.info("%s", error)
            return order.errand(at=await in_thread(self._free_at, prompt))
        except (HandedOver, asyncio.CancelledError):
            log.info("%s: handed over at its last step", prompt)
            return order.errand()
        except ClaimLost as error:
            log.warning("%s", error)
        except PromptkeeperError as error:
            log.error("%s", error)
        except Exception as error:  # noqa: BLE001 - one order that cannot be done must not end the worker
            log.error("%s: unexpected %s: %s", prompt, type(error).__name__, error)
        finally:
            self._brakes.discard(brake)
        return None

    def brake(self) -> None:
        """Have every running cycle stop after its step."""
        for brake in self._brakes:
            brake.request_drain("the worker stops")

    async def _run(self, order: Order, brake: Brake) -> Run | None:
        wish = order.wish
        if order.if_due and not await in_thread(self._wanted, wish.prompt):
            return None
        workers = await in_thread(live_workers, self._library.db, within_seconds=self._pace.gone_s)
        settings = self._settings.share(max(1, workers) * self._pace.concurrency)
        async with opened_services(settings, self._library, now=self._now) as services:
            if wish.edit is None:
                return await run_cycle(
                    services, self._checkpoints, wish.prompt, wish.trigger, comment=wish.comment, brake=brake
                )
            author = Actor(name=wish.edit.author, kind="token", reviewer=True)
            reviewing = Reviewing(library=self._library, policy_for=policies_of(settings), now=self._now, actor=author)
            content = await in_thread(edited_content, reviewing, wish.edit)
            return await try_edit(services, self._checkpoints, wish.prompt, content, author.name, brake=brake)

    def _wanted(self, prompt: str) -> bool:
        """Whether a cycle is still due: another one may have ended since this one was asked for."""
        rested = self._now() - timedelta(hours=self._rules.rest_hours)
        unfinished = self._library.runs.holder(prompt) is not None
        return unfinished or prompt in {wish.prompt for wish in due(self._library, (), rested=rested)}

    def _free_at(self, prompt: str) -> datetime:
        """When to look again at a prompt that another process holds, or that has an unfinished run of another kind."""
        holder, now = self._library.runs.holder(prompt), self._now()
        return holder.lease_until if holder is not None and holder.lease_until > now else now + AGAIN


def _said(run: Run) -> str:
    return f"run {run.id} {run.stop_reason}: {run.stop_detail}"


async def work(
    settings: Settings,
    library: Library,
    *,
    concurrency: int,
    name: str,
    ready: Callable[[], None],
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Take cycles until told to stop. ready: called when signals are heeded. InputError where the library is SQLite."""
    conninfo = library.db.conninfo
    await in_thread(prepare, library)
    pace = Pace(concurrency=concurrency, heartbeat_s=settings.worker.heartbeat_s, grace_s=settings.worker.grace_s)
    async with opened_checkpoints(settings) as checkpoints:
        worker = Worker(settings, library, checkpoints, pace, now)
        jobs = JobWorker(conninfo, worker, pace, name=name)
        asyncio.get_running_loop().set_exception_handler(_in_one_line)
        _heed_signals(worker, jobs, pace)
        if not settings.memory.url:
            log.warning("[memory] url is not set: only workers of this machine share the folder of the failure memory")
        ready()
        await jobs.run()


def _in_one_line(_loop: asyncio.AbstractEventLoop, said: Mapping[str, Any]) -> None:
    """What nobody waited for: such as the end of a job that another worker has been given meanwhile."""
    error = said.get("exception")
    log.warning("%s", said["message"] if error is None else " ".join(str(error.__cause__ or error).split()))


def _heed_signals(worker: Worker, jobs: JobWorker, pace: Pace) -> None:
    loop = asyncio.get_running_loop()
    told: list[int] = []

    def stop(number: int) -> None:
        if told:
            os._exit(KILLED)
        told.append(number)
        log.info("stopping; cycles that run have %g s", pace.grace_s)
        jobs.stop()
        loop.call_later(pace.grace_s / 2, worker.brake)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
