"""Tokens, sessions, sign-in links and switches, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from library.access import digest
from library.errors import InputError, NotFound, Outage
from library.store import service_tables, tables

SECRET = "pk_" + "s" * 43
HOUR = timedelta(hours=1)


@pytest.fixture
def make(library, now):
    """Function: a token in the library."""

    def token(secret=SECRET, *, name="rita", role="reviewer", agent=False, expires_at=None):
        return library.access.create_token(
            secret, name=name, role=role, agent=agent, by="owner", now=now, expires_at=expires_at
        )

    return token


@pytest.fixture
def signed_in(library, now):
    """Function: a session in the library."""

    def session(cookie, token_id=None, until=None):
        return library.access.open_session(
            cookie, name="rita", role="reviewer", csrf="c", now=now, until=until or now + HOUR, token_id=token_id
        )

    return session


def said(library) -> str:
    """Every row of the service's tables and of the audit log as one text."""
    names = ("tokens", "sessions", "sign_in_links")
    with library.db.read() as connection:
        rows = [row for name in names for row in connection.execute(sa.select(getattr(service_tables, name)))]
    return repr([tuple(row) for row in rows]) + repr(library.audit.events())


def actions(library) -> list[tuple[str, str, str]]:
    return [(event.actor, event.action, event.subject) for event in library.audit.events()]


def test_a_token_opens_with_its_secret_and_with_nothing_else(library, make, now):
    made = make()
    assert library.access.token(SECRET, now=now) == made
    for wrong in ("", "pk_", SECRET[:-1], SECRET.upper(), digest(SECRET), f"{SECRET} "):
        assert library.access.token(wrong, now=now) is None


def test_of_secrets_only_digests_are_stored(library, make, signed_in, now):
    make()
    signed_in("cookie-secret")
    library.access.make_link("link-secret", until=now + HOUR)
    stored = said(library)
    assert digest(SECRET) in stored
    for secret in (SECRET, "cookie-secret", "link-secret"):
        assert secret not in stored


def test_the_same_secret_makes_no_second_token(library, make):
    make()
    with pytest.raises(sa.exc.IntegrityError):
        make(name="otto")
    assert [t.name for t in library.access.tokens()] == ["rita"]


def test_a_token_ends_at_its_time_and_not_before(library, make, now):
    make(expires_at=now + HOUR)
    assert library.access.token(SECRET, now=now + HOUR - timedelta(microseconds=1)) is not None
    assert library.access.token(SECRET, now=now + HOUR) is None


def test_a_token_that_is_over_at_once_is_not_made(library, make, now):
    for end in (now, now - HOUR):
        with pytest.raises(InputError, match=r"token 'rita'.* past"):
            make(expires_at=end)
    assert library.access.tokens() == ()
    assert actions(library) == []


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_a_program_gets_no_role_that_decides(library, make, role):
    with pytest.raises(InputError, match="only people decide"):
        make(role=role, agent=True)
    assert library.access.tokens() == ()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "bell\x07"])
def test_a_name_that_would_spoil_the_record_is_refused(make, name):
    with pytest.raises(InputError, match="1 to 100 printable"):
        make(name=name)


def test_the_last_use_is_noted_to_the_minute(library, make, now):
    make()
    for seconds, noted in ((0, 0), (30, 0), (59, 0), (60, 60), (61, 60)):
        library.access.token(SECRET, now=now + timedelta(seconds=seconds))
        assert library.access.tokens()[0].used_at == now + timedelta(seconds=noted)


def test_a_revoked_token_and_the_sessions_opened_with_it_are_over(library, make, signed_in, now):
    token, other = make(), make("pk_other", name="otto")
    signed_in("mine", token.id)
    signed_in("others", other.id)
    signed_in("by link")

    gone = library.access.revoke(token.id, by="owner", now=now)

    assert gone == replace(token, revoked_at=now)
    assert library.access.token(SECRET, now=now) is None
    assert library.access.session("mine", now=now) is None
    assert library.access.session("others", now=now).token_id == other.id
    assert library.access.session("by link", now=now).token_id is None


def test_revoking_twice_is_one_line_in_the_record_and_keeps_the_first_time(library, make, now):
    token = make()
    library.access.revoke(token.id, by="owner", now=now)
    assert library.access.revoke(token.id, by="somebody", now=now + HOUR).revoked_at == now
    assert actions(library) == [
        ("owner", "token.created", f"token {token.id}"),
        ("owner", "token.revoked", f"token {token.id}"),
    ]
    assert library.audit.verify().ok


@pytest.mark.parametrize("id", [0, 7, -1, 2**62, 2**63])
def test_a_token_that_was_never_made_cannot_be_revoked(library, make, id, now):
    make()
    with pytest.raises(NotFound, match=f"there is no token {id}"):
        library.access.revoke(id, by="owner", now=now)


