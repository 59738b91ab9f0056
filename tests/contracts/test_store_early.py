"""Scores that come before their trace, and traces that are let go by age: on both databases."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
import sqlalchemy as sa

from library.errors import InputError
from library.store.early import KEPT, put_aside, take_up
from library.store.insert import insert_new
from library.store.scoring import checked
from library.store.service_tables import early_scores
from library.store.tables import traces
from library.store.trace_rows import row_of
from library.store.traces import Added
from tests.recorded import START, ids, item, score, sums_of_scores, sums_of_trends, trace

DAY = timedelta(days=1)


def waiting(library) -> list[tuple[str, str, float]]:
    """(trace, name, value) of the scores that wait."""
    c = early_scores.c
    with library.db.read() as connection:
        rows = connection.execute(sa.select(c.trace_id, c.name, c.value).order_by(c.trace_id, c.name))
        return [tuple(row) for row in rows]


def test_an_early_score_is_kept_and_joined_when_its_trace_comes(library, now):
    early = score("t-1", 0.25, comment="close", source="judge", revision="3")
    assert library.traces.add((), [early], early_at=now) == Added(traces=0, scores=0)
    assert waiting(library) == [("t-1", "exact_match", 0.25)]
    assert sums_of_trends(library) == {}

    assert library.traces.add([trace("t-1", segment="cards")], early_at=now) == Added(traces=1, scores=1)

    assert library.traces.scores("t-1") == (early,)
    assert waiting(library) == []
    assert sums_of_trends(library) == sums_of_scores(library)


def test_it_is_joined_also_when_the_trace_comes_another_way(library, now):
    library.traces.add((), [score("t-1", 0.25)], early_at=now)
    library.traces.add([trace("t-1")])  # an import from a file keeps nothing early, but brings traces
    assert [s.value for s in library.traces.scores("t-1")] == [0.25]
    assert waiting(library) == []


def test_without_a_time_an_early_score_is_refused_and_nothing_is_kept(library):
    with pytest.raises(InputError, match="there is no trace 't-1'"):
        library.traces.add((), [score("t-1", 0.25)])
    assert waiting(library) == []


def test_an_early_score_sent_again_replaces_the_first(library, now):
    library.traces.add((), [score("t-1", 0.25), score("t-1", 1.0, name="schema")], early_at=now)
    library.traces.add((), [score("t-1", 0.75)], early_at=now)
    assert waiting(library) == [("t-1", "exact_match", 0.75), ("t-1", "schema", 1.0)]


def test_what_comes_with_the_trace_counts_more_than_what_waited(library, now):
    library.traces.add((), [score("t-1", 0.25), score("t-1", 1.0, name="schema")], early_at=now)
    added = library.traces.add([trace("t-1")], [score("t-1", 0.5)], early_at=now)
    assert added == Added(traces=1, scores=2)
    assert [(s.name, s.value) for s in library.traces.scores("t-1")] == [("exact_match", 0.5), ("schema", 1.0)]
    assert waiting(library) == []
    assert sums_of_trends(library) == sums_of_scores(library)


def test_one_batch_may_hold_scores_of_all_kinds(library, now):
    library.traces.add([trace("old")])
    added = library.traces.add([trace("new")], [score("old", 0.1), score("new", 0.2), score("late", 0.3)], early_at=now)
    assert added == Added(traces=1, scores=2)
    assert waiting(library) == [("late", "exact_match", 0.3)]
    assert sums_of_trends(library) == sums_of_scores(library)


def test_a_trace_that_is_refused_leaves_its_scores_waiting(library, now):
    library.traces.add((), [score("t-1", 0.25)], early_at=now)
    with pytest.raises(InputError):
        library.traces.add([trace("t-1")], [score("t-1", 7.0)], early_at=now)
    assert waiting(library) == [("t-1", "exact_match", 0.25)]


def test_odd_characters_in_an_early_score_refuse_nobody(library, now):
    library.traces.add((), [score("t\x00\ud800", 0.25, comment="\x00"), score("t-1", 1.0)], early_at=now)
    library.traces.add([trace("t\x00\ud800"), trace("t-1")])
    found = {t.id: library.traces.scores(t.id) for t in library.traces.list()}
    assert {id: [s.value for s in scores] for id, scores in found.items()} == {"t\ufffd\ufffd": [0.25], "t-1": [1.0]}


def test_a_score_whose_trace_does_not_come_is_let_go_after_a_week(library, now):
    library.traces.add((), [score("t-1", 0.25)], early_at=now)
    library.traces.add((), [score("t-2", 0.25)], early_at=now + DAY)
    assert library.traces.drop_early(now=now + KEPT - timedelta(seconds=1)) == 0
    assert library.traces.drop_early(now=now + KEPT) == 1
    assert waiting(library) == [("t-2", "exact_match", 0.25)]
    assert KEPT == 7 * DAY


def test_sending_it_again_starts_the_week_anew(library, now):
    library.traces.add((), [score("t-1", 0.25)], early_at=now)
    library.traces.add((), [score("t-1", 0.25)], early_at=now + 6 * DAY)
    assert library.traces.drop_early(now=now + KEPT) == 0


def test_many_early_scores_at_once(library, now):
    library.traces.add((), [score(f"t-{i:04}", 0.5) for i in range(1000)], early_at=now)
    many = [trace(f"t-{i:04}", minutes=i % 60) for i in range(1000)]
    assert library.traces.add(many, early_at=now) == Added(traces=1000, scores=1000)
    assert waiting(library) == []
    assert sums_of_trends(library) == sums_of_scores(library)


def test_a_trace_that_comes_while_its_score_is_put_aside_gets_it(library, now):
    with ThreadPoolExecutor(1) as pool:
        with library.db.write() as connection:
            put_aside(connection, checked([score("t-1", 0.25)]), (), now)
            coming = pool.submit(library.traces.add, [trace("t-1")])
            assert not wait([coming], timeout=0.2).done  # it waits for its turn
        assert coming.result(timeout=30).scores == 1
    assert waiting(library) == []


def test_a_score_that_comes_while_its_trace_is_being_stored_finds_it(library, now):
    with ThreadPoolExecutor(1) as pool:
        with library.db.write() as connection:
            insert_new(connection, traces, [row_of(trace("t-1"))], keys=("id",))
            assert take_up(connection, ["t-1"]) == ()
            coming = pool.submit(library.traces.add, (), [score("t-1", 0.25)], early_at=now)
            assert not wait([coming], timeout=0.2).done
        assert coming.result(timeout=30).scores == 1
    assert [s.value for s in library.traces.scores("t-1")] == [0.25]
    assert waiting(library) == []


def test_erasing_a_trace_leaves_no_early_score_of_it(library, now):
    library.traces.add([trace("t-1"), trace("t-2")])
    # As an older version, or a database that was put together by hand, may have left them.
    with library.db.write() as connection:
        rows = [score(id, 0.0, comment="my IBAN") for id in ("t-1", "t-2")]
        columns = [c.name for c in early_scores.c if c.name != "received_at"]
        kept = [{**{name: getattr(row, name) for name in columns}, "received_at": now} for row in rows]
        connection.execute(early_scores.insert(), kept)

    library.traces.erase(["t-1"], actor="rita", now=now)
    assert waiting(library) == [("t-2", "exact_match", 0.0)]

    library.traces.expire("support/triage", before=START + DAY, limit=10, now=now)
    assert waiting(library) == []


def test_age_takes_the_oldest_first_and_at_most_so_many(library, now):
    library.traces.add([trace(f"t-{i}", minutes=i) for i in range(6)], [score(f"t-{i}", 1.0) for i in range(6)])
    library.traces.add([trace("other", prompt="support/reply")])
    before = START + timedelta(minutes=5)

    gone = [library.traces.expire("support/triage", before=before, limit=3, now=now) for _ in range(3)]

    assert [(e.traces, e.scores) for e in gone] == [(3, 3), (2, 2), (0, 0)]
    assert ids(library.traces.list(newest_first=False)) == ["other", "t-5"]
    assert library.traces.scores("t-5") == (score("t-5", 1.0),)


def test_trends_keep_what_they_counted_when_traces_go_by_age(library, now):
    library.traces.add([trace(f"t-{i}", minutes=i) for i in range(4)], [score(f"t-{i}", 0.5) for i in range(4)])
    before = sums_of_trends(library)
    library.traces.expire("support/triage", before=START + DAY, limit=100, now=now)
    assert library.traces.list() == ()
    assert sums_of_trends(library) == before


def test_what_quotes_a_trace_goes_with_it_and_the_record_says_how_many_went(library, triage, now):
    library.traces.add([trace("t-1"), trace("t-2", minutes=60)])
    one = item("my IBAN", dataset="harvest", source="harvest", trace_id="t-1")
    other = item("hello", dataset="harvest", source="harvest", trace_id="t-2")
    library.datasets.add([one, other])
    before = START + timedelta(minutes=30)

    assert library.traces.expire("support/triage", before=before, limit=10, now=now).items == 1

    assert [i.inputs["message"] for i in library.datasets.items("support/triage", dataset="harvest")] == ["hello"]
    last = library.audit.events()[-1]
    assert (last.actor, last.action, last.subject) == ("retention", "trace.expired", "support/triage")
    assert dict(last.detail) == {"count": 1, "before": before.isoformat()}
    assert library.audit.verify().ok
