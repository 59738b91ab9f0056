"""The background: sweeps in this process, cycles in child processes, one failing prompt never stops the rest."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.cycle import Wish, due
from agent.queue import CycleQueue
from agent.release.advancing import advance_all
from agent.steps.monitor import sweep
from library.errors import Outage, PromptkeeperError
from library.store.stores import Library
from policies.rulebook import HealthRules, ReleaseRules

log = logging.getLogger("promptkeeper.background")

TICK = "sweep and cycles"
# -P: a folder `tools` or `agent` in somebody's project must not be taken for ours.
PROGRAM = (sys.executable, "-P", "-m", "agent.entrypoints.cli.main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one piece of background work: of which prompt (empty: all), and in one line."""

    prompt: str
    ok: bool
    said: str


STANDING_BY = Ran(prompt="", ok=True, said="another process schedules; this one stands by")

CycleRunner = Callable[[Wish], Ran]
Scorer = Callable[[], Ran]


class Children:
    """Work in processes of their own, so that this one stays quick and whole. root: the project's folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._running: set[subprocess.Popen[str]] = set()
        self._lock, self._ended = threading.Lock(), False

    def run(self, *words: str, said: str = "") -> "subprocess.CompletedProcess[str]":
        """`promptkeeper` with these words, to its end. said: on its standard input."""
        with self._lock:
            if self._ended:
                raise Outage("the server is stopping", "background", "Nothing was begun.")
            child = subprocess.Popen(
                [*PROGRAM, *words],
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
            self._running.add(child)
        try:
            out, err = child.communicate(said)
        finally:
            with self._lock:
                self._running.discard(child)
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def stop(self) -> None:
        """End what runs and begin nothing more: a cycle that is cut short is taken up again from its last step."""
        with self._lock:
            self._ended = True
            for child in self._running:
                child.terminate()


def run_in_child(children: Children) -> CycleRunner:
    """Run a cycle as `promptkeeper cycle NAME`."""

    def run(wish: Wish) -> Ran:
        if wish.edit is not None:
            said = wish.edit.texts[0] if len(wish.edit.texts) == 1 else json.dumps(wish.edit.texts)
            words = ("proposals", "edit", str(wish.edit.proposal), "-", "--author", wish.edit.author, "--json")
            done = children.run(*words, said=said)
            return Ran(prompt=wish.prompt, ok=done.returncode in {0, 1}, said=" ".join(done.stderr.split())[-300:])
        force = ["--force"] if wish.trigger == "force" else []
        done = children.run("cycle", wish.prompt, *force, "--json")
        try:
            ended = json.loads(done.stdout)["runs"]
            said = "; ".join(f"run {r['id']} {r['stop_reason']}: {r['stop_detail']}" for r in ended) or "refused"
        except (ValueError, KeyError, TypeError):
            said = " ".join(done.stderr.split())[-300:] or f"exit code {done.returncode}"
        return Ran(prompt=wish.prompt, ok=done.returncode in {0, 1}, said=said)

    return run


def score_in_child(children: Children, minutes: float) -> Scorer:
    """Score new traces as `promptkeeper traces judge`, the judge for at most so long."""

    def run() -> Ran:
        done = children.run("traces", "judge", "--json", "--minutes", str(minutes))
        try:
            count = json.loads(done.stdout)
            given = ", ".join(f"{name} {n}" for name, n in count["scores"].items()) or "no scores"
            said = f"{count['traces']} new traces scored: {given}" + (
                f"; {count['stopped']}" if count["stopped"] else ""
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            said = " ".join(done.stderr.split())[-300:] or f"exit code {done.returncode}"
        return Ran(prompt="", ok=done.returncode == 0, said=said)

    return run


def send_to_workers(queue: CycleQueue) -> CycleRunner:
    """Put a cycle into the queue for whichever worker is free."""

    def run(wish: Wish) -> Ran:
        sent = queue(wish, if_due=True)
        return Ran(prompt=wish.prompt, ok=True, said="given to the workers" if sent else "under way already")

    return run


def tick(
    library: Library,
    rules: HealthRules,
    run_cycle: CycleRunner,
    *,
    now: datetime,
    score: Scorer | None = None,
    rest: timedelta = timedelta(0),
    tidy: Callable[[], int] = lambda: 0,
    unfinished: Callable[[], Sequence[Wish]] = tuple,
    release: ReleaseRules | None = None,
) -> list[Ran]:
    """One round of the background: close proposals that are late or overtaken, score what is new, sweep, then one cycle
    for every prompt that needs one. score: gives new traces the scores that need no reference; without it they have
    those they came with. rest: how long a prompt is left alone after a cycle that found nothing, unless something new
    has happened to it. tidy: lets go of traces that have come of age, and says how many. unfinished: cycles that nobody
    goes on with.
    """
    library.proposals.expire(now=now)
    library.proposals.supersede_moved(now=now)
    ran = [*_score(library, score, now), *_sweep(library, rules, now), *_release(library, release, now)]
    ran += _tidy(library, tidy, now)
    wishes = {wish.prompt: wish for wish in (*unfinished(), *due(library, (), rested=now - rest))}
    for wish in wishes.values():
        try:
            ran.append(run_cycle(wish))
        except (OSError, PromptkeeperError) as error:
            ran.append(Ran(prompt=wish.prompt, ok=False, said=str(error)))
    for one in ran:
        (log.info if one.ok else log.error)("%s: %s", one.prompt or "sweep", one.said)
    return ran


def _score(library: Library, score: Scorer | None, now: datetime) -> list[Ran]:
    try:
        return [score()] if score is not None and library.online.waiting(now=now) else []
    except (OSError, PromptkeeperError) as error:
        return [Ran(prompt="", ok=False, said=str(error))]


def _release(library: Library, rules: ReleaseRules | None, now: datetime) -> list[Ran]:
    looks = () if rules is None else advance_all(library, rules, now=now)
    return [Ran(prompt=look.canary.prompt, ok=look.deed != "failed", said=look.said) for look in looks]


def _tidy(library: Library, tidy: Callable[[], int], now: datetime) -> list[Ran]:
    try:
        library.traces.drop_early(now=now)
        gone = tidy()
    except (OSError, PromptkeeperError) as error:
        return [Ran(prompt="", ok=False, said=str(error))]
    return [Ran(prompt="", ok=True, said=f"{gone} traces let go by age")] if gone else []


def _sweep(library: Library, rules: HealthRules, now: datetime) -> list[Ran]:
    try:
        readings = sweep(library, rules, now=now)
        return [Ran(prompt="", ok=True, said=f"{len(readings)} series with new scores")]
    except Exception as error:  # noqa: BLE001 - one prompt's damaged trend must not blind the monitor to the others
        log.error("sweep of all prompts failed (%s); sweeping one by one", error)
    return [_sweep_one(library, rules, prompt.name, now) for prompt in library.prompts.list()]


def _sweep_one(library: Library, rules: HealthRules, name: str, now: datetime) -> Ran:
    try:
        readings = sweep(library, rules, now=now, prompts=[name])
        return Ran(prompt=name, ok=True, said=f"{len(readings)} series with new scores")
    except Exception as error:  # noqa: BLE001 - see above
        return Ran(prompt=name, ok=False, said=f"sweep failed: {type(error).__name__}: {error}")


class Background:
    """An APScheduler that ticks; missed ticks are made up once, and never two at a time."""

    def __init__(
        self,
        work: Callable[[], Sequence[Ran]],
        every: timedelta,
        awake: Callable[[], bool] = lambda: True,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """awake: whether ticks do anything; somebody may have paused the schedule. leads: whether it is this process
        of several that schedules; one that does not stands by, and takes over when the other has gone."""
        from apscheduler.schedulers.background import BackgroundScheduler

        self._work, self._awake, self._leads, self._pushed = work, awake, leads, False
        self.last: tuple[Ran, ...] = ()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(
            self._tick,
            "interval",
            seconds=every.total_seconds(),
            id=TICK,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=datetime.now().astimezone(),
        )

    def _tick(self) -> None:
        pushed, self._pushed = self._pushed, False
        try:
            # A person's push is work for whoever is asked: a sweep is safe beside another, and no cycle waits twice.
            if not (self._leads() or pushed):
                self.last = (STANDING_BY,)
                return
            if not (pushed or self._awake()):
                return
            self.last = tuple(self._work())
        except Exception as error:  # noqa: BLE001 - the scheduler goes on; the next tick may succeed
            log.error("background work failed: %s: %s", type(error).__name__, error)
            self.last = (Ran(prompt="", ok=False, said=f"{type(error).__name__}: {error}"),)

    def also(self, work: Callable[[], object], every: timedelta, name: str) -> None:
        """Something else at a pace of its own, that no pause stops; work: deals with its own errors."""
        self._scheduler.add_job(
            work,
            "interval",
            seconds=every.total_seconds(),
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=datetime.now().astimezone(),
        )

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.start()

    def run_now(self) -> None:
        """Tick at once, also when paused; a tick that runs is followed by another."""
        self._pushed = True
        self._scheduler.modify_job(TICK, next_run_time=datetime.now().astimezone())

    def stop(self) -> None:
        """Stop ticking; a tick that runs is waited for."""
        self._scheduler.shutdown(wait=True)

    @property
    def state(self) -> dict[str, Any]:
        """When it ticks next, and what the last tick did."""
        job = self._scheduler.get_job(TICK)
        upcoming = job.next_run_time.isoformat() if job is not None and job.next_run_time else None
        return {"next": upcoming, "last": [{"prompt": r.prompt, "ok": r.ok, "said": r.said} for r in self.last]}
