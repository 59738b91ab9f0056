"""`promptkeeper serve` as a process: it listens on loopback, serves prompts, sweeps, and stops when told."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

NAME = "support/triage"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@contextmanager
def serving(folder, environment, *options):
    child = subprocess.Popen(
        [sys.executable, "-m", "agent.entrypoints.cli.main", "serve", "--port", "0", "--json", *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = child.stdout.readline()
        assert said, child.stderr.read()
        yield child, json.loads(said)["listening"].removeprefix("http://")
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)


def get(address, path, host=None, method="GET", headers=None):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(method, path, headers={**({"Host": host} if host else {}), **(headers or {})})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, json.loads(body) if body and answer.headers["Content-Type"] == "application/json" else body


def test_it_serves_prompts_and_sends_strangers_to_the_door(triage):
    with serving(triage.folder, ENVIRONMENT, "--no-schedule") as (_, address):
        assert get(address, "/healthz")[1] == {"status": "ok"}
        assert [p["name"] for p in get(address, "/api/v1/prompts")[1]] == [NAME]
        answer, prompt = get(address, f"/api/v1/prompts/{NAME}")
        assert prompt["label"] == "production"
        assert prompt["content_hash"].removeprefix("sha256:") in answer.headers["ETag"]
        again, body = get(address, f"/api/v1/prompts/{NAME}", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, body) == (304, b"")
        assert get(address, f"/api/v1/prompts/{NAME}?version=1")[1]["version"] == 1
        assert get(address, f"/api/v1/prompts/{NAME}?label=staging")[0].status == 404
        assert get(address, f"/api/v1/prompts/{NAME}?label=production&version=1")[0].status == 400
        assert get(address, "/api/v1/prompts/no/such")[0].status == 404
        assert get(address, "/")[0].headers["Location"] == "/sign-in?back=/"
        assert get(address, "/api/v1/proposals", method="POST")[0].status == 405


def test_a_page_of_another_site_gets_no_answer(triage):
    with serving(triage.folder, ENVIRONMENT, "--no-schedule") as (_, address):
        answer, said = get(address, "/api/v1/prompts", host="attacker.example")
        assert answer.status == 421
        assert b"Host" in said


def test_the_background_sweeps_and_stops_when_told(triage):
    with serving(triage.folder, ENVIRONMENT) as (child, address):
        for _ in range(200):
            state = get(address, "/api/v1/background")[1]
            if state["last"]:
                break
            time.sleep(0.1)
        assert state["last"][0]["ok"], state
        assert state["next"] is not None
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=60) == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "example.org"])
def test_it_listens_on_loopback_only(triage, host):
    assert "loopback" in triage.fails("serve", "--host", host)


def test_a_port_that_is_taken_is_one_line(triage):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert str(port) in triage.fails("serve", "--port", port, "--no-schedule")


def test_no_token_and_no_query_reaches_a_log(triage):
    secret = triage("tokens", "create", "ops", "--role", "admin", "--json").document["secret"]
    with serving(triage.folder, ENVIRONMENT, "--no-schedule") as (child, address):
        bearer = {"Authorization": f"Bearer {secret}"}
        assert get(address, "/api/v1/prompts", headers=bearer)[0].status == 200
        assert get(address, f"/api/v1/prompts?token={secret}")[0].status == 401
        assert get(address, f"/api/v1/prompts/{secret}", headers=bearer)[0].status == 404
        assert get(address, f"/sign-in/link/{secret}", method="POST")[0].status == 401
        get(address, "/api/v1/traces", method="POST", headers=bearer)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=60)
    assert secret not in out + err
    assert "support" not in err
