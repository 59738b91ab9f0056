"""The call ledger as stored: a call is reserved before it is sent, and committed before its answer is used."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from library.calls import Call, Caps, Reservation, Spend
from library.errors import BudgetSpent
from library.store.engine import Database
from library.store.insert import chunks, insert_new, storable
from library.store.spending import Totals, day_name, open_totals, read_totals, refusal, save_totals, utc_day
from library.store.tables import calls as table
from library.store.tables import reservations

ERASED = "erased"
"""The finish reason of a call whose answer was erased: it is no answer any more, and asking again is a new call."""

_FIELDS = tuple(Call.__dataclass_fields__)
Key = tuple[str, str]
"""(scope, key) of a call."""


class CallStore:
    """The ledger and the budgets of a library.

    Every change locks the totals of its scopes first, then those of its days, each in order of name; so a cap holds
    over all threads and processes, and two of them cannot wait for each other in a ring.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def lookup(self, scope: str, keys: Sequence[str]) -> dict[str, Call]:
        """The finished calls of a scope among these keys; erased answers are left out."""
        found: dict[str, Call] = {}
        with self._db.read() as connection:
            for some in chunks(keys):
                here = sa.and_(table.c.scope == scope, table.c.key.in_(some), table.c.finish_reason != ERASED)
                for row in connection.execute(sa.select(table).where(here)):
                    found[row.key] = Call(**{name: getattr(row, name) for name in _FIELDS})
        return found

    def reserve(self, wanted: Sequence[Reservation], caps: Caps) -> tuple[BudgetSpent | None, ...]:
        """Reserve the worst-case cost of calls, in order and in one transaction.

        One answer for each: None when it is reserved (also when it was already), else the error naming the cap that
        it would break; a later, cheaper call may still fit. A reservation without a price counts as 0 US dollars.
        """
        answers: list[BudgetSpent | None] = []
        taken: list[Reservation] = []
        with self._db.write() as connection:
            totals = open_totals(connection, {r.scope for r in wanted})
            totals |= open_totals(connection, {_day(r) for r in wanted})
            held = set(_held(connection, [(r.scope, r.key) for r in wanted]))
            for one in wanted:
                scope, day = totals[one.scope], totals[_day(one)]
                refused = None if (one.scope, one.key) in held else refusal(one, scope, day, caps)
                answers.append(refused)
                if refused is None and (one.scope, one.key) not in held:
                    held.add((one.scope, one.key))
                    taken.append(one)
                    scope.reserve(one.usd or 0.0)
                    day.reserve(one.usd or 0.0)
            if taken:
                rows = [{"scope": r.scope, "key": r.key, "usd": r.usd, "day": _day(r), "at": r.at} for r in taken]
                connection.execute(sa.insert(reservations), rows)
                save_totals(connection, totals.values())
        return tuple(answers)

    def settle(self, finished: Sequence[Call], failed: Sequence[Key] = ()) -> None:
        """Commit finished calls and turn their reservations into spend; drop the reservations of failed ones.

        One transaction, and settling the same call again changes nothing. The cost counts on the day that the call
        was reserved on. Of two calls with one key the first answer stays, but what the second has cost counts too.
        """
        keys = {*((call.scope, call.key) for call in finished), *failed}
        with self._db.write() as connection:
            totals = open_totals(connection, {scope for scope, _ in keys})
            held = _held(connection, keys)
            days = {(call.scope, call.key): day_name(utc_day(call.at)) for call in finished}
            days |= {key: row.day for key, row in held.items()}
            totals |= open_totals(connection, days.values())
            _free(connection, held, totals)
            new = _insert(connection, finished)
            paid: set[Key] = set()
            for call in finished:
                key = (call.scope, call.key)
                if (key in held or key in new) and key not in paid:
                    paid.add(key)
                    totals[call.scope].pay(call)
                    totals[days[key]].pay(call)
            save_totals(connection, totals.values())

    def release(self, scope: str) -> int:
        """Give back the reservations of a scope that a crash left behind; how many there were."""
        with self._db.write() as connection:
            totals = open_totals(connection, {scope})
            query = sa.select(reservations).where(reservations.c.scope == scope)
            held = {(row.scope, row.key): row for row in connection.execute(query)}
            totals |= open_totals(connection, {row.day for row in held.values()})
            _free(connection, held, totals)
            save_totals(connection, totals.values())
        return len(held)

    def spend(self, scope: str) -> Spend:
        """What the finished calls of a scope have cost."""
        with self._db.read() as connection:
            return read_totals(connection, scope).summary()

    def spent_on(self, day: date) -> Spend:
        """What all calls reserved on a UTC day have cost."""
        with self._db.read() as connection:
            return read_totals(connection, day_name(day)).summary()


def _day(reservation: Reservation) -> str:
    return day_name(utc_day(reservation.at))


def _held(connection: sa.Connection, keys: Collection[Key]) -> dict[Key, sa.Row[Any]]:
    """The reservations among these keys; their scopes are locked, so nobody else changes them meanwhile."""
    found: dict[Key, sa.Row[Any]] = {}
    for scope in sorted({scope for scope, _ in keys}):
        for some in chunks(sorted(key for of, key in keys if of == scope)):
            here = sa.and_(reservations.c.scope == scope, reservations.c.key.in_(some))
            found |= {(row.scope, row.key): row for row in connection.execute(sa.select(reservations).where(here))}
    return found


def _free(connection: sa.Connection, held: Mapping[Key, sa.Row[Any]], totals: Mapping[str, Totals]) -> None:
    for row in held.values():
        totals[row.scope].free(row.usd or 0.0)
        totals[row.day].free(row.usd or 0.0)
    if held:
        here = (reservations.c.scope == sa.bindparam("of"), reservations.c.key == sa.bindparam("named"))
        gone = [{"of": scope, "named": key} for scope, key in sorted(held)]
        connection.execute(sa.delete(reservations).where(*here), gone)


def _insert(connection: sa.Connection, finished: Sequence[Call]) -> set[Key]:
    """Store answers; one that was erased makes room for the new one. Returns the keys that had no answer."""
    if not finished:
        return set()
    here = (table.c.scope == sa.bindparam("of"), table.c.key == sa.bindparam("named"), table.c.finish_reason == ERASED)
    again = sorted({(call.scope, call.key) for call in finished})
    connection.execute(sa.delete(table).where(*here), [{"of": scope, "named": key} for scope, key in again])
    rows = [{name: getattr(call, name) for name in _FIELDS} | {"output": storable(call.output)} for call in finished]
    return {(scope, key) for scope, key in insert_new(connection, table, rows, keys=("scope", "key"))}
