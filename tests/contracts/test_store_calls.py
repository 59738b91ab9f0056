"""The call ledger and the budgets, on both databases."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from library.calls import Call, Caps, Reservation, Spend
from library.errors import BudgetSpent

NOON = datetime(2026, 9, 15, 12, tzinfo=UTC)
DAY = date(2026, 9, 15)
NO_CAPS = Caps()
REPOSITORY = Path(__file__).parents[2]


def reservation(key, usd=0.1, *, scope="run:1", at=NOON):
    return Reservation(scope=scope, key=key, usd=usd, at=at)


def call(key, cost=0.05, *, scope="run:1", **more):
    said = {"role": "student", "model": "m", "response_model": "m-1", "output": f"answer {key}"}
    said |= {"finish_reason": "stop", "tokens_in": 100, "tokens_out": 7, "latency_ms": 12.5, "at": NOON}
    return Call(scope=scope, key=key, cost=cost, **said | more)


def spent(calls, usd):
    return Spend(calls=calls, tokens_in=100 * calls, tokens_out=7 * calls, usd=usd and pytest.approx(usd))


def refusals(answers):
    return [answer is not None for answer in answers]


def test_a_settled_call_is_found_again_in_its_scope_only(library):
    library.calls.reserve([reservation("a"), reservation("b")], NO_CAPS)
    library.calls.settle([call("a"), call("b", cost=None)], [])

    assert library.calls.lookup("run:1", ["b", "a", "c"]) == {"a": call("a"), "b": call("b", cost=None)}
    assert library.calls.lookup("run:2", ["a", "b"]) == {}


def test_reservations_become_spend_of_the_scope_and_of_the_day(library):
    library.calls.reserve([reservation("a"), reservation("b"), reservation("c", scope="run:2")], NO_CAPS)
    assert library.calls.spend("run:1") == spent(0, 0.0)

    library.calls.settle([call("a"), call("b", 0.02)], [])
    library.calls.settle([call("c", 0.5, scope="run:2")], [])

    assert library.calls.spend("run:1") == spent(2, 0.07)
    assert library.calls.spend("run:2") == spent(1, 0.5)
    assert library.calls.spent_on(DAY) == spent(3, 0.57)
    assert library.calls.spend("run:3") == library.calls.spent_on(date(2026, 9, 14)) == spent(0, 0.0)


def test_an_unknown_price_makes_the_spend_unknown(library):
    library.calls.reserve([reservation("a", None), reservation("b")], Caps(usd_per_scope=0.1))
    library.calls.settle([call("a", None), call("b")], [])
    assert library.calls.spend("run:1") == spent(2, None)
    assert library.calls.spent_on(DAY).usd is None


def test_a_call_that_passes_midnight_counts_on_the_day_of_its_reservation(library):
    late = datetime(2026, 9, 15, 23, 59, 59, tzinfo=UTC)
    library.calls.reserve([reservation("a", at=late)], NO_CAPS)
    library.calls.settle([call("a", at=late + timedelta(seconds=2))], [])
    assert library.calls.spent_on(DAY).calls == 1
    assert library.calls.spent_on(date(2026, 9, 16)).calls == 0


def test_the_money_cap_of_a_scope_names_its_setting(library):
    caps = Caps(usd_per_scope=0.3)
    answers = library.calls.reserve([reservation(k) for k in "abcd"], caps)

    assert refusals(answers) == [False, False, False, True]
    assert isinstance(answers[3], BudgetSpent)
    assert answers[3].place == "[budget] usd_per_cycle"
    assert "run:1" in str(answers[3]) and "$0.3000" in str(answers[3])
    assert refusals(library.calls.reserve([reservation("d", scope="run:2")], caps)) == [False]


def test_a_cheaper_call_may_still_fit_after_a_refusal(library):
    answers = library.calls.reserve(
        [reservation("a", 0.2), reservation("b", 0.2), reservation("c", 0.1)], Caps(usd_per_scope=0.3)
    )
    assert refusals(answers) == [False, True, False]


def test_the_call_cap_counts_finished_calls_and_calls_in_flight(library):
    caps = Caps(calls_per_scope=3)
    library.calls.reserve([reservation("a"), reservation("b")], caps)
    library.calls.settle([call("a")], [])

    answers = library.calls.reserve([reservation("c"), reservation("d")], caps)

    assert refusals(answers) == [False, True]
    assert answers[1].place == "[budget] calls_per_cycle"


def test_the_cap_of_a_day_holds_over_scopes_and_begins_anew_at_midnight(library):
    caps = Caps(usd_per_scope=1.0, usd_per_day=0.25)
    answers = library.calls.reserve([reservation("a", scope=f"run:{i}") for i in range(3)], caps)
    assert refusals(answers) == [False, False, True]
    assert answers[2].place == "[budget] usd_per_day"

    tomorrow = NOON + timedelta(hours=12)
    assert refusals(library.calls.reserve([reservation("b", scope="run:2", at=tomorrow)], caps)) == [False]


def test_a_refused_call_holds_nothing_back(library):
    library.calls.reserve([reservation("a", scope="run:1")], Caps(usd_per_day=0.05))
    assert refusals(library.calls.reserve([reservation("a", 0.3)], Caps(usd_per_scope=0.3))) == [False]


def test_a_cheap_answer_gives_back_what_its_reservation_held(library):
    caps = Caps(usd_per_scope=0.3)
    library.calls.reserve([reservation("a", 0.3)], caps)
    assert refusals(library.calls.reserve([reservation("b", 0.2)], caps)) == [True]
    library.calls.settle([call("a", 0.1)], [])
    assert refusals(library.calls.reserve([reservation("b", 0.2)], caps)) == [False]


def test_a_failed_call_gives_its_reservation_back_and_costs_nothing(library):
    caps = Caps(usd_per_scope=0.1, calls_per_scope=1)
    library.calls.reserve([reservation("a")], caps)
    library.calls.settle([], [("run:1", "a"), ("run:1", "never reserved")])
    assert library.calls.spend("run:1") == spent(0, 0.0)
    assert refusals(library.calls.reserve([reservation("b")], caps)) == [False]


def test_reserving_again_what_is_reserved_takes_nothing_more(library):
    caps = Caps(usd_per_scope=0.1)
    assert refusals(library.calls.reserve([reservation("a"), reservation("a")], caps)) == [False, False]
    assert refusals(library.calls.reserve([reservation("a")], caps)) == [False]
    library.calls.settle([call("a", 0.0)], [])
    assert refusals(library.calls.reserve([reservation("b")], caps)) == [False]


def test_settling_again_changes_nothing(library):
    library.calls.reserve([reservation("a")], NO_CAPS)
    for _ in range(2):
        library.calls.settle([call("a"), call("a")], [])
    assert library.calls.spend("run:1") == spent(1, 0.05)


def test_of_two_answers_to_one_call_the_first_stays_and_both_are_paid(library):
    library.calls.reserve([reservation("a")], NO_CAPS)
    library.calls.settle([call("a")], [])
    library.calls.reserve([reservation("a")], NO_CAPS)
    library.calls.settle([call("a", output="another answer")], [])

    assert library.calls.lookup("run:1", ["a"])["a"].output == "answer a"
    assert library.calls.spend("run:1") == spent(2, 0.1)


def test_release_gives_back_what_a_crash_left_and_keeps_what_was_settled(library):
    caps = Caps(usd_per_scope=0.3, usd_per_day=0.4)
    library.calls.reserve([reservation(k) for k in "abc"], caps)
    library.calls.reserve([reservation("a", scope="run:2")], caps)
    library.calls.settle([call("a", 0.1)], [])

    assert library.calls.release("run:1") == 2
    assert library.calls.release("run:1") == 0

    assert library.calls.spend("run:1") == spent(1, 0.1)
    answers = library.calls.reserve([reservation("b"), reservation("c"), reservation("d")], caps)
    assert refusals(answers) == [False, False, True]


def test_an_answer_with_characters_that_a_database_cannot_hold_is_kept(library):
    library.calls.settle([call("a", output="a\x00b")], [])
    assert library.calls.lookup("run:1", ["a"])["a"] == replace(call("a"), output="a\ufffdb")


def test_many_keys_at_once(library):
    keys = [f"k{i}" for i in range(2000)]
    assert set(library.calls.reserve([reservation(k, 0.001) for k in keys], NO_CAPS)) == {None}
    library.calls.settle([call(k, 0.001) for k in keys], [])
    assert set(library.calls.lookup("run:1", keys)) == set(keys)
    assert library.calls.spend("run:1") == spent(2000, 2.0)


def reserve_until_refused(library, worker, caps):
    """Reserve calls of uneven price one by one, in a scope of its own and in a shared one; what was let through."""
    granted = {"run:shared": 0.0, f"run:{worker}": 0.0}
    for i in range(30):
        for scope in granted:
            usd = 0.01 * (1 + (i * 7 + worker) % 5)
            (refused,) = library.calls.reserve([reservation(f"{worker}-{i}", usd, scope=scope)], caps)
            granted[scope] += usd if refused is None else 0.0
    return granted


def check_caps(library, caps, granted):
    shared = sum(g["run:shared"] for g in granted)
    total = sum(sum(g.values()) for g in granted)
    assert shared <= caps.usd_per_scope + 1e-6
    assert total <= caps.usd_per_day + 1e-6
    # The caps are what ended it: not even the cheapest call fits any more.
    assert total > caps.usd_per_day - 0.01 - 1e-6
    (refused,) = library.calls.reserve([reservation("one more", 0.011, scope="run:late")], caps)
    assert refused is not None


def test_caps_hold_exactly_over_four_threads(library):
    caps = Caps(usd_per_scope=0.5, usd_per_day=1.6)
    with ThreadPoolExecutor(max_workers=4) as pool:
        granted = list(pool.map(lambda worker: reserve_until_refused(library, worker, caps), range(4)))
    check_caps(library, caps, granted)


PROCESS = """
import json, sys
from library.calls import Caps
from library.store.stores import open_library
from tests.contracts.test_store_calls import reserve_until_refused
library = open_library(sys.argv[1])
print(json.dumps(reserve_until_refused(library, int(sys.argv[2]), Caps(usd_per_scope=0.4, usd_per_day=0.9))))
"""


def test_caps_hold_exactly_over_two_processes(library, library_url):
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, library_url, str(i)], stdout=subprocess.PIPE, env=environment, text=True
        )
        for i in range(2)
    ]
    granted = [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    check_caps(library, Caps(usd_per_scope=0.4, usd_per_day=0.9), granted)


def test_settling_and_reserving_at_once_in_crossing_scopes_and_days(library):
    """Four threads with the same scopes and days in other orders: no deadlock, and the totals add up."""
    days = [NOON, NOON + timedelta(days=1)]

    def work(worker):
        for i in range(12):
            scopes = [f"run:{(worker + j) % 3}" for j in range(3)]
            wanted = [
                reservation(f"{worker}-{i}-{j}", 0.01, scope=s, at=days[(worker + j) % 2]) for j, s in enumerate(scopes)
            ]
            library.calls.reserve(wanted, NO_CAPS)
            library.calls.settle([call(r.key, 0.01, scope=r.scope) for r in wanted[:2]], [(scopes[2], wanted[2].key)])

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(work, range(4)))

    assert sum(library.calls.spend(f"run:{i}").calls for i in range(3)) == 96
    assert sum(library.calls.spent_on(day.date()).calls for day in days) == 96
    assert [library.calls.release(f"run:{i}") for i in range(3)] == [0, 0, 0]
