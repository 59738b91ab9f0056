"""Workers that are killed, put to sleep and told to stop in the middle of a cycle; a budget that several of them share.

Real processes against a real PostgreSQL and a provider on loopback that counts what it is asked.
"""

import signal
from dataclasses import replace

import pytest

from agent.bootstrap import utc_now
from tests import scaled
from tests.faults.cycle_world import better, fill
from tests.journeys import world
from tests.journeys.teachers import Teacher

pytestmark = pytest.mark.postgres

PARALLEL = 4
HALF_WAY = 60  # calls: some are committed by then, and many are still to come
RULES = """
harvest: {max_items: 160, max_earlier_items: 0}
teacher: {failing_examples: 4, passing_examples: 2}
search: {strategies: [surgical, clarify, examples], max_rounds: 2, patience: 1, select_items: 24, gate_items: 60}
runs: {lease_seconds: 5}
"""


@pytest.fixture
def provider():
    """Slow enough to be caught in the middle."""
    with scaled.provider(teach=Teacher(better), delay=lambda role: 0.05) as running:
        yield running


@pytest.fixture
def site(provider, tmp_path):
    """A project with one degraded prompt, whose cycle is asked for and not yet begun."""
    settings = scaled.models(provider.url, parallel=PARALLEL) + "[worker]\nheartbeat_s = 1.0\ngrace_s = 0.5\n"
    with scaled.site(tmp_path, settings, rules=RULES) as place:
        fill(place.library)
        world.swept(place.library, world.rulebook())
        place.ask(world.NAME)
        yield place


def half_way(provider, of=0, calls=HALF_WAY):
    """Wait until a worker is in the middle of its cycle: so many calls later."""
    scaled.until(lambda: len(provider.requests) >= of + calls, "the middle of the cycle")


def ended(site):
    """Wait until the one run has ended; the run."""
    (run,) = scaled.until(lambda: all_ended(site, 1), "the end of the cycle")
    return run


def all_ended(site, count):
    """So many runs, once all of them have ended."""
    runs = site.library.runs.list()
    return runs if len(runs) == count and all(run.state != "running" for run in runs) else None


def test_a_cycle_outlives_a_kill_a_hasty_stop_and_a_polite_one_and_pays_for_nothing_twice(site, provider):
    killed = site.worker()
    half_way(provider)
    killed.kill()

    hasty = site.worker(PROMPTKEEPER_WORKER__GRACE_S="600")
    half_way(provider, of=len(provider.requests), calls=20)
    hasty.process.send_signal(signal.SIGTERM)
    scaled.until(lambda: "stopping" in hasty.heard)
    hasty.process.send_signal(signal.SIGTERM)
    assert hasty.process.wait(scaled.PATIENCE) == 137

    polite = site.worker()
    half_way(provider, of=len(provider.requests), calls=20)
    polite.process.send_signal(signal.SIGTERM)
    assert polite.process.wait(scaled.PATIENCE) == 0
    assert "handed over" in polite.log()
    holder = site.library.runs.holder(world.NAME)
    assert (holder.run_id, site.library.runs.get(1).state) == (1, "running")
    assert [run.id for run in site.library.runs.abandoned(now=utc_now())] == [1]
    assert site.sql("SELECT status::text FROM procrastinate_jobs") == [("todo",)]

    site.worker()
    run = ended(site)

    assert (run.id, run.state, run.stop_reason) == (1, "finished", "proposed"), run
    assert run.path.count("diagnose") == 1
    paid = site.library.calls.spend("run:1").calls
    # Each of the three may have had as many calls in flight as it sends at once, and no more.
    assert HALF_WAY < paid <= len(provider.requests) <= paid + 3 * PARALLEL
    scaled.until(lambda: not site.sql("SELECT 1 FROM procrastinate_jobs"), "the end of its job")
    assert site.sql("SELECT 1 FROM checkpoints WHERE thread_id = 'run-1'") == []
    assert site.library.runs.holder(world.NAME) is None
    assert len(site.library.proposals.list()) == 1


def test_a_worker_that_slept_beyond_its_lease_finds_its_writes_refused(site, provider):
    sleeper = site.worker()
    half_way(provider)
    sleeper.tell(signal.SIGSTOP)
    before = site.library.runs.holder(world.NAME)
    site.worker()
    run = ended(site)
    proposals, attempts = site.library.proposals.list(), site.library.runs.attempts(run_id=run.id)

    sleeper.tell(signal.SIGCONT)

    scaled.until(lambda: "no longer holds the claim" in sleeper.heard, "the refusal")
    assert site.library.runs.get(run.id) == run
    assert run.stop_reason == "proposed"
    assert site.library.proposals.list() == proposals
    assert site.library.runs.attempts(run_id=run.id) == attempts
    assert site.library.audit.verify().ok
    assert before.owner.split(":")[1] == str(sleeper.process.pid)
    # It is a worker like any other again.
    sleeper.process.send_signal(signal.SIGTERM)
    assert sleeper.process.wait(scaled.PATIENCE) == 0
    assert "Traceback" not in sleeper.log()


def test_two_workers_together_never_spend_more_than_the_day_has(provider, site):
    second = "shop/other"
    content = site.library.prompts.labelled(world.NAME, "production").content
    site.library.prompts.create(second, actor=world.REVIEWER, now=world.START)
    site.library.prompts.add_version(second, content, actor=world.REVIEWER, now=world.START)
    site.library.prompts.move_label(
        second, "production", 1, expected=None, actor=world.REVIEWER, reason="start", now=world.START
    )
    traces = site.library.traces.list(limit=None, prompt=world.NAME)
    others = [replace(trace, id=f"other-{trace.id}", prompt=second) for trace in traces]
    site.library.traces.add(others, [world.judged(t, float(t.output == t.expected)) for t in others])
    world.swept(site.library, world.rulebook())
    site.ask(second)
    cap = 0.3  # US dollars: less than either cycle would spend

    for _ in range(2):
        site.worker(PROMPTKEEPER_BUDGET__USD_PER_DAY=str(cap))
    runs = scaled.until(lambda: all_ended(site, 2), "the end of both cycles")

    assert {run.stop_reason for run in runs} == {"budget_spent"}
    spent = sum(site.library.calls.spend(f"run:{run.id}").usd for run in runs)
    assert 0.3 * cap < spent <= cap
    assert all(site.library.calls.spend(f"run:{run.id}").calls > 0 for run in runs)
    assert len(provider.requests) == sum(site.library.calls.spend(f"run:{run.id}").calls for run in runs)
