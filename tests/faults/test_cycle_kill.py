"""A cycle is killed with SIGKILL at every commit it makes and at ten moments in between: it ends as if undisturbed.

Every fault starts from a copy of the same folder with the same seed; afterwards the cycle is run again until it ends.
"""

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.cycle_world import MAX_PARALLEL, fill, rules
from tests.journeys.project import opened

REPOSITORY = Path(__file__).parents[2]
RANDOM_MOMENTS = 10
MORE = 3  # commits beyond those of the undisturbed run: calls are committed in groups, so their number varies


class Driver:
    """A process that suffers faults one after the other; two of them share the work."""

    def __init__(self, template: Path, work: Path) -> None:
        work.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.cycle_child", str(template), str(work)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )

    def ask(self, faults):
        """Hand over all faults at once; the pipe holds them until their turn."""
        self._process.stdin.write("".join(json.dumps(fault) + "\n" for fault in faults))
        self._process.stdin.flush()

    def answers(self, number):
        """What came of that many faults."""
        return [json.loads(self._process.stdout.readline()) for _ in range(number)]

    def close(self):
        self._process.stdin.close()
        assert self._process.wait(timeout=30) == 0


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """(the undisturbed outcome, the outcomes of all faults)."""
    home = tmp_path_factory.mktemp("kill")
    project = opened(home / "template", fill, rules())
    project.library.db.close()
    drivers = [Driver(home / "template", home / f"work{i}") for i in range(2)]
    for driver in drivers:
        driver.ask([{"at": "never"}])
    undisturbed, twin = (driver.answers(1)[0] for driver in drivers)
    assert same(undisturbed) == same(twin), "the cycle is not deterministic, so this test could say nothing"
    faults = [
        {"at": kind, "n": n, "when": when}
        for kind, more in (("settle", MORE), ("checkpoint", 0))
        for n in range(1, undisturbed["counts"][kind] + more + 1)
        for when in ("before", "after")
    ]
    moments = random.Random(5).sample(range(1, undisturbed["calls"]), RANDOM_MOMENTS)
    faults += [{"at": "rows", "n": n} for n in moments]
    random.Random(6).shuffle(faults)
    shares = [faults[i::2] for i in range(2)]
    for driver, share in zip(drivers, shares, strict=True):
        driver.ask(share)
    # Each is read as it writes: a full pipe would make its process wait for the other one.
    with ThreadPoolExecutor() as readers:
        both = readers.map(lambda driver, share: driver.answers(len(share)), drivers, shares)
        suffered = [outcome for answers in both for outcome in answers]
    for driver in drivers:
        driver.close()
    return undisturbed, suffered


def same(outcome):
    """What must not depend on any kill: decision, content, attempts, data, spend, keys of the ledger."""
    first_run = outcome["runs_stored"][-1]
    names = ("proposals", "attempts", "incidents", "items", "failures", "keys", "calls", "usd", "traces")
    return {"run": first_run, **{name: outcome[name] for name in names}}


def test_the_undisturbed_cycle_makes_a_proposal_and_leaves_nothing_behind(outcomes):
    undisturbed, _ = outcomes

    ((_, state, reason, _, path, proposal_id),) = undisturbed["runs_stored"]
    assert (state, reason, proposal_id) == ("finished", "proposed", 1)
    assert path.count("rewrite") > 1  # otherwise no kill would fall between two rounds
    assert undisturbed["calls"] == undisturbed["sent"] == len(undisturbed["keys"])
    assert undisturbed["checkpoints"] == undisturbed["reserved"] == 0


def test_every_kill_took_place(outcomes):
    undisturbed, suffered = outcomes
    kills = [o for o in suffered if o["killed"]]

    for outcome in suffered:
        fault = outcome["fault"]
        if not outcome["killed"]:
            # Only where there was no such commit: the calls came in fewer groups this time.
            assert fault["at"] in {"settle", "rows"}
            assert fault["at"] == "rows" or outcome["counts"]["settle"] < fault["n"]
    wanted = 2 * (undisturbed["counts"]["checkpoint"] + undisturbed["counts"]["settle"] - MORE)
    assert len(kills) >= wanted


def test_the_decision_is_that_of_the_undisturbed_cycle(outcomes):
    undisturbed, suffered = outcomes

    for outcome in suffered:
        assert same(outcome) == same(undisturbed), outcome["fault"]
        assert outcome["ended"]
        assert not outcome["held"]
        assert outcome["audit"]


def test_a_run_is_taken_up_again_and_not_started_anew(outcomes):
    _, suffered = outcomes

    for outcome in suffered:
        later = outcome["runs_stored"][:-1]
        # A kill after the last commit of a run leaves a finished one: the next cycle sees its proposal and stops.
        assert [(reason, path) for _, _, reason, _, path, _ in later] in (
            [],
            [("waiting_for_review", ["monitor"])],
        ), outcome["fault"]


def test_no_finished_call_is_paid_twice(outcomes):
    undisturbed, suffered = outcomes

    for outcome in suffered:
        assert len(outcome["keys"]) == len({tuple(key) for key in outcome["keys"]}) == outcome["calls"]
        # What was in flight at the kill may be sent again, no more than that.
        assert outcome["sent"] <= undisturbed["sent"] + MAX_PARALLEL, outcome["fault"]
        assert outcome["reserved"] == 0, outcome["fault"]


def test_no_checkpoint_outlives_its_run(outcomes):
    _, suffered = outcomes

    for outcome in suffered:
        assert outcome["checkpoints"] == 0, outcome["fault"]
