"""One of several processes leads: it holds a lock of the database's for as long as its connection lives."""

from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from library.store.engine import Database

SCHEDULER_LOCK = 7_001_003  # any number that no other advisory lock of this database uses


class Leadership:
    """The right to schedule, held by one process at a time; on SQLite there is only the one.

    The lock belongs to a database session: when its process dies, the database frees it, without any time-out. Other
    libraries in schemas of the same database have leaders of their own.
    """

    def __init__(self, db: Database, number: int = SCHEDULER_LOCK) -> None:
        self._db, self._number = db, number
        self._session: sa.Connection | None = None

    def leads(self) -> bool:
        """Whether this process leads now; it takes the lead when nobody has it. False where nothing answers."""
        if self._db.dialect == "sqlite":
            return True
        try:
            if self._session is not None:
                self._session.execute(sa.text("SELECT 1"))
                return True
            return self._try()
        except SQLAlchemyError:
            # The session is gone, and the lock with it: somebody else may lead already.
            self.step_down()
            return False

    def _try(self) -> bool:
        session = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        took = "SELECT pg_try_advisory_lock(:number, hashtext(current_schema()))"
        try:
            if session.execute(sa.text(took), {"number": self._number}).scalar():
                self._session = session
                return True
        except DBAPIError:
            session.invalidate()
            raise
        finally:
            if self._session is not session:
                session.close()
        return False

    def step_down(self) -> None:
        """Let another process lead."""
        session, self._session = self._session, None
        if session is not None:
            # A connection that went back to the pool would keep the lock.
            with suppress(SQLAlchemyError):
                session.invalidate()
            session.close()
