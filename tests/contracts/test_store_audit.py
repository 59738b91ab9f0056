"""The audit chain: whole when untouched, broken where somebody touched it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from library.audit import GENESIS
from library.store.audit import AuditStore
from library.store.tables import audit


def fill(store, now, count=5):
    for number in range(count):
        store.record(
            at=now + timedelta(seconds=number),
            actor="rita",
            action="token.created",
            subject=f"token {number}",
            detail={"role": "viewer", "ratio": 1e16, "tiny": 1e-17, "name": "Zoë ☃"},
        )


def change(library, statement):
    with library.db.write() as connection:
        assert connection.execute(statement).rowcount == 1


def test_an_empty_log_is_whole(library):
    check = library.audit.verify()
    assert (check.ok, check.count, check.head, check.broken_at) == (True, 0, GENESIS, None)


def test_lines_are_numbered_and_chained(library, now):
    fill(library.audit, now)
    events = library.audit.events()
    assert [e.number for e in events] == [1, 2, 3, 4, 5]
    assert [e.previous for e in events] == [GENESIS, *(e.hash for e in events[:-1])]
    assert [e.number for e in library.audit.events(after=2, limit=2)] == [3, 4]
    check = library.audit.verify()
    assert (check.ok, check.count, check.head) == (True, 5, events[-1].hash)


def test_a_line_in_another_time_zone_is_the_same_moment_and_verifies(library, now):
    local = now.astimezone(timezone(timedelta(hours=5, minutes=30))).replace(microsecond=123456)
    event = library.audit.record(at=local, actor="a", action="b", subject="c", detail={})
    assert library.audit.events() == (event,)
    assert isinstance(event.at, datetime)
    assert event.at == local
    assert library.audit.verify().ok


def test_a_chain_longer_than_one_batch_is_walked_to_its_end(library, now):
    row = library.audit.record(at=now, actor="a", action="b", subject="c", detail={})
    with library.db.write() as connection:
        from library.store.audit import BATCH, append

        for _ in range(BATCH + 5):
            row = append(connection, b"", at=now, actor="a", action="b", subject="c", detail={})
    check = library.audit.verify()
    assert (check.ok, check.count, check.head) == (True, BATCH + 6, row.hash)


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "mallory"},
        {"action": "token.revoked"},
        {"subject": "token 9"},
        {"detail": {"role": "admin"}},
        {"hash": "0" * 64},
        {"previous": "f" * 64},
        {"number": 99},
    ],
)
def test_a_changed_line_is_found_where_it_is(library, now, values):
    fill(library.audit, now)
    change(library, audit.update().where(audit.c.number == 3).values(values))
    check = library.audit.verify()
    assert (check.ok, check.broken_at, check.count) == (False, 3, 2)


def test_a_removed_line_is_found(library, now):
    fill(library.audit, now)
    change(library, audit.delete().where(audit.c.number == 1))
    assert library.audit.verify().broken_at == 1


def test_lines_cut_off_at_the_end_change_the_head_that_was_printed(library, now):
    fill(library.audit, now)
    head = library.audit.verify().head
    change(library, audit.delete().where(audit.c.number == 5))
    check = library.audit.verify()
    assert check.ok
    assert check.head != head


def test_with_a_key_only_its_owner_can_write_lines_that_verify(library, now):
    keyed = AuditStore(library.db, b"secret")
    fill(keyed, now)
    assert keyed.verify().ok
    assert AuditStore(library.db, b"other").verify().broken_at == 1
    library.audit.record(at=now, actor="mallory", action="x", subject="y", detail={})
    assert keyed.verify().broken_at == 6


def test_writers_at_the_same_time_make_one_chain(library, now):
    def write(index):
        return library.audit.record(at=now, actor=f"a{index}", action="x", subject="y", detail={}).number

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(write, range(18)))
    assert sorted(numbers) == list(range(1, 19))
    assert library.audit.verify().ok


def test_a_deed_that_fails_leaves_no_line(library, triage, reviewer, now):
    before = library.audit.verify()
    with pytest.raises(sa.exc.IntegrityError), library.db.write() as connection:
        from library.store.audit import append

        append(connection, b"", at=now, actor="a", action="b", subject="c", detail={})
        connection.execute(sa.text("INSERT INTO labels VALUES ('support/triage', 'production', 1)"))
    assert library.audit.verify() == before
