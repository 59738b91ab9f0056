"""A process that goes to sleep within a transaction does not keep the others waiting for ever."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from library.errors import Outage
from library.store.engine import Database, conninfo_of
from tests.scaled import schema

pytestmark = pytest.mark.postgres
SHOWN = sa.text("SHOW idle_in_transaction_session_timeout")


@pytest.fixture
def url():
    with schema() as address:
        yield address


def test_a_transaction_has_a_limit_and_the_url_may_name_another(url):
    bare = make_url(url).difference_update_query(["options"]).render_as_string(hide_password=False)
    for address, limit in ((bare, "1min"), (url, "3s")):
        db = Database(address)
        with db.read() as connection:
            assert connection.execute(SHOWN).scalar() == limit
        db.close()
    assert "idle_in_transaction_session_timeout=60000" in conninfo_of(bare)


def test_who_sleeps_within_a_transaction_loses_its_locks_and_is_told_of_an_outage(url):
    hasty = make_url(url).render_as_string(hide_password=False).replace("timeout%3D3000", "timeout%3D200")
    assert hasty != url
    sleeper, other = Database(hasty), Database(url)
    with other.write() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (n int)")
        connection.exec_driver_sql("INSERT INTO thing VALUES (1)")

    def sleep_over_it():
        with sleeper.write() as connection:
            connection.exec_driver_sql("UPDATE thing SET n = 2")
            # The other one waits for the lock until the database ends this transaction.
            with other.write() as second:
                second.exec_driver_sql("UPDATE thing SET n = 3")
            connection.exec_driver_sql("UPDATE thing SET n = 4")

    with pytest.raises(Outage, match="the library does not answer"):
        sleep_over_it()

    with sleeper.read() as connection:
        assert connection.exec_driver_sql("SELECT n FROM thing").scalar() == 3
    sleeper.close()
    other.close()
