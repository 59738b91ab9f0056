"""Prompts from Promptkeeper, kept as long as it allows, and traces sent back; for any program, with `httpx` alone.

shelf = Shelf(httpx.Client(base_url="http://127.0.0.1:8400"), wait_s=2.0)
prompt = shelf.get("support/triage", "production", None, "customer-7")
messages = fill(prompt, {"message": "…"})
"""

import atexit
import json
import logging
import queue
import re
import threading
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import quote

import httpx

log = logging.getLogger("promptkeeper_litellm")
FIRST_S = 10.0  # how long a call waits for a prompt of which nothing is known yet
NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
MUSTACHE = re.compile(r"\{\{\{\{|\{\{\s*(?P<name>" + NAME + r")\s*\}\}|\{\{|\}\}\}\}|\}\}")
F_STRING = re.compile(r"\{\{|\}\}|\{(?P<name>" + NAME + r")\}|\{|\}")
MARK = re.compile(r"\[\[protect:[A-Za-z0-9_-]{1,64}\]\]|\[\[/protect\]\]")


class PromptUnavailable(RuntimeError):
    """There is no such prompt, or the server does not answer and nothing is known from before."""


def fill(prompt: dict[str, Any], values: dict[str, Any]) -> list[dict[str, str]]:
    """The messages of a prompt with its variables filled in. A value is never filled itself. ValueError: one lacks."""
    lacking = [name for name in prompt["variables"] if name not in values]
    if lacking:
        raise ValueError(f"prompt '{prompt['name']}' version {prompt['version']} needs {', '.join(lacking)}")
    if prompt["kind"] == "text":
        return [{"role": "user", "content": _filled(prompt["text"], prompt["format"], values)}]
    return [{"role": m["role"], "content": _filled(m["content"], prompt["format"], values)} for m in prompt["messages"]]


