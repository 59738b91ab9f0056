"""The queues of online evaluation: what came in is there once, a task is taken by one worker, nothing is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from library.store.online import REPEAT, ScoreTask
from tests.recorded import START, ids, score, trace

LEASE = timedelta(minutes=5)


def task(trace_id, *, name="judge", minutes=0.0, prompt="support/triage", **more):
    ts = START + timedelta(minutes=minutes)
    return ScoreTask(trace_id=trace_id, task=name, prompt=prompt, ts=ts, **{"due_at": ts} | more)


@pytest.fixture
def queued(library, now):
    """Three traces with a judge's task each; the third one is the newest."""
    library.traces.add([trace(f"t{n}", minutes=n) for n in range(3)])
    tasks = [task(f"t{n}", minutes=n) for n in range(3)]
    library.online.finish([a.number for a in library.online.arrivals(limit=10)], tasks)
    return tasks


def claim(library, now, *, limit=10, repeats=False, **more):
    return library.online.claim(repeats=repeats, now=now, lease=LEASE, limit=limit, **more)


def test_new_traces_wait_by_prompt_until_they_are_finished(library, now):
    assert not library.online.waiting(now=now)
    library.traces.add([trace("a"), trace("b", prompt="other"), trace("c")])
    library.traces.add([trace("d")])
    assert library.online.waiting(now=now)
    rows = library.online.arrivals(limit=10)
    assert [(r.prompt, r.trace_ids) for r in rows] == [
        ("other", ("b",)), ("support/triage", ("a", "c")), ("support/triage", ("d",)),
    ]  # fmt: skip
    assert [r.prompt for r in library.online.arrivals(["other"], limit=10)] == ["other"]
    library.online.finish([rows[0].number, rows[1].number], ())
    assert [r.trace_ids for r in library.online.arrivals(limit=10)] == [("d",)]


def test_a_trace_seen_before_and_a_score_alone_queue_nothing(library, now):
    library.traces.add([trace("a")])
    library.online.finish([a.number for a in library.online.arrivals(limit=10)], ())
    library.traces.add([trace("a")])
    library.traces.add_scores([score("a", 1.0)])
    assert library.online.arrivals(limit=10) == ()


def test_a_refused_batch_queues_nothing(library):
    with pytest.raises(Exception, match="no trace"):
        library.traces.add([trace("a")], [score("unknown", 1.0)])
    assert library.online.arrivals(limit=10) == ()


def test_a_row_that_was_finished_gives_its_number_to_no_other(library):
    library.traces.add([trace("a")])
    (first,) = library.online.arrivals(limit=10)
    library.online.finish([first.number], ())
    library.traces.add([trace("b")])
    library.online.finish([first.number], ())  # a second worker that had read the same row
    assert [r.trace_ids for r in library.online.arrivals(limit=10)] == [("b",)]


def test_a_large_batch_is_cut_into_rows(library):
    library.traces.add([trace(f"t{n:04}") for n in range(1200)])
    rows = library.online.arrivals(limit=10)
    assert [len(r.trace_ids) for r in rows] == [500, 500, 200]
    assert len({id for r in rows for id in r.trace_ids}) == 1200


def test_the_newest_traces_are_taken_first_and_only_once(library, queued, now):
    first, second = claim(library, now, limit=2), claim(library, now)
    assert [t.trace_id for t in first] == ["t2", "t1"]
    assert [t.trace_id for t in second] == ["t0"]
    assert claim(library, now) == ()
    assert {(t.tries, t.day) for t in (*first, *second)} == {(1, now.date().isoformat())}


def test_what_a_dead_worker_had_taken_comes_back_and_keeps_its_day(library, queued, now):
    claim(library, now)
    later = now + timedelta(days=1)
    again = claim(library, later)
    assert [t.trace_id for t in again] == ["t2", "t1", "t0"]
    assert {(t.tries, t.day) for t in again} == {(2, now.date().isoformat())}
    third = claim(library, later + timedelta(days=1))
    assert {(t.tries, t.day) for t in third} == {(3, now.date().isoformat())}


