"""Sorts messages with a prompt that is kept elsewhere: fetched by label, cached, and told afterwards how it went.

Needs the standard library and `litellm`, which speaks to any provider and any OpenAI-compatible server. Nothing of
Promptkeeper is imported or installed here: its API is three requests.

    python sort_mail.py --model openai/gpt-4.1-mini < messages.txt
"""

import argparse
import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no download of prices at the start

import litellm

litellm.suppress_debug_info = True  # standard output is for queues
QUEUES = ("billing", "delivery", "account")
TRIES = 5


class Keeper:
    """The three requests: fetch a prompt, send traces, send scores."""

    def __init__(self, address: str, token: str | None) -> None:
        self._address = address.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._known: dict[str, tuple[str, dict]] = {}

    def prompt(self, name: str, label: str) -> dict:
        """The version under a label. Asked for every time: an unchanged one costs an answer without a body.

        When the server does not answer, the version known last goes on being used: the application must not stop.
        """
        path = f"/api/v1/prompts/{quote(name)}?{urlencode({'label': label})}"
        etag, known = self._known.get(path, (None, None))
        request = Request(self._address + path, headers=self._headers | ({"If-None-Match": etag} if etag else {}))
        try:
            with urlopen(request, timeout=10) as answer:
                self._known[path] = answer.headers["ETag"], json.load(answer)
        except HTTPError as error:
            if error.code != 304 and (error.code < 500 or known is None):
                raise
        except (OSError, HTTPException):
            if known is None:
                raise
        return self._known[path][1]

    def send(self, what: str, rows: list[dict]) -> bool:
        """Send traces or scores; whether they were stored. Sent again while the server is busy: ids count once."""
        if not rows:
            return True
        headers = self._headers | {"Content-Type": "application/json"}
        request = Request(f"{self._address}/api/v1/{what}", json.dumps(rows).encode(), headers, method="POST")
        for turn in range(TRIES):
            try:
                with urlopen(request, timeout=30):
                    return True
            except HTTPError as error:
                if error.code not in (429, 503):
                    print(f"{what} were refused: {error.read().decode()}", file=sys.stderr)
                    return False
                pause = float(error.headers.get("Retry-After", 1))
            except (OSError, HTTPException):
                pause = 0.2 * 2**turn
            if turn + 1 < TRIES:
                time.sleep(pause)
        print(f"{what} could not be sent: the server does not answer", file=sys.stderr)
        return False


def sort(message: str, prompt: dict, given: argparse.Namespace) -> tuple[str | None, dict]:
    """The queue of a message, None if the call failed; and the call as a trace."""
    trace = {
        "id": uuid.uuid4().hex,
        "ts": datetime.now(UTC).isoformat(),
        "prompt": prompt["name"],
        "version": prompt["version"],  # the number that was used, not the label: that may move meanwhile
        "label": prompt["label"],
        "inputs": {"message": message},
        "model": given.model,
    }
    begun = time.perf_counter()
    try:
        answer = litellm.completion(
            model=given.model,
            api_base=given.api_base,
            api_key=os.environ.get("MODEL_API_KEY"),
            messages=[{"role": "user", "content": prompt["text"].replace("{{message}}", message)}],
            **prompt["config"],
        )
    except Exception as error:  # noqa: BLE001 - whatever it was: that calls fail is what a trace must say
        trace["error"] = {"type": type(error).__name__, "message": str(error)[:500]}
        return None, trace | {"latency_ms": 1000 * (time.perf_counter() - begun)}
    trace["latency_ms"] = 1000 * (time.perf_counter() - begun)
    trace["output"] = answer.choices[0].message.content or ""
    trace["response_model"] = answer.model
    trace["finish_reason"] = answer.choices[0].finish_reason
    trace["tokens"] = {"input": answer.usage.prompt_tokens, "output": answer.usage.completion_tokens}
    return trace["output"].strip().lower(), trace


def main() -> int:
    """Sort each line of standard input; exit code 1 when what was done could not be told."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--keeper", default="http://127.0.0.1:8400", help="where Promptkeeper listens")
    options.add_argument("--prompt", default="support/triage")
    options.add_argument("--label", default="production")
    options.add_argument("--model", required=True, help="any model name of litellm")
    options.add_argument("--api-base", help="where the model listens, if not where its provider does")
    given = options.parse_args()
    keeper = Keeper(given.keeper, os.environ.get("PROMPTKEEPER_TOKEN"))  # a token with the role ingest

    told = True
    for message in filter(None, map(str.strip, sys.stdin)):
        try:
            prompt = keeper.prompt(given.prompt, given.label)
        except (OSError, HTTPException) as error:
            print(f"there is no prompt to work with: {error}", file=sys.stderr)
            return 1
        queue, trace = sort(message, prompt, given)
        print(queue if queue in QUEUES else "?", f"(version {trace['version']})", flush=True)
        # A real application collects some hundred traces and sends them together.
        told = keeper.send("traces", [trace]) and told
        # What only the application knows, here whether the queue exists. It may also come later, or first.
        judged = [{"trace_id": trace["id"], "name": "known_queue", "value": float(queue in QUEUES)}]
        told = keeper.send("scores", judged if queue is not None else []) and told
    return 0 if told else 1


if __name__ == "__main__":
    sys.exit(main())
