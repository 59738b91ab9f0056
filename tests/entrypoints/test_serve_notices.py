"""`promptkeeper serve` notifies by itself, also while the schedule is paused, and what it sends it sends once."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from agent.entrypoints.web.api.schedule import SWITCH
from tests.journeys.post_office import SECRET
from tests.receivers import listening

REPOSITORY = Path(__file__).parents[2]


def test_a_server_tells_what_happens_while_it_runs_even_when_its_schedule_is_paused(triage):
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OPS_SECRET": SECRET}
    command = [sys.executable, "-m", "agent.entrypoints.cli.main", "serve", "--port", "0", "--json"]
    with listening() as receiver:
        lines = ["[notify.ops]", 'kind = "webhook"', f'url = "{receiver.url}"', 'secret_env = "OPS_SECRET"']
        triage.write("promptkeeper.toml", "\n".join([*lines, "allow_private = true", ""]))
        triage.write("policies/rulebook.yaml", "notifications: {round_seconds: 1}\n")
        with triage.library() as library:
            library.switches.turn(SWITCH, on=False, by="ada", now=datetime.now(UTC))
            library.notices.follow(["ops"], now=datetime.now(UTC))
        child = subprocess.Popen(
            command, cwd=triage.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert child.stdout.readline()
            with triage.library() as library:
                library.audit.record(
                    at=datetime.now(UTC), actor="monitor", action="incident.opened", subject="incident 1", detail={}
                )
            assert receiver.answered.wait(120)
        finally:
            child.send_signal(signal.SIGTERM)
            said = child.communicate(timeout=60)
        assert child.returncode == 0, said
        with triage.library() as library:
            (notice,) = library.notices.list()
    assert notice.state in {"sent", "pending"}, "the server may have been stopped before its child wrote it down"
    (came,) = receiver.came
    assert (json.loads(came.body)["type"], came.headers["webhook-id"]) == ("incident.opened", notice.key)
