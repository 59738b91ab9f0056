"""The outbox: read on from where a channel stands, sent once, given up, sent again; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from library.errors import NotFound, Refused
from library.notices import Telling

LEASE = timedelta(minutes=10)


@pytest.fixture
def telling(now):
    return Telling(
        event="incident.opened",
        prompt="support/triage",
        subject="incident 7",
        at=now,
        title="support/triage: degraded",
        text="It fell.",
        facts={"effect": 0.125, "segment": None},
    )


def happens(library, now, count=1):
    for _ in range(count):
        library.audit.record(at=now, actor="a", action="incident.opened", subject="incident 1", detail={})


def write(library, telling, now, *lines, channel="ops"):
    """Notices of some lines for a channel that has read nothing yet."""
    seen = library.notices.follow([channel], now=now)[channel]
    happens(library, now, max(lines) - seen)
    rows = [(line, f"key-{channel}-{line}", telling) for line in lines]
    assert library.notices.write(channel, rows, seen=seen, upto=max(lines), now=now)


def take(library, now, *, limit=100, channels=("ops",)):
    return library.notices.take(channels, now=now, lease=LEASE, limit=limit)


def test_a_new_channel_begins_at_the_end_of_the_log_and_a_known_one_where_it_stood(library, now):
    happens(library, now, 3)
    assert library.notices.follow(["ops"], now=now) == {"ops": 3}
    happens(library, now, 2)
    assert library.notices.follow(["ops", "team"], now=now) == {"ops": 3, "team": 5}
    assert library.notices.follow(["ops", "team"], now=now) == {"ops": 3, "team": 5}


def test_a_notice_comes_back_as_it_was_written(library, telling, now):
    write(library, telling, now, 1)
    (notice,) = library.notices.list()
    assert notice.telling == telling
    assert (notice.key, notice.channel, notice.line) == ("key-ops-1", "ops", 1)
    assert (notice.state, notice.attempts, notice.error, notice.sent_at) == ("pending", 0, "", None)
    assert library.notices.get(notice.id) == notice


def test_of_two_collectors_at_the_same_line_one_stores_and_the_other_is_told(library, telling, now):
    seen = library.notices.follow(["ops"], now=now)["ops"]
    happens(library, now)

    def collect(index):
        return library.notices.write("ops", [(1, f"key-{index}", telling)], seen=seen, upto=1, now=now)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(collect, range(4))) == [False, False, False, True]
    assert len(library.notices.list()) == 1


def test_what_one_sender_has_taken_no_other_takes_until_the_lease_ends(library, telling, now):
    write(library, telling, now, 1, 2, 3, 4, 5, 6, 7, 8)
    with ThreadPoolExecutor(4) as pool:
        taken = [n.id for some in pool.map(lambda _: take(library, now, limit=2), range(4)) for n in some]
    assert sorted(taken) == sorted(set(taken))
    taken += [n.id for n in take(library, now)]
    assert sorted(taken) == sorted(n.id for n in library.notices.list())
    assert not library.notices.due(["ops"], now=now)
    again = take(library, now + LEASE)
    assert {n.attempts for n in again} == {2}
    assert [n.line for n in again] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_only_the_channels_that_are_asked_for_are_taken(library, telling, now):
    write(library, telling, now, 1)
    assert take(library, now, channels=["team"]) == ()
    assert take(library, now, channels=[]) == ()
    assert not library.notices.due(["team"], now=now)
    assert library.notices.due(["ops", "team"], now=now)


def test_a_sent_notice_is_never_due_again(library, telling, now):
    write(library, telling, now, 1)
    (notice,) = take(library, now)
    assert library.notices.sent(notice, now=now)
    done = library.notices.get(notice.id)
    assert (done.state, done.sent_at, done.attempts) == ("sent", now, 1)
    assert take(library, now + timedelta(days=9)) == ()
    with pytest.raises(Refused, match="sent cannot become pending"):
        library.notices.retry(notice.id, actor="ada", now=now)


def test_a_try_whose_lease_ran_over_decides_nothing_any_more(library, telling, now):
    write(library, telling, now, 1)
    (late,) = take(library, now)
    (newer,) = take(library, now + LEASE)
    assert not library.notices.missed(late, "time-out", again_at=None)
    assert library.notices.get(late.id).state == "pending"
    assert library.notices.sent(newer, now=now + LEASE)
    assert not library.notices.missed(newer, "time-out", again_at=now)


def test_a_missed_try_waits_and_the_last_one_is_listed_as_failed(library, telling, now):
    write(library, telling, now, 1)
    (notice,) = take(library, now)
    later = now + timedelta(minutes=1)
    assert library.notices.missed(notice, "it answered 500", again_at=later)
    assert take(library, later - timedelta(seconds=1)) == ()
    (second,) = take(library, later)
    assert (second.attempts, second.error) == (2, "it answered 500")
    assert library.notices.missed(second, "it answered 502", again_at=None)
    assert [(n.id, n.error) for n in library.notices.list(state="failed")] == [(notice.id, "it answered 502")]
    assert library.notices.list(state="failed", channel="team") == ()
    assert library.notices.failed() == {"ops": 1}


def test_a_failed_notice_goes_out_again_with_the_same_key_and_somebodys_name_in_the_log(library, telling, now):
    write(library, telling, now, 1, 2)
    for notice in take(library, now):
        library.notices.missed(notice, "no", again_at=None)
    first, second = sorted(n.id for n in library.notices.list())
    (again,) = library.notices.retry(first, actor="ada", now=now)
    assert (again.state, again.attempts, again.key) == ("pending", 0, "key-ops-1")
    assert [n.id for n in library.notices.retry(None, actor="ada", now=now)] == [second]
    assert library.notices.retry(None, actor="ada", now=now) == ()
    told = [(e.actor, e.detail["ids"]) for e in library.audit.events() if e.action == "notice.retried"]
    assert told == [("ada", [first]), ("ada", [second])]
    assert library.audit.verify().ok


@pytest.mark.parametrize("id", [0, -1, 5, 2**63])
def test_an_unknown_notice_is_said_to_be_unknown(library, now, id):
    with pytest.raises(NotFound, match=f"notice {id}"):
        library.notices.get(id)
    with pytest.raises(NotFound, match=f"notice {id}"):
        library.notices.retry(id, actor="ada", now=now)


def test_a_channel_that_left_the_settings_leaves_its_notices_as_failed_and_begins_anew(library, telling, now):
    write(library, telling, now, 1)
    library.notices.follow(["team"], now=now)
    (stranded,) = library.notices.list()
    assert (stranded.state, stranded.error) == ("failed", "the channel is no longer in the settings")
    happens(library, now, 4)
    assert library.notices.follow(["team", "ops"], now=now)["ops"] == 5


def test_delivered_notices_are_let_go_by_age_and_failed_ones_stay(library, telling, now):
    write(library, telling, now, 1, 2, 3)
    sent, failed, waiting = take(library, now)
    library.notices.sent(sent, now=now)
    library.notices.missed(failed, "no", again_at=None)
    assert library.notices.let_go(before=now) == 0
    assert library.notices.let_go(before=now + timedelta(days=30)) == 1
    assert {n.id for n in library.notices.list()} == {failed.id, waiting.id}
