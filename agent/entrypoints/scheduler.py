"""The background: sweeps in this process, cycles in child processes, one failing prompt never stops the rest."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent.cycle import Wish, due
from agent.steps.monitor import sweep
from library.errors import PromptkeeperError
from library.store.stores import Library
from policies.rulebook import HealthRules

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


CycleRunner = Callable[[Wish], Ran]
Scorer = Callable[[], Ran]


def run_in_child(root: Path) -> CycleRunner:
    """Run a cycle as `promptkeeper cycle NAME` in a process of its own, so that this one stays quick and whole."""

    def run(wish: Wish) -> Ran:
        command = [*PROGRAM, "cycle", wish.prompt, "--json"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        try:
            ended = json.loads(done.stdout)["runs"]
            said = "; ".join(f"run {r['id']} {r['stop_reason']}: {r['stop_detail']}" for r in ended) or "refused"
        except (ValueError, KeyError, TypeError):
            said = " ".join(done.stderr.split())[-300:] or f"exit code {done.returncode}"
        return Ran(prompt=wish.prompt, ok=done.returncode in {0, 1}, said=said)

    return run


def score_in_child(root: Path, minutes: float) -> Scorer:
    """Score new traces as `promptkeeper traces judge` in a process of its own, the judge for at most so long."""

    def run() -> Ran:
        command = [*PROGRAM, "traces", "judge", "--json"]
        done = subprocess.run(
            [*command, "--minutes", str(minutes)], cwd=root, capture_output=True, text=True, check=False
        )
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


def tick(
    library: Library,
    rules: HealthRules,
    run_cycle: CycleRunner,
    *,
    now: datetime,
    score: Scorer | None = None,
    rest: timedelta = timedelta(0),
) -> list[Ran]:
    """One round of the background: expire what is late, score what is new, sweep, then one cycle for every prompt that
    needs one. score: gives new traces the scores that need no reference; without it they have those they came with.
    rest: how long a prompt is left alone after a cycle that found nothing, unless something new has happened to it.
    """
    library.proposals.expire(now=now)
    ran = [*_score(library, score, now), *_sweep(library, rules, now)]
    for wish in due(library, (), rested=now - rest):
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

    def __init__(self, work: Callable[[], Sequence[Ran]], every: timedelta) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        self._work = work
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
        try:
            self.last = tuple(self._work())
        except Exception as error:  # noqa: BLE001 - the scheduler goes on; the next tick may succeed
            log.error("background work failed: %s: %s", type(error).__name__, error)
            self.last = (Ran(prompt="", ok=False, said=f"{type(error).__name__}: {error}"),)

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking; a tick that runs is waited for."""
        self._scheduler.shutdown(wait=True)

    @property
    def state(self) -> dict[str, Any]:
        """When it ticks next, and what the last tick did."""
        job = self._scheduler.get_job(TICK)
        upcoming = job.next_run_time.isoformat() if job is not None and job.next_run_time else None
        return {"next": upcoming, "last": [{"prompt": r.prompt, "ok": r.ok, "said": r.said} for r in self.last]}
