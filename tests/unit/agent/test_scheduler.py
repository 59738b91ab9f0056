"""The background's round: what it does, and that one failing prompt never stops the rest."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from agent.cycle import Wish
from agent.entrypoints.scheduler import Background, Ran, tick
from library.prompts import Actor, Content
from library.scores import Score
from library.store.stores import open_library
from library.store.tables import series
from library.traces import Trace
from policies.rulebook import read_rulebook

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PERSON = Actor(name="ada", kind="local", reviewer=True)
RULES = read_rulebook(None, "shipped").health


class Cycles:
    """Remembers which prompts were to be cycled; those in `broken` fail as a child process may."""

    def __init__(self, broken=()):
        self.asked, self.broken = [], broken

    def __call__(self, wish: Wish) -> Ran:
        self.asked.append(wish.prompt)
        if wish.prompt in self.broken:
            raise OSError("no more processes")
        return Ran(prompt=wish.prompt, ok=True, said="done")


@pytest.fixture
def library(tmp_path):
    opened = open_library(f"sqlite:///{tmp_path}/library.db")
    yield opened
    opened.db.close()


def add_prompt(library, name):
    library.prompts.create(name, actor=PERSON, now=NOW)
    library.prompts.add_version(name, Content(text="Say {{what}}."), actor=PERSON, now=NOW)
    library.prompts.move_label(name, "production", 1, expected=None, actor=PERSON, reason="first", now=NOW)


def add_scores(library, name, values, start=NOW):
    traces, scores = [], []
    for i, value in enumerate(values):
        at = start + timedelta(minutes=5 * i)
        trace = Trace(id=f"{name}-{at.isoformat()}", ts=at, prompt=name, version=1, inputs={"what": "x"}, output="y")
        traces.append(trace)
        scores.append(
            Score(
                trace_id=trace.id, name="exact_match", value=value, source="programmatic", evaluator="t",
                revision="1", ts=at,
            )
        )  # fmt: skip
    library.traces.add(traces, scores)


def degraded(library, name):
    add_prompt(library, name)
    add_scores(library, name, [float(i % 10 != 0) for i in range(600)] + [float(i % 2) for i in range(400)])


def test_a_round_sweeps_and_cycles_every_prompt_that_is_ill(library):
    degraded(library, "a/one")
    degraded(library, "b/two")
    add_prompt(library, "c/well")
    cycles = Cycles()
    ran = tick(library, RULES, cycles, now=NOW + timedelta(days=9))
    assert cycles.asked == ["a/one", "b/two"]
    assert all(r.ok for r in ran)


def test_a_cycle_that_cannot_start_does_not_stop_the_next(library):
    degraded(library, "a/one")
    degraded(library, "b/two")
    cycles = Cycles(broken=("a/one",))
    ran = tick(library, RULES, cycles, now=NOW + timedelta(days=9))
    assert cycles.asked == ["a/one", "b/two"]
    assert [(r.prompt, r.ok) for r in ran if r.prompt] == [("a/one", False), ("b/two", True)]


def cycled(library, name, reason, at):
    """A finished run over a prompt."""
    claim, _, _ = library.runs.claim(
        name,
        owner="t",
        trigger="incident",
        incident_id=None,
        base_version=1,
        seed=1,
        lease=timedelta(minutes=1),
        now=at,
    )
    library.runs.finish(claim, state="finished", stop_reason=reason, detail="", now=at)


@pytest.mark.parametrize(("reason", "again"), [("not_proven", []), ("error", []), ("models_down", ["a/one"])])
def test_a_fruitless_cycle_is_followed_by_a_rest_and_an_outage_is_not(library, reason, again):
    degraded(library, "a/one")
    at, cycles = NOW + timedelta(days=9), Cycles()
    tick(library, RULES, Cycles(), now=at)
    cycled(library, "a/one", reason, at + timedelta(minutes=1))
    tick(library, RULES, cycles, now=at + timedelta(hours=23), rest=timedelta(hours=24))
    assert cycles.asked == again
    tick(library, RULES, cycles, now=at + timedelta(hours=25), rest=timedelta(hours=24))
    assert cycles.asked == [*again, "a/one"]


def test_the_rest_ends_when_somebody_moves_a_label(library):
    degraded(library, "a/one")
    at, cycles = NOW + timedelta(days=9), Cycles()
    tick(library, RULES, Cycles(), now=at)
    cycled(library, "a/one", "not_proven", at)
    moved = at + timedelta(minutes=5)
    library.prompts.move_label("a/one", "staging", 1, expected=None, actor=PERSON, reason="try", now=moved)
    tick(library, RULES, cycles, now=at + timedelta(minutes=15), rest=timedelta(hours=24))
    assert cycles.asked == ["a/one"]


def test_a_damaged_trend_blinds_the_monitor_to_one_prompt_only(library):
    add_prompt(library, "a/one")
    add_scores(library, "a/one", [1.0] * 20)
    tick(library, RULES, Cycles(), now=NOW + timedelta(days=1))
    with library.db.write() as connection:
        connection.execute(sa.update(series).where(series.c.prompt == "a/one").values(state=b"not a state"))
    add_scores(library, "a/one", [1.0] * 20, start=NOW + timedelta(days=2))
    degraded(library, "b/two")
    ran = tick(library, RULES, Cycles(), now=NOW + timedelta(days=9))
    assert {r.prompt: r.ok for r in ran if r.prompt and "sweep" in r.said} == {"a/one": False}
    assert [i.prompt for i in library.incidents.list()] == ["b/two"]


def test_the_background_goes_on_after_work_that_failed():
    class Work:
        def __init__(self):
            self.rounds = 0

        def __call__(self):
            self.rounds += 1
            if self.rounds == 1:
                raise RuntimeError("broken once")
            return [Ran(prompt="", ok=True, said="fine")]

    work = Work()
    background = Background(work, timedelta(seconds=1))
    background._tick()
    assert [r.ok for r in background.last] == [False]
    background._tick()
    assert [r.said for r in background.last] == ["fine"]


def test_cycles_that_nobody_goes_on_with_are_run_too_and_no_prompt_twice(library):
    degraded(library, "a/one")
    add_prompt(library, "c/well")
    cycles = Cycles()
    left = (Wish(prompt="c/well", trigger="force"), Wish(prompt="a/one", trigger="incident"))
    tick(library, RULES, cycles, now=NOW + timedelta(days=9), unfinished=lambda: left)
    assert cycles.asked == ["c/well", "a/one"]


def test_a_process_that_does_not_lead_stands_by_until_somebody_pushes_it():
    rounds, leads = [], []

    def work():
        rounds.append(1)
        return [Ran(prompt="", ok=True, said="fine")]

    background = Background(work, timedelta(hours=1), leads=lambda: bool(leads))
    background._tick()
    assert rounds == []
    assert "stands by" in background.last[0].said
    background._pushed = True
    background._tick()
    assert rounds == [1]
    background._tick()
    assert rounds == [1]
    leads.append(1)
    background._tick()
    assert rounds == [1, 1]
