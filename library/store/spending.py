"""Running totals of money and calls: one row per scope and one per UTC day, locked while a transaction changes them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from library.calls import Call, Caps, Reservation, Spend
from library.errors import BudgetSpent
from library.store.insert import chunks, insert_new
from library.store.tables import spend

_ROUNDING = 1e-9  # US dollars: sums of binary fractions miss a cap by less than this


@dataclass(slots=True, kw_only=True)
class Totals:
    """One row while its transaction changes it: what was spent, and what calls in flight may cost at most."""

    name: str
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    unpriced: int = 0
    reserved_usd: float = 0.0
    reserved_calls: int = 0

    def reserve(self, usd: float) -> None:
        """Count a call that is about to be sent."""
        self.reserved_usd += usd
        self.reserved_calls += 1

    def free(self, usd: float) -> None:
        """Take a reservation back; with none left the sum is exactly 0 again."""
        self.reserved_calls -= 1
        self.reserved_usd = self.reserved_usd - usd if self.reserved_calls else 0.0

    def pay(self, call: Call) -> None:
        """Count a finished call."""
        self.calls += 1
        self.tokens_in += call.tokens_in
        self.tokens_out += call.tokens_out
        self.usd += call.cost or 0.0
        self.unpriced += call.cost is None

    def fits(self, usd: float, cap: float | None) -> bool:
        """Whether one more call of this worst-case cost stays within a money cap."""
        return cap is None or self.usd + self.reserved_usd + usd <= cap + _ROUNDING

    def summary(self) -> Spend:
        """What was spent; reservations are not spent yet."""
        usd = None if self.unpriced else self.usd
        return Spend(calls=self.calls, tokens_in=self.tokens_in, tokens_out=self.tokens_out, usd=usd)


_COLUMNS = tuple(field.name for field in fields(Totals))


def day_name(day: date) -> str:
    """The name of a day's row."""
    return f"day:{day.isoformat()}"


def utc_day(at: datetime) -> date:
    """The UTC day that a moment falls on."""
    return at.astimezone(UTC).date()


def refusal(reservation: Reservation, scope: Totals, day: Totals, caps: Caps) -> BudgetSpent | None:
    """The error that names the first cap this call would break, or None when it fits all of them."""
    usd = reservation.usd or 0.0
    if caps.calls_per_scope is not None and scope.calls + scope.reserved_calls >= caps.calls_per_scope:
        return BudgetSpent(
            f"all {caps.calls_per_scope} model calls of {scope.name} are used up ({scope.reserved_calls} in flight)",
            "[budget] calls_per_cycle",
            "Raise it, or go on with what was found.",
        )
    if not scope.fits(usd, caps.usd_per_scope):
        return _money_refusal(scope, usd, caps.usd_per_scope, "[budget] usd_per_cycle", "Raise it.")
    if not day.fits(usd, caps.usd_per_day):
        mend = "Raise it, or wait for the next day (UTC)."
        return _money_refusal(day, usd, caps.usd_per_day, "[budget] usd_per_day", mend)
    return None


def _money_refusal(totals: Totals, usd: float, cap: float | None, setting: str, mend: str) -> BudgetSpent:
    held = f"${totals.usd:.4f} spent, ${totals.reserved_usd:.4f} in flight"
    return BudgetSpent(
        f"the next call may cost ${usd:.4f}, more than {totals.name} has left of ${cap:.4f} ({held})", setting, mend
    )


def open_totals(connection: sa.Connection, names: Iterable[str]) -> dict[str, Totals]:
    """The rows of these names, created on demand and locked until the transaction ends."""
    wanted = sorted(set(names))
    insert_new(connection, spend, [_row(Totals(name=name)) for name in wanted], keys=("name",))
    # Byte order on every server, as Python sorts: writers that lock in different orders deadlock.
    order = spend.c.name.collate("C") if connection.dialect.name == "postgresql" else spend.c.name
    found: dict[str, Totals] = {}
    for some in chunks(wanted):
        query = sa.select(*(spend.c[name] for name in _COLUMNS)).where(spend.c.name.in_(some)).order_by(order)
        for row in connection.execute(query.with_for_update()):
            found[row.name] = Totals(**row._asdict())
    return found


def save_totals(connection: sa.Connection, totals: Iterable[Totals]) -> None:
    """Write back rows that `open_totals` has locked."""
    rows = [{f"new_{name}": value for name, value in _row(one).items()} for one in totals]
    if rows:
        values: dict[str, sa.BindParameter[Any]] = {
            name: sa.bindparam(f"new_{name}") for name in _COLUMNS if name != "name"
        }
        connection.execute(sa.update(spend).where(spend.c.name == sa.bindparam("new_name")).values(values), rows)


def read_totals(connection: sa.Connection, name: str) -> Totals:
    """The row of a name; nothing spent when there is none."""
    query = sa.select(*(spend.c[column] for column in _COLUMNS)).where(spend.c.name == name)
    row = connection.execute(query).first()
    return Totals(name=name) if row is None else Totals(**row._asdict())


def _row(totals: Totals) -> dict[str, str | int | float]:
    return {name: getattr(totals, name) for name in _COLUMNS}
