"""Runs cycles that are killed at chosen commits, each in a process of its own; driven by `test_cycle_kill.py`.

    python -m tests.faults.cycle_child TEMPLATE WORK

Imports once, then forks: for every line of standard input (a fault, as JSON) a copy of TEMPLATE is made in WORK, a
child runs the cycle into the fault, further children run it again until it ends, and one line of JSON says what came
of it.

A fault is {"at": "settle" | "checkpoint" | "rows" | "never", "n": 3, "when": "before" | "after"}: the child kills
itself with SIGKILL at its n-th commit of the call ledger or of the graph's checkpoints. "rows": the parent kills it
when the ledger holds n finished calls.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.bootstrap import memory_of, opened_checkpoints, policies_of
from agent.cycle import run_cycle
from agent.services import Services
from agent.settings import Settings
from library.calls import Call, Caps, Reservation
from library.errors import BudgetSpent
from library.store.calls import CallStore
from library.store.stores import open_library
from tests.faults.cycle_world import MAX_PARALLEL, better, rules
from tests.journeys import world
from tests.journeys.project import SEED
from tests.journeys.teachers import LedgerModel, Teacher, student
from tools.ledger import Ledger

MOST_RUNS = 4


class Fault:
    """Kills this process, without a goodbye, around the n-th commit of one kind."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._at, self._n, self._when = said["at"], said.get("n", 0), said.get("when", "")
        self.counts = {"settle": 0, "checkpoint": 0}
        self._guard = threading.Lock()

    def begins(self, kind: str) -> int:
        """A commit of this kind is about to be made; its number."""
        with self._guard:
            self.counts[kind] += 1
            number = self.counts[kind]
        self._strike(kind, number, "before")
        return number

    def done(self, kind: str, number: int) -> None:
        """The commit has been made."""
        self._strike(kind, number, "after")

    def _strike(self, kind: str, number: int, when: str) -> None:
        if (kind, number, when) == (self._at, self._n, self._when):
            os.kill(os.getpid(), signal.SIGKILL)


class FaultyCalls:
    """The call store with a fault in its commits."""

    def __init__(self, calls: CallStore, fault: Fault) -> None:
        self._calls, self._fault = calls, fault

    def lookup(self, scope: str, keys: Sequence[str]) -> dict[str, Call]:
        return self._calls.lookup(scope, keys)

    def reserve(self, wanted: Sequence[Reservation], caps: Caps) -> tuple[BudgetSpent | None, ...]:
        return self._calls.reserve(wanted, caps)

    def settle(self, finished: Sequence[Call], failed: Sequence[tuple[str, str]]) -> None:
        number = self._fault.begins("settle")
        self._calls.settle(finished, failed)
        self._fault.done("settle", number)


class FaultySaver(AsyncSqliteSaver):
    """The checkpoints with a fault in their commits."""

    fault: Fault

    async def aput(self, *args: Any, **kwargs: Any) -> Any:
        number = self.fault.begins("checkpoint")
        saved = await super().aput(*args, **kwargs)
        self.fault.done("checkpoint", number)
        return saved

    async def aput_writes(self, *args: Any, **kwargs: Any) -> None:
        number = self.fault.begins("checkpoint")
        await super().aput_writes(*args, **kwargs)
        self.fault.done("checkpoint", number)

    async def adelete_thread(self, thread_id: str) -> None:
        number = self.fault.begins("checkpoint")
        await super().adelete_thread(thread_id)
        self.fault.done("checkpoint", number)


class Sent:
    """Notes every call that is really sent, in a file that survives a kill."""

    def __init__(self, file: Path, answering: Any) -> None:
        self._file, self._answering = file, answering

    def __call__(self, request: Any) -> str:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, b"x")
        os.close(descriptor)
        return str(self._answering(request))


