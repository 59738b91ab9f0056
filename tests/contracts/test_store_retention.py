"""Retention works in small transactions: others read and write between them, however much there is to let go."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from agent.erasure import expire
from library.store.stores import open_library
from policies.rulebook import PrivacyRules
from tests.recorded import START, score, trace

COUNT, BATCH = 55, 10


@contextmanager
def no_memory():
    """Nothing is remembered here, so nothing may be asked to forget."""
    pytest.fail("the failure memory was opened")
    yield


@pytest.fixture
def old(library):
    traces = [trace(f"t-{n}", minutes=n) for n in range(COUNT)]
    library.traces.add(traces, [score(t.id, 1.0) for t in traces])
    return library


def transactions(library):
    """Rows of traces that each transaction deletes, filled while the library is at work."""
    deleted = []

    def begun(connection):
        deleted.append(0)

    def executed(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("BEGIN IMMEDIATE"):
            deleted.append(0)
        if statement.startswith("DELETE FROM traces"):
            deleted[-1] += cursor.rowcount

    sa.event.listen(library.db.engine, "begin", begun)
    sa.event.listen(library.db.engine, "after_cursor_execute", executed)
    return deleted


def test_no_transaction_lets_go_of_more_than_a_batch(old, triage):
    deleted = transactions(old)
    rules = PrivacyRules(redact="none", keep_days=1)

    assert expire(old, no_memory, rules, now=START + timedelta(days=9), batch=BATCH, most=None) == COUNT

    assert [count for count in deleted if count] == [BATCH] * 5 + [5]
    assert old.traces.list() == ()


def test_somebody_else_writes_and_reads_after_every_batch(old, triage, library_url):
    other = open_library(library_url)
    left = []

    def told(prompt, gone):
        other.traces.add([trace(f"w-{gone}", minutes=60 * 24 * 30)])
        left.append(len(other.traces.list(limit=None)))

    rules = PrivacyRules(redact="none", keep_days=1)
    expire(old, no_memory, rules, now=START + timedelta(days=9), batch=BATCH, most=None, told=told)

    # Each batch is committed before the next begins: seen by others, who are not kept out in between.
    assert left == [46, 37, 28, 19, 10, 6]
    other.db.close()


def test_a_round_of_the_background_ends_early_and_the_next_goes_on(old, triage):
    rules, now = PrivacyRules(redact="none", keep_days=1), START + timedelta(days=9)
    rounds = [expire(old, no_memory, rules, now=now, batch=BATCH, most=30) for _ in range(3)]
    assert rounds == [30, 25, 0]
