"""The application in `examples/application` runs against a real server and a small model."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.entrypoints.test_serve import ENVIRONMENT, get, serving

pytest.importorskip("litellm")
REPOSITORY = Path(__file__).parents[2]
PROGRAM = REPOSITORY / "examples" / "application" / "sort_mail.py"
NAME = "support/triage"


class Model(BaseHTTPRequestHandler):
    """A model behind the API that everybody speaks: `Billing`, something odd about cats, no answer to BREAK."""

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(said)
        text = said["messages"][0]["content"]
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "small-2026",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Miaow" if "cat" in text else "Billing"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
        }
        broken = "BREAK" in text
        self.reply(400 if broken else 200, {"error": {"message": "no good"}} if broken else answer)

    def reply(self, status, document, **headers):
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Say nothing."""


class Wire(BaseHTTPRequestHandler):
    """Stands between the application and Promptkeeper: notes what went through, and is busy now and then."""

    def do_GET(self):
        self.server.pass_on(self)

    def do_POST(self):
        self.server.pass_on(self)

    def log_message(self, format, *args):
        """Say nothing."""


class WireServer(ThreadingHTTPServer):
    """Passes requests on to `keeper`. seen: (method, path, status); after_first: called once, after the first trace."""

    def __init__(self, keeper):
        super().__init__(("127.0.0.1", 0), Wire)
        self.keeper, self.seen, self.busy, self.after_first = keeper, [], 0, lambda: None

    def pass_on(self, asked):
        body = asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
        path = asked.path.partition("?")[0]
        if asked.command == "POST" and self.busy:
            self.busy -= 1
            status, kept, answer = 503, {"Retry-After": "0"}, b""
        else:
            names = ("Authorization", "If-None-Match", "Content-Type")
            sent = {name: asked.headers[name] for name in names if name in asked.headers}
            status, kept, answer = passed(self.keeper, asked.command, asked.path, body, sent)
        self.seen.append((asked.command, path, status))
        if path.endswith("/traces") and status == 200:
            act, self.after_first = self.after_first, lambda: None
            act()
        asked.send_response(status)
        for name, value in kept.items():
            asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(answer)))
        asked.end_headers()
        asked.wfile.write(answer)


def passed(address, method, path, body, headers):
    import http.client

    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, {n: answer.headers[n] for n in ("ETag", "Content-Type") if n in answer.headers}, said


@contextmanager
def listening(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def run(keeper, model, messages, **environ):
    return subprocess.run(
        [
            sys.executable,
            "-I",
            str(PROGRAM),
            "--keeper",
            keeper,
            "--model",
            "openai/small",
            "--api-base",
            f"{model}/v1",
        ],
        input="".join(f"{message}\n" for message in messages),
        capture_output=True,
        text=True,
        env={**os.environ, "MODEL_API_KEY": "none", **environ},
        timeout=120,
        check=False,
    )


def test_the_application_names_nothing_of_ours():
    source = PROGRAM.read_text()
    imported = [
        line.split()[1].partition(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    ]
    assert set(imported) - sys.stdlib_module_names == {"litellm"}


def test_it_fetches_calls_and_tells_and_follows_the_label(triage):
    made = triage("tokens", "create", "app", "--role", "ingest", "--agent", "--json").document
    triage("tokens", "create", "rita", "--role", "reviewer")
    small = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    small.asked = []
    with serving(triage.folder, ENVIRONMENT, "--no-schedule") as (_, address), listening(small) as model:
        wire = WireServer(address)
        wire.busy = 2  # the first trace is turned away twice
        wire.after_first = lambda: move_label(triage.folder)
        with listening(wire) as keeper:
            messages = ["charged twice", "my cat", "charged again", "BREAK"]
            done = run(keeper, model, messages, PROMPTKEEPER_TOKEN=made["secret"])
        token = {"Authorization": f"Bearer {made['secret']}"}
        assert get(address, f"/api/v1/prompts/{NAME}", headers=token)[1]["version"] == 2

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "billing (version 1)",
        "? (version 2)",  # the label moved after the first message
        "billing (version 2)",
        "? (version 2)",
    ]
    fetched = [status for method, _, status in wire.seen if method == "GET"]
    assert fetched == [200, 200, 304, 304]
    sent = [(path.rsplit("/", 1)[1], status) for method, path, status in wire.seen if method == "POST"]
    assert sent[:3] == [("traces", 503), ("traces", 503), ("traces", 200)]
    assert {status for _, status in sent[3:]} == {200}
    assert "Name the queue, nothing else." in small.asked[1]["messages"][0]["content"]
    check_library(triage, messages)


def move_label(folder):
    """As a reviewer does it, while the application is at work."""
    command = [sys.executable, "-m", "agent.entrypoints.cli.main", "prompts", "label", NAME, "production", "2"]
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, timeout=60)


def check_library(triage, messages):
    with triage.library() as library:
        traces = {t.inputs["message"]: t for t in library.traces.list()}
        judged = {m: [(s.name, s.value) for s in library.traces.scores(traces[m].id)] for m in messages}
    assert {m: t.version for m, t in traces.items()} == dict(zip(messages, (1, 2, 2, 2), strict=True))
    assert [traces[m].output for m in messages] == ["Billing", "Miaow", "Billing", None]
    assert judged == {
        "charged twice": [("known_queue", 1.0)],
        "my cat": [("known_queue", 0.0)],
        "charged again": [("known_queue", 1.0)],
        "BREAK": [],
    }
    good, bad = traces["charged twice"], traces["BREAK"]
    assert (good.label, good.model, good.response_model) == ("production", "openai/small", "small-2026")
    assert (good.tokens_in, good.tokens_out, good.finish_reason) == (11, 3, "stop")
    assert bad.error.type == "BadRequestError"
    assert all(t.latency_ms > 0 for t in traces.values())