def _filled(text: str, spelling: str, values: dict[str, Any]) -> str:
    parts, at = [], 0
    for match in (MUSTACHE if spelling == "mustache" else F_STRING).finditer(text):
        parts.append(MARK.sub("", text[at : match.start()]))
        name, brace, at = match["name"], match.group(), match.end()
        parts.append(_said(values[name]) if name else brace[: len(brace) // 2] if _doubled(brace, spelling) else brace)
    return "".join([*parts, MARK.sub("", text[at:])])


def _doubled(brace: str, spelling: str) -> bool:
    return len(brace) == (4 if spelling == "mustache" else 2)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class Shelf:
    """Prompts as the server gave them, each kept as long as it allows.

    Asked for again in the background from half of that time on, so that a busy application never waits. Once it is
    over, a call waits for the server, but not longer than wait_s; if that does not answer, the version known last goes
    on being used, and the server is left alone for rest_s.
    """

    def __init__(self, client: httpx.Client, *, wait_s: float, rest_s: float = 5.0, most: int = 10_000) -> None:
        self._client, self._wait_s, self._rest_s, self._most = client, wait_s, rest_s, most
        self._kept: OrderedDict[tuple[Any, ...], dict[str, Any]] = OrderedDict()
        self._lock, self._asking = threading.Lock(), set[tuple[Any, ...]]()

    def get(self, name: str, label: str | None, version: int | None, subject: str | None) -> dict[str, Any]:
        """The prompt's version under a label or by number; PromptUnavailable where nothing can be given."""
        key = (name, label, version, subject)
        kept = (self._fresh((*key[:3], True)) if subject else None) or self._fresh(key) or self._ask(key)
        prompt: dict[str, Any] = kept["prompt"]
        return prompt

    def _fresh(self, key: tuple[Any, ...]) -> dict[str, Any] | None:
        with self._lock:
            kept = self._kept.get(key)
            now = time.monotonic()
            if kept is None or now >= kept["until"]:
                return None
            self._kept.move_to_end(key)
            soon = now >= kept["renew"] and key not in self._asking
            if soon:
                self._asking.add(key)
        if soon:
            threading.Thread(target=self._renew, args=(key,), daemon=True).start()
        return kept

    def _renew(self, key: tuple[Any, ...]) -> None:
        try:
            self._ask(key)
        except PromptUnavailable:
            pass  # the call that needs it will say so
        finally:
            with self._lock:
                self._asking.discard(key)

    def _ask(self, key: tuple[Any, ...]) -> dict[str, Any]:
        name, label, version, subject = key
        known = self._kept.get(key) or (self._kept.get((*key[:3], True)) if subject else None)
        asked = {"label": label, "version": version, "subject": "everybody" if subject is True else subject}
        try:
            answer = self._client.get(
                f"/api/v1/prompts/{quote(name)}",
                params={what: value for what, value in asked.items() if value is not None},
                headers={"If-None-Match": known["etag"]} if known else {},
                timeout=self._wait_s if known else FIRST_S,
            )
            if answer.status_code not in {200, 304}:
                answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in {429} and error.response.status_code < 500:
                raise PromptUnavailable(f"prompt '{name}': {error.response.text[:300]}") from error
            return self._old(key, known, error)
        except httpx.HTTPError as error:
            return self._old(key, known, error)
        said = known["prompt"] if known and answer.status_code == 304 else answer.json()
        age = re.search(r"max-age=(\d+)", answer.headers.get("cache-control", ""))
        return self._keep(key, said, answer.headers.get("etag", ""), float(age[1]) if age else 0.0)

    def _old(self, key: tuple[Any, ...], known: dict[str, Any] | None, error: Exception) -> dict[str, Any]:
        if known is None:
            raise PromptUnavailable(f"prompt '{key[0]}': the server does not answer ({error})") from error
        log.warning("prompt '%s': the server does not answer (%s); version %s goes on", *key[:1], error, known["v"])
        return self._keep(key, known["prompt"], known["etag"], self._rest_s)

    def _keep(self, key: tuple[Any, ...], prompt: dict[str, Any], etag: str, seconds: float) -> dict[str, Any]:
        now = time.monotonic()
        kept = {"prompt": prompt, "etag": etag, "v": prompt["version"], "until": now + seconds}
        kept["renew"] = now + seconds / 2
        everybody = (*key[:3], True)
        with self._lock:
            if prompt["canary"] is not None:  # a release in steps: each subject has a side of its own
                self._kept.pop(everybody, None)
            if key[3] is None or (prompt["canary"] is not None and key[3] is not True):
                self._kept[key] = kept
            elif prompt["canary"] is None:
                self._kept[everybody] = kept
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return kept


class Post:
    """Sends traces from a thread of its own, many at a time. Full, or refused: it lets them go and says so."""

    def __init__(self, client: httpx.Client, *, most: int = 10_000, batch: int = 100, tries: int = 5) -> None:
        self._client, self._batch, self._tries = client, batch, tries
        self._rows: queue.Queue[dict[str, Any]] = queue.Queue(most)
        self._thread: threading.Thread | None = None
        self._lock, self._ending, self.lost = threading.Lock(), threading.Event(), 0
        atexit.register(self.close)

    def put(self, row: dict[str, Any]) -> None:
        """Take a trace; never waits."""
        if self._ending.is_set():  # litellm tells of its last calls when the program has all but ended
            return self._send([row])
        try:
            self._rows.put_nowait(row)
        except queue.Full:
            return self._lose(1, "too many wait to be sent")
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # not begun, or left behind by a fork
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
        return None

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything is sent or given up; whether it was."""
        until = time.monotonic() + timeout_s
        with self._rows.all_tasks_done:
            while self._rows.unfinished_tasks and (left := until - time.monotonic()) > 0:
                self._rows.all_tasks_done.wait(left)
            return not self._rows.unfinished_tasks

    def close(self) -> None:
        """Send what is left; from now on each trace is sent at once."""
        self._ending.set()
        self.flush()

    def _work(self) -> None:
        while True:
            rows = [self._rows.get()]
            while len(rows) < self._batch and not self._rows.empty():
                rows.append(self._rows.get_nowait())
            try:
                self._send(rows)
            except Exception as error:  # noqa: BLE001 - the thread goes on
                self._lose(len(rows), f"{type(error).__name__}: {error}")
            for _ in rows:
                self._rows.task_done()

    def _send(self, rows: list[dict[str, Any]]) -> None:
        said = "the server does not answer"
        for turn in range(self._tries):
            pause = 0.2 * 2**turn
            try:
                answer = self._client.post("/api/v1/traces", json=rows, timeout=30)
                if answer.status_code < 400:
                    return None
                said = answer.text[:300]
                if answer.status_code not in {429, 503}:
                    break
                pause = float(answer.headers.get("Retry-After", pause))
            except httpx.HTTPError as error:
                said = str(error)
            if turn + 1 < self._tries:
                time.sleep(pause)
        else:
            return self._lose(len(rows), said)
        if len(rows) == 1:
            return self._lose(1, said)
        for row in rows:  # one bad row keeps a list out as a whole
            self._send([row])
        return None

    def _lose(self, count: int, said: str) -> None:
        self.lost += count
        log.warning("%d traces were not stored: %s", count, said)