def test_put_back_is_due_later_and_counts_only_a_real_try(library, queued, now):
    taken = claim(library, now)
    library.online.put_back(taken[:1], due_at=now + timedelta(hours=1), tried=True)
    library.online.put_back(taken[1:], due_at=now, tried=False)
    assert [(t.trace_id, t.tries) for t in claim(library, now)] == [("t1", 1), ("t0", 1)]
    (back,) = claim(library, now + timedelta(hours=1))[:1]
    assert (back.trace_id, back.tries) == ("t2", 2)
    assert back.day == (now + timedelta(hours=1)).date().isoformat()


def test_dropped_and_expired_tasks_are_gone(library, queued, now):
    library.online.drop(queued[:1])
    assert library.online.tasks() == 2
    library.online.finish((), [task("t0", expires_at=now), task("t1", name="judge.tone", expires_at=now)])
    assert library.online.expire(now=now - timedelta(seconds=1)) == 0
    assert library.online.expire(now=now) == 2
    assert library.online.tasks() == 2


def test_a_task_that_is_there_already_stays_as_it_is(library, queued, now):
    claim(library, now)
    library.online.finish((), queued)
    assert claim(library, now) == ()


def test_repeats_and_judges_are_taken_apart_and_by_prompt(library, queued, now):
    library.traces.add([trace("o", prompt="other")])
    library.online.finish((), [task("t0", name=REPEAT), task("o", prompt="other")])
    assert [t.trace_id for t in claim(library, now, repeats=True)] == ["t0"]
    assert [t.trace_id for t in claim(library, now, prompts=["other"])] == ["o"]
    assert library.online.tasks(["other"]) == 1


def test_erasing_a_trace_takes_its_tasks_along(library, queued, now):
    library.traces.erase(["t1"], actor="rita", now=now)
    assert library.online.tasks() == 2
    library.online.finish((), [task("t1"), task("gone")])
    assert library.online.tasks() == 2


def test_workers_at_the_same_time_never_share_a_task(library, now):
    library.traces.add([trace(f"t{n:03}", minutes=n) for n in range(120)])
    library.online.finish((), [task(f"t{n:03}", minutes=n) for n in range(120)])
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: claim(library, now, limit=10), range(16)))
    got = [t.trace_id for some in taken for t in some]
    assert len(got) == len(set(got))
    assert sorted(got + [t.trace_id for t in claim(library, now, limit=200)]) == [f"t{n:03}" for n in range(120)]


def test_neighbours_are_those_of_the_same_session_within_the_window(library):
    library.traces.add(
        [
            trace("a", minutes=0, session="s"),
            trace("b", minutes=9, session="s"),
            trace("far", minutes=30, session="s"),
            trace("else", minutes=1, session="t"),
            trace("none", minutes=1),
            trace("other", minutes=1, session="s", prompt="other"),
        ]
    )
    of = library.online.traces(["a", "none"])
    assert ids(library.online.neighbours(of, timedelta(minutes=10))) == ["a", "b"]
    both = library.online.traces(["a", "far"])
    assert ids(library.online.neighbours(both, timedelta(minutes=10))) == ["a", "b", "far"]
    assert library.online.neighbours((), timedelta(minutes=10)) == ()


def test_the_neighbours_of_many_sessions_are_all_found(library):
    rows = [trace(f"t{n:03}{half}", minutes=n + 2 * half, session=f"s{n}") for n in range(400) for half in (0, 1)]
    library.traces.add(rows)
    of = library.online.traces([f"t{n:03}0" for n in range(400)])
    assert len(library.online.neighbours(of, timedelta(minutes=5))) == 800


def test_scores_are_read_by_trace(library, queued):
    library.traces.add_scores([score("t0", 1.0), score("t0", 0.5, name="tone"), score("t2", 0.0)])
    found = library.online.scores(["t0", "t1", "t2"])
    assert {id: [s.name for s in some] for id, some in found.items()} == {
        "t0": ["exact_match", "tone"],
        "t2": ["exact_match"],
    }