async def cycle(root: Path, fault: Fault) -> None:
    """One run of the cycle in this folder, into the fault or to the end."""
    settings = Settings(root=root)
    library = open_library(settings.library_url)
    calls = FaultyCalls(library.calls, fault)
    ledger = Ledger(calls)
    models = {
        role: LedgerModel(
            role,
            Sent(root / "sent", answering),
            ledger=ledger,
            now=lambda: world.NOW,
            cost=0.01,
        )
        for role, answering in (("student", student), ("teacher", Teacher(better)))
    }
    services = Services(
        library=library,
        student=models["student"],
        teacher=models["teacher"],
        open_memory=memory_of(settings),
        rulebook=rules(),
        policy_for=policies_of(settings),
        caps=Caps(),
        now=lambda: world.NOW,
        max_parallel=MAX_PARALLEL,
    )
    async with opened_checkpoints(settings) as plain:
        saver = FaultySaver(plain.conn)
        saver.fault = fault
        run = await run_cycle(services, saver, world.NAME, "incident", seed=SEED)
    await ledger.close()
    (root / "ended").write_text(json.dumps({"run": run.id, "counts": fault.counts}))
    library.db.close()


def forked(root: Path, fault: Mapping[str, Any]) -> int:
    """Run the cycle in a child; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        asyncio.run(cycle(root, Fault(fault)))
        code = 0
    finally:
        os._exit(code)


def killed_at_rows(root: Path, child: int, rows: int) -> int:
    """Wait until the ledger holds that many calls, then kill the child; its wait status."""
    with closing(sqlite3.connect(root / ".promptkeeper" / "library.db")) as database:
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            if database.execute("SELECT count(*) FROM calls").fetchone()[0] >= rows:
                os.kill(child, signal.SIGKILL)
                return os.waitpid(child, 0)[1]
            time.sleep(0.001)


def suffer(template: Path, root: Path, fault: Mapping[str, Any]) -> dict[str, Any]:
    """One fault from a fresh copy to the end of the cycle, and what stands in the library then."""
    shutil.copytree(template, root)
    child = forked(root, fault)
    status = killed_at_rows(root, child, fault["n"]) if fault["at"] == "rows" else os.waitpid(child, 0)[1]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    runs = 1
    while not (root / "ended").exists() and runs < MOST_RUNS:
        os.waitpid(forked(root, {"at": "never"}), 0)
        runs += 1
    outcome = outcome_of(root) | {"fault": dict(fault), "killed": killed, "runs": runs}
    shutil.rmtree(root)
    return outcome


def outcome_of(root: Path) -> dict[str, Any]:
    """What the library says after the cycle, in values that can be compared."""
    library = open_library(Settings(root=root).library_url)
    runs = library.runs.list()
    proposals = library.proposals.list()
    attempts = library.runs.attempts(prompt=world.NAME)
    spend = library.calls.spend("run:1")
    with library.db.read() as connection:
        keys = sorted(tuple(row) for row in connection.exec_driver_sql("SELECT scope, key FROM calls"))
        reserved = connection.exec_driver_sql("SELECT count(*) FROM reservations").scalar()
    with closing(sqlite3.connect(root / ".promptkeeper" / "checkpoints.db")) as database:
        checkpoints = database.execute("SELECT count(*) FROM checkpoints").fetchone()[0]
    said = {
        "ended": (root / "ended").exists(),
        "runs_stored": [(r.id, r.state, r.stop_reason, r.stop_detail, list(r.path), r.proposal_id) for r in runs],
        "proposals": [(p.id, p.state, p.content_hash, p.attempt_number) for p in proposals],
        "attempts": [(a.run_id, a.number, a.state, a.content_hash, a.reason) for a in attempts],
        "incidents": [i.state for i in library.incidents.list()],
        "items": len(library.datasets.items(world.NAME)),
        "failures": [f.id for f in library.failures.list()],
        "keys": keys,
        "calls": spend.calls,
        "usd": round(spend.usd or 0.0, 6),
        "reserved": reserved,
        "sent": (root / "sent").stat().st_size,
        "audit": library.audit.verify().ok,
        "traces": len(library.traces.list(limit=None)),
        "checkpoints": checkpoints,
        "held": library.runs.holder(world.NAME) is not None,
        "counts": json.loads((root / "ended").read_text())["counts"] if (root / "ended").exists() else {},
    }
    library.db.close()
    return said


def main() -> None:
    """Suffer every fault that is asked for."""
    template, work = Path(sys.argv[1]), Path(sys.argv[2])
    # What a cycle imports on its way is imported once here, not in every child.
    for module in ("chromadb.api.rust", "langgraph.graph", "numpy.ma"):
        import_module(module)
    for number, line in enumerate(sys.stdin):
        print(json.dumps(suffer(template, work / f"{os.getpid()}-{number}", json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
