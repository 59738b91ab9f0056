"""One process schedules: a lock that dies with its holder."""

import pytest
import sqlalchemy as sa

from library.store.engine import Database
from library.store.leadership import Leadership
from tests.scaled import schema


@pytest.fixture
def processes():
    """Two connections to one library, as two processes have them."""
    with schema() as url:
        both = Database(url), Database(url)
        yield both
        for db in both:
            db.close()


@pytest.mark.postgres
def test_one_leads_and_the_other_takes_over_when_it_steps_down(processes):
    first, second = (Leadership(db) for db in processes)

    assert first.leads()
    assert not second.leads()
    assert first.leads()
    first.step_down()
    assert second.leads()
    assert not first.leads()
    second.step_down()


@pytest.mark.postgres
def test_a_leader_whose_connection_is_cut_no_longer_leads(processes):
    first, second = (Leadership(db) for db in processes)
    assert first.leads()
    with processes[1].write() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
                " WHERE locktype = 'advisory' AND classid = 7001003 AND objid = hashtext(current_schema())::oid"
            )
        )

    assert second.leads()
    assert not first.leads()
    second.step_down()
    assert first.leads()
    first.step_down()


@pytest.mark.postgres
def test_libraries_in_two_schemas_have_a_leader_each(processes):
    with schema() as other:
        db = Database(other)
        one, another = Leadership(processes[0]), Leadership(db)
        assert one.leads()
        assert another.leads()
        one.step_down()
        another.step_down()
        db.close()


def test_on_sqlite_the_one_process_leads(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/library.db")
    assert Leadership(db).leads()
    db.close()
