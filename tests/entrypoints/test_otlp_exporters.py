"""Real exporters and instrumentations send to a real server; what they tell of is in the library."""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.entrypoints.cli.main import main
from library.prompts import Actor, Content
from library.store.stores import open_library

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
NAME = "support/triage"
APPLICATION = ("openai", "openinference.instrumentation.openai", "opentelemetry.instrumentation.genai.openai")
LITELLM_OTEL = ("litellm", "opentelemetry.exporter.otlp.proto.http")


class Model(BaseHTTPRequestHandler):
    """A model behind the API that everybody speaks: says `billing`, refuses what holds BREAK."""

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        broken = "BREAK" in str(said["messages"])
        message = {"role": "assistant", "content": "billing"}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "small-2026",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
        }
        body = json.dumps({"error": {"message": "no good"}} if broken else answer).encode()
        self.send_response(400 if broken else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def model():
    """Address of a model's API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Folder of a project with two versions of `support/triage`; the first is in production."""
    folder = tmp_path_factory.mktemp("telemetry")
    with contextlib.chdir(folder):
        assert main(["init", "--json"]) == 0
    owner, now = Actor(name="owner", kind="local", reviewer=True), datetime.now(UTC)
    with library(folder) as opened:
        opened.prompts.create(NAME, actor=owner, now=now)
        for text in ("Name the queue: {{message}}", "Name the queue, nothing else: {{message}}"):
            opened.prompts.add_version(NAME, Content(text=text), actor=owner, now=now)
        opened.prompts.move_label(NAME, "production", 1, expected=None, actor=owner, reason="first", now=now)
    return folder


@pytest.fixture(scope="module")
def keeper(project):
    """Address of a server on the project."""
    command = [sys.executable, "-m", "agent.entrypoints.cli.main", "serve", "--port", "0", "--json", "--no-schedule"]
    child = subprocess.Popen(command, cwd=project, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield json.loads(child.stdout.readline())["listening"]
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)


@contextlib.contextmanager
def library(project):
    opened = open_library(f"sqlite:///{project}/.promptkeeper/library.db")
    try:
        yield opened
    finally:
        opened.db.close()


def needs(*modules):
    """Skip where an optional package is not there, and say which."""

    def there(name):
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.util.find_spec(name) is not None
        return False

    missing = [name for name in modules if not there(name)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@needs(*APPLICATION, "opentelemetry.instrumentation.openai")
def test_instrumented_clients_are_watched_without_knowing_us(keeper, model, project):
    program = Path(__file__).with_name("otlp_application.py")
    command = [sys.executable, str(program), keeper, model]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=ENVIRONMENT)
    assert done.stdout.splitlines() == ["refused BREAK", "refused BREAK", "flushed True"], done.stderr

    with library(project) as opened:
        traces = opened.traces.list(NAME, version=2, newest_first=False)
    assert [trace.output for trace in traces] == ["billing", None, "billing", None, "billing"]
    assert [trace.error is None for trace in traces] == [True, False, True, False, True]
    assert {trace.inputs["message"].partition(".")[0] for trace in traces} == {"opentelemetry", "openinference"}
    assert {trace.response_model or trace.model for trace in traces if trace.output} == {"small-2026"}
    assert {(trace.tokens_in, trace.tokens_out) for trace in traces if trace.output} == {(11, 3)}
    assert (traces[-1].session, traces[-1].segment, traces[-1].finish_reason) == ("s-9", "mail", "stop")
    assert all(trace.id.startswith("otel:") and trace.latency_ms is not None for trace in traces)


@needs(*LITELLM_OTEL)
def test_the_example_with_litellm_is_monitored_from_end_to_end(keeper, model, project):
    program = REPOSITORY / "examples" / "otlp" / "sort_mail.py"
    command = [sys.executable, str(program), "--keeper", keeper, "--model", "openai/small", "--api-base", model]
    lines = "I was charged twice.\n\nWhere is my parcel?\n"
    environment = {**os.environ, "OPENAI_API_KEY": "none"}  # no path to the product
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, timeout=300, check=False, env=environment, cwd="/"
    )
    assert done.stdout.splitlines() == ["billing", "billing"], done.stderr

    with library(project) as opened:
        traces = opened.traces.list(NAME, version=1)
        scores = [opened.traces.scores(trace.id) for trace in traces]
    assert len(traces) == 2  # each call once, however many spans litellm makes of it
    assert {trace.inputs["message"] for trace in traces} == {"I was charged twice.", "Where is my parcel?"}
    assert {(t.output, t.model, t.response_model, t.finish_reason) for t in traces} == {
        ("billing", "small", "small-2026", "stop")
    }
    for given in scores:
        mine = {score.name: score for score in given}
        assert (mine["known_queue"].value, mine["known_queue"].evaluator) == (1.0, "sort_mail")
