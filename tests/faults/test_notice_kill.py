"""A sender that is killed between sending and writing it down: the receiver gets one repeat, with the same id."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.entrypoints.cli.main import main
from library.store.stores import open_library
from tests.journeys.post_office import SECRET, Office
from tests.receivers import Receiver, listening

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    with contextlib.chdir(tmp_path):
        assert main(["init", "--json"]) == 0
    return tmp_path


@pytest.fixture
def office(folder):
    """The same library and channel as those of the process that is killed, at the real time."""
    library = open_library(f"sqlite:///{folder}/.promptkeeper/library.db")
    yield Office(library, at=datetime.now(UTC))
    library.db.close()


def sender(folder):
    command = [sys.executable, "-m", "agent.entrypoints.cli.main", "notices", "send"]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SECRET": SECRET}
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def test_kill_9_between_sending_and_writing_it_down_repeats_a_message_once(folder, office):
    receiver = Receiver(hold=threading.Event())
    with listening(receiver):
        lines = ["[notify.ops]", 'kind = "webhook"', f'url = "{receiver.url}"', 'secret_env = "SECRET"']
        lines += ["allow_private = true"]
        (folder / "promptkeeper.toml").write_text("\n".join(lines), encoding="utf-8")
        office.webhook("ops", receiver.url)
        office.collect()
        office.prompt()
        office.incident()
        process = sender(folder)
        assert receiver.arrived.wait(120)
        with office.library.db.write():  # nobody else can write now: what is sent cannot be written down
            receiver.hold.set()
            assert receiver.answered.wait(30)
            process.send_signal(signal.SIGKILL)
            assert process.wait(30) == -signal.SIGKILL
        (notice,) = office.library.notices.list()
        assert (notice.state, notice.attempts) == ("pending", 1)
        assert (await office.deliver()).sent == 0, "its lease has not ended"
        office.at = notice.next_at + timedelta(seconds=1)
        assert (await office.deliver()).sent == 1
        office.later(days=2)
        assert (await office.deliver()).sent == 0
    first, second = receiver.came
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == notice.key
    assert first.body == second.body
    assert office.library.notices.get(notice.id).state == "sent"