def test_a_session_dies_with_its_token_also_when_that_only_runs_out(library, make, signed_in, now):
    token = make(expires_at=now + HOUR)
    signed_in("cookie", token.id, until=now + 8 * HOUR)
    assert library.access.session("cookie", now=now + HOUR / 2) is not None
    assert library.access.session("cookie", now=now + HOUR) is None


def test_a_session_opened_with_a_token_that_was_just_revoked_opens_nothing(library, make, signed_in, now):
    token = make()
    library.access.revoke(token.id, by="owner", now=now)
    signed_in("cookie", token.id)
    assert library.access.session("cookie", now=now) is None


def test_a_session_ends_by_time_or_by_signing_out(library, signed_in, now):
    opened = signed_in("a")
    signed_in("b")
    assert library.access.session("a", now=now) == opened
    library.access.end_session("b")
    library.access.end_session("b")
    assert library.access.session("b", now=now) is None
    assert library.access.session("a", now=now + HOUR) is None


def test_sessions_that_are_over_are_swept_out(library, signed_in, now):
    signed_in("old")
    library.access.open_session(
        "new", name="otto", role="viewer", csrf="c", now=now + HOUR, until=now + 2 * HOUR, token_id=None
    )
    with library.db.read() as connection:
        assert connection.scalars(sa.select(service_tables.sessions.c.digest)).all() == [digest("new")]


def test_a_door_that_was_closed_opens_by_a_deed_and_never_by_the_clock(library, make, now):
    assert not library.access.guarded(now=now)
    token = make(expires_at=now + HOUR)
    assert library.access.guarded(now=now)
    assert library.access.guarded(now=now + 2 * HOUR)  # it has run out; nobody has said that strangers may come in
    library.access.revoke(token.id, by="owner", now=now + 3 * HOUR)
    assert not library.access.guarded(now=now + 3 * HOUR)


def test_a_link_works_once_and_until_its_time(library, now):
    library.access.make_link("secret", until=now + HOUR)
    assert not library.access.use_link("guess", now=now)
    assert library.access.use_link("secret", now=now)
    assert not library.access.use_link("secret", now=now)
    library.access.make_link("late", until=now + HOUR)
    assert not library.access.use_link("late", now=now + HOUR)


def test_a_new_link_ends_the_one_before(library, now):
    library.access.make_link("first", until=now + HOUR)
    library.access.make_link("second", until=now + HOUR)
    assert not library.access.use_link("first", now=now)
    assert library.access.use_link("second", now=now)


def test_of_many_who_use_a_link_at_once_one_gets_in(library, now):
    for turn in range(5):
        library.access.make_link(f"secret {turn}", until=now + HOUR)
        together = Barrier(6)

        def use(_, secret=f"secret {turn}", together=together):
            together.wait()
            return library.access.use_link(secret, now=now)

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(use, range(6))) == [False] * 5 + [True]


def test_of_two_who_revoke_at_once_one_is_in_the_record(library, make, now):
    token, together = make(), Barrier(4)

    def revoke(n):
        together.wait()
        return library.access.revoke(token.id, by=f"admin {n}", now=now).revoked_at

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(revoke, range(4))) == {now}
    assert [action for _, action, _ in actions(library)] == ["token.created", "token.revoked"]
    assert library.audit.verify().ok


def test_a_switch_stands_at_its_default_until_somebody_turns_it(library, now):
    assert library.switches.is_on("schedule", default=True)
    assert not library.switches.is_on("schedule", default=False)
    library.switches.turn("schedule", on=False, by="rita", now=now)
    assert not library.switches.is_on("schedule", default=True)
    assert library.switches.is_on("another", default=True)
    library.switches.turn("schedule", on=True, by="otto", now=now + HOUR)
    assert library.switches.is_on("schedule", default=False)


def test_every_turn_of_a_switch_is_in_the_record(library, now):
    library.switches.turn("schedule", on=False, by="rita", now=now)
    library.switches.turn("schedule", on=True, by="otto", now=now + HOUR)
    lines = [(e.at, e.actor, e.action, e.subject, dict(e.detail)) for e in library.audit.events()]
    assert lines == [
        (now, "rita", "switch.turned", "schedule", {"on": False}),
        (now + HOUR, "otto", "switch.turned", "schedule", {"on": True}),
    ]
    assert library.audit.verify().ok


def test_a_switch_that_cannot_be_recorded_is_not_turned(library, now):
    with library.db.write() as connection:
        connection.execute(sa.schema.DropTable(tables.audit))
    with pytest.raises((Outage, sa.exc.DatabaseError)):
        library.switches.turn("schedule", on=False, by="rita", now=now)
    assert library.switches.is_on("schedule", default=True)
