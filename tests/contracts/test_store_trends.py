"""Trends: what a sweep reads, what it commits, and what happens when two sweeps or a late writer meet."""

import threading

import pytest

from library.scores import Series
from library.store.deltas import join_writers
from library.trends import GRID_SECONDS, Delta, fold, step_of
from tests.recorded import START, folded, score, sums_of_trends, sweep, trace

STEP = step_of(START.timestamp())


def add(library, *values, prefix="t", **where):
    traces = [trace(f"{prefix}-{i}", **where) for i in range(len(values))]
    library.traces.add(traces, [score(t.id, v) for t, v in zip(traces, values, strict=True)])


def change_of(library, metric="exact_match"):
    (found,) = [c for c in library.trends.changed() if c.series.metric == metric]
    return found


def test_a_change_tells_the_series_its_state_and_the_sums_of_its_deltas(library):
    add(library, 0.25, 1.0, segment="billing")
    add(library, 0.5, prefix="u", minutes=GRID_SECONDS / 60)

    change = change_of(library)

    s = change.series
    assert s == Series(
        id=s.id, prompt="support/triage", version=1, metric="exact_match", evaluator="exact_match", revision="1"
    )
    assert change.state.count == 0
    assert change.deltas == (
        Delta(segment="billing", step=STEP, n=2, sum=1.25, sumsq=1.0625, low=0.25, high=1.0),
        Delta(segment="other", step=STEP + 1, n=1, sum=0.5, sumsq=0.25, low=0.5, high=0.5),
    )


def test_small_batches_are_read_as_one_delta_per_segment_and_step(library):
    for i in range(20):
        add(library, 1.0, prefix=f"t{i}", minutes=i % 2)
    assert [(d.n, d.sum) for d in change_of(library).deltas] == [(20, 20.0)]


def test_a_corrected_score_is_put_in_and_taken_out_apart(library):
    add(library, 0.25)
    sweep(library)
    library.traces.add_scores([score("t-0", 1.0)])

    deltas = change_of(library).deltas
    assert [(d.n, d.sum, d.sumsq) for d in deltas] == [(-1, -0.25, -0.0625), (1, 1.0, 1.0)]
    sweep(library)
    assert (folded(library).count, folded(library).total) == (1, 1.0)


def test_folding_stores_the_state_and_drops_its_deltas(library):
    add(library, 1.0, 0.0, 1.0)
    assert sweep(library) == ()
    assert library.trends.changed() == ()
    assert (folded(library).count, folded(library).total) == (3, 2.0)

    add(library, 1.0, prefix="u", minutes=60)
    assert change_of(library).state == folded(library)
    sweep(library)
    assert (folded(library).count, folded(library).total) == (4, 3.0)


def test_series_come_by_prompt_version_and_metric(library):
    add(library, 1.0, version=2)
    add(library, 1.0, prefix="u", prompt="support/reply")

    def seen(*args, **filters):
        return [(s.prompt, s.version, s.metric) for s, _ in library.trends.series(*args, **filters)]

    assert seen() == [
        ("support/reply", 1, "error"),
        ("support/reply", 1, "exact_match"),
        ("support/triage", 2, "error"),
        ("support/triage", 2, "exact_match"),
    ]
    assert seen("support/triage", metric="error") == [("support/triage", 2, "error")]
    assert seen("support/triage", version=1) == []


def test_changes_of_some_prompts_only(library):
    add(library, 1.0)
    add(library, 1.0, prefix="u", prompt="support/reply")
    assert {c.series.prompt for c in library.trends.changed(["support/reply", "support/none"])} == {"support/reply"}
    assert library.trends.changed([]) == ()
    assert {c.series.prompt for c in library.trends.changed()} == {"support/reply", "support/triage"}


def test_deltas_that_came_after_the_reading_stay_for_the_next_sweep(library):
    add(library, 1.0)
    change = change_of(library)
    add(library, 0.0, prefix="u")
    assert library.trends.commit([(change.series.id, fold(change.state, change.deltas), change.upto)]) == ()

    assert [(d.n, d.sum) for d in change_of(library).deltas] == [(1, 0.0)]
    sweep(library)
    assert (folded(library).count, folded(library).total) == (2, 1.0)


def fold_of(change):
    return (change.series.id, fold(change.state, change.deltas), change.upto)


@pytest.mark.parametrize("first", ["earlier reader", "later reader"])
def test_of_two_sweeps_that_read_the_same_deltas_each_score_counts_once(library, first):
    add(library, 1.0)
    early = change_of(library)
    add(library, 0.0, prefix="u")
    late = change_of(library)

    for change in (early, late) if first == "earlier reader" else (late, early):
        library.trends.commit([fold_of(change)])

    sweep(library)
    assert (folded(library).count, folded(library).total) == (2, 1.0)


def test_a_sweep_that_comes_too_late_is_told_and_changes_nothing(library):
    add(library, 1.0)
    late = change_of(library)
    sweep(library)
    # New deltas must not be taken for those that the late sweep has read, although the table was empty in between.
    add(library, 0.0, prefix="u", minutes=10)

    assert library.trends.commit([fold_of(late)]) == (late.series.id,)

    sweep(library)
    assert (folded(library).count, folded(library).total) == (2, 1.0)


def test_a_slow_writer_with_a_low_delta_id_is_not_passed_over(library):
    """A writer draws its ids, another one commits higher ids, a sweep runs: the slow writer's scores still count."""
    add(library, 1.0)
    sweep(library)
    (series, _), *_ = library.trends.series(metric="exact_match")
    done = threading.Event()

    def run_sweep():
        sweep(library)
        done.set()

    with library.db.write() as connection:
        join_writers(connection)
        connection.exec_driver_sql(
            "INSERT INTO trend_deltas (series_id, segment, step, n, sum, sumsq, low, high) "
            f"VALUES ({series.id}, 'other', {STEP}, 1, 1.0, 1.0, 1.0, 1.0)"
        )
        if library.db.dialect == "postgresql":  # SQLite has one writer at a time: the other one would wait for us
            add(library, 0.0, prefix="u")
        thread = threading.Thread(target=run_sweep)
        thread.start()
        waited = not done.wait(0.5)
    thread.join()
    sweep(library)

    assert waited
    assert folded(library).total == 2.0
    assert folded(library).count == len(library.traces.list()) + 1


def test_sweeps_beside_writers_lose_nothing(library):
    """Two writers, two sweeps at once; in the end the states hold every score exactly once."""

    def write(seed):
        for i in range(25):
            add(library, 1.0, 0.0, prefix=f"w{seed}-{i}", minutes=5 * i)

    def look():
        while any(writer.is_alive() for writer in writers):
            sweep(library)

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(2)]
    sweeps = [threading.Thread(target=look) for _ in range(2)]
    for thread in (*writers, *sweeps):
        thread.start()
    for thread in (*writers, *sweeps):
        thread.join()
    sweep(library)

    assert sums_of_trends(library) == {}
    assert (folded(library).count, folded(library).total) == (100, 50.0)
    assert folded(library, "error").count == 100
