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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of one piece of background work: of which prompt (empty: all), and in one line."""

    prompt: str
    ok: bool
    said: str


CycleRunner = Callable[[Wish], Ran]


def run_in_child(root: Path) -> CycleRunner:
    """Run a cycle as `promptkeeper cycle NAME` in a process of its own, so that this one stays quick and whole."""

    def run(wish: Wish) -> Ran:
        command = [sys.executable, "-m", "agent.entrypoints.cli.main", "cycle", wish.prompt, "--json"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        try:
            ended = json.loads(done.stdout)["runs"]
            said = "; ".join(f"run {r['id']} {r['stop_reason']}: {r['stop_detail']}" for r in ended) or "refused"
        except (ValueError, KeyError, TypeError):
            said = " ".join(done.stderr.split())[-300:] or f"exit code {done.returncode}"
        return Ran(prompt=wish.prompt, ok=done.returncode in {0, 1}, said=said)

    return run


def tick(library: Library, rules: HealthRules, run_cycle: CycleRunner, *, now: datetime) -> list[Ran]:
    """One round of the background: expire what is late, sweep, then one cycle for every prompt that needs one."""
    library.proposals.expire(now=now)
    ran = _sweep(library, rules, now)
    for wish in due(library, ()):
        try:
            ran.append(run_cycle(wish))
        except (OSError, PromptkeeperError) as error:
            ran.append(Ran(prompt=wish.prompt, ok=False, said=str(error)))
    for one in ran:
        (log.info if one.ok else log.error)("%s: %s", one.prompt or "sweep", one.said)
    return ran


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
